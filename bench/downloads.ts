/** Question: what does a small request notice of clients that download large lists? */
import { median, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { Child, withChildren } from './parts/child.js';
import type { DrainOrder, Drained } from './parts/drain-child.js';
import { delayRow } from './parts/idle-delay.js';
import { startLists, type ListsRig } from './parts/lists.js';
import type { ProbeOrder } from './parts/probe-child.js';
import { comparedLatencies, probeWhile, type Probed } from './parts/probed.js';
import { pause } from './parts/weft.js';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  /** Requests a second. */
  readonly rate: number;
  readonly roundMs: number;
}

const FULL: Sizes = { rows: 12_800, columns: 100, rate: 500, roundMs: 4000 };
const SMOKE: Sizes = { rows: 300, columns: 40, rate: 200, roundMs: 300 };
const DOWNLOADS = 4;
const CONNECTIONS = 8;
const LIMIT = 5;

interface Round extends Probed {
  readonly bytes: number;
}

async function observe(
  { weft, large }: ListsRig,
  probe: Child,
  drain: Child | null,
  sizes: Sizes,
): Promise<Round> {
  const downloads: DrainOrder = { port: weft.port, path: large.path, connections: DOWNLOADS };
  await drain?.ask('begin', downloads);
  const order: ProbeOrder = {
    port: weft.port,
    paths: ['/health'],
    connections: CONNECTIONS,
    rate: sizes.rate,
  };
  const probed = await probeWhile(weft, probe, order, async () => {
    await pause(sizes.roundMs);
    // On a machine that stalls a (smoke) round may be too short for one.
    while ((await drain?.ask<Drained>('soFar'))?.bodies === 0) await pause(sizes.roundMs / 10);
  });
  const drained = await drain?.ask<Drained>('end');
  return { ...probed, bytes: drained?.bytes ?? 0 };
}

function rowsOf(idle: readonly Round[], busy: readonly Round[], bodyBytes: number, sizes: Sizes): BenchRow[] {
  const middle = (pick: (round: Round) => number): number => median(busy.map(pick));
  return [
    { what: 'list', value: bodyBytes / 1e6, unit: 'MB' },
    ...comparedLatencies(
      ['p50', 'p99', 'max'],
      { what: '/health, idle', rounds: idle },
      { what: `/health beside ${DOWNLOADS} downloads`, rounds: busy },
      (name) => (name === 'p99' ? `idle (limit ${LIMIT})` : 'idle'),
    ),
    delayRow('beside downloads: largest event-loop delay, median round', {
      serverMs: middle((round) => round.delays.serverMs),
      idleMs: middle((round) => round.delays.idleMs),
    }),
    {
      what: 'downloaded',
      value: middle((round) => round.bytes) / 1e3 / sizes.roundMs,
      unit: 'MB/s',
    },
  ];
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const rig = await startLists(keep, sizes.rows, sizes.columns, 1000);
    const probe = keep(new Child('probe-child'));
    const drain = keep(new Child('drain-child'));
    const idle: Round[] = [];
    const busy: Round[] = [];
    for (let round = smoke ? 1 : 0; round <= rounds; round++) {
      note(`round ${round}: ${sizes.rate} requests a second, without and beside ${DOWNLOADS} downloads`);
      const pair = [await observe(rig, probe, null, sizes), await observe(rig, probe, drain, sizes)] as const;
      if (round === 0) continue;
      idle.push(pair[0]);
      busy.push(pair[1]);
    }
    return rowsOf(idle, busy, rig.large.bytes.length, sizes);
  });
}

export const bench: Bench = {
  name: 'downloads',
  question: 'What does a small request notice of clients that download large lists?',
  run,
};
