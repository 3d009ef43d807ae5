/**
 * Question: what do the slowest GetMetrics notice while a large matrix is refreshed without pause? A
 * client at a fixed rate, in turn beside a source that holds still and one that never does.
 */
import { median, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { Child, withChildren } from './parts/child.js';
import type { FeederMode, FeederOrder } from './parts/feeder-child.js';
import type { Delays } from './parts/idle-delay.js';
import type { ProbeOrder } from './parts/probe-child.js';
import { comparedLatencies, probeWhile, type Probed } from './parts/probed.js';
import { checkAnswers, queriesOf, type Query } from './parts/queries.js';
import { fetchBody } from './parts/upstream.js';
import { pause, publishes, startProgram, versionOf, type Program } from './parts/weft.js';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  /** Requests a second. */
  readonly rate: number;
  readonly roundMs: number;
}

const FULL: Sizes = { rows: 50_000, columns: 120, rate: 2000, roundMs: 6000 };
const SMOKE: Sizes = { rows: 300, columns: 40, rate: 200, roundMs: 400 };
const BODIES = 3;
const QUERIES = 1000;
const CONNECTIONS = 32;
/** Shorter than any fetch: the next poll begins as soon as the one before has ended. */
const POLL_MS = 50;
const LIMIT = 1.3;
const DELAY_LIMIT_MS = 5;

interface Rig {
  readonly sizes: Sizes;
  readonly weft: Program;
  readonly feeder: Child;
  readonly probe: Child;
  readonly queries: readonly Query[];
}

interface Round extends Probed {
  readonly publishes: number;
}

async function startRig(keep: (child: Child) => Child, sizes: Sizes): Promise<Rig> {
  const { rows, columns } = sizes;
  const feeder = keep(new Child('feeder-child'));
  const order: FeederOrder = { dialect: 'ufm', rows, columns, bodies: BODIES };
  const upstream = await feeder.ask<string>('start', order);
  const flags = { 'upstream-url': upstream, 'poll-ms': POLL_MS, 'poll-timeout-ms': 30_000 };
  const weft = await startProgram(keep, 'serve', flags);
  await publishes(weft, 1);
  const queries = queriesOf((await fetchBody(upstream)).csv, QUERIES);
  await checkAnswers(weft, queries.slice(0, 200), null);
  return { sizes, weft, feeder, probe: keep(new Child('probe-child')), queries };
}

async function observe({ weft, feeder, probe, sizes, queries }: Rig, mode: FeederMode): Promise<Round> {
  await feeder.ask('mode', mode);
  // The first publishes after a pause warm up again: they are not what is asked about.
  if (mode === 'loop') await publishes(weft, (await versionOf(weft)) + 2);
  else await pause(sizes.roundMs / 10);
  const from = await versionOf(weft);
  const paths = queries.map(({ path }) => path);
  const order: ProbeOrder = { port: weft.port, paths, connections: CONNECTIONS, rate: sizes.rate };
  const probed = await probeWhile(weft, probe, order, async () => {
    await pause(sizes.roundMs);
    // On a machine that stalls a (smoke) round may be too short for one.
    if (mode === 'loop') await publishes(weft, from + 1);
  });
  const until = await versionOf(weft);
  await feeder.ask('mode', 'hold' satisfies FeederMode);
  return { ...probed, publishes: until - from };
}

function rowsOf(still: readonly Round[], busy: readonly Round[]): BenchRow[] {
  const delays = (rounds: readonly Round[], who: keyof Delays): number =>
    median(rounds.map((round) => round.delays[who]));
  const delay = (what: string, value: number, idleMs: number): BenchRow => ({
    what: `${what}: largest event-loop delay, median round (an idle process: ${idleMs.toFixed(1)} ms)`,
    value,
    unit: 'ms',
    against: `the limit, ${DELAY_LIMIT_MS} ms`,
    ratio: value / DELAY_LIMIT_MS,
  });
  return [
    ...comparedLatencies(
      ['p50', 'p99', 'p99.9', 'max'],
      { what: 'without refresh', rounds: still },
      { what: 'while refreshed', rounds: busy },
      () => `without refresh (limit ${LIMIT})`,
    ),
    delay('without refresh', delays(still, 'serverMs'), delays(still, 'idleMs')),
    delay('while refreshed', delays(busy, 'serverMs'), delays(busy, 'idleMs')),
    { what: 'publishes in a round', value: median(busy.map((round) => round.publishes)), unit: '' },
  ];
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const rig = await startRig(keep, sizes);
    const still: Round[] = [];
    const busy: Round[] = [];
    for (let round = smoke ? 1 : 0; round <= rounds; round++) {
      note(`round ${round}: ${sizes.rate} requests a second, without and with refreshes`);
      const pair = [await observe(rig, 'hold'), await observe(rig, 'loop')] as const;
      if (round === 0) continue;
      still.push(pair[0]);
      busy.push(pair[1]);
    }
    return rowsOf(still, busy);
  });
}

export const bench: Bench = {
  name: 'tail',
  question: 'What do the slowest GetMetrics notice while 50,000 x 120 is refreshed without pause?',
  run,
};
