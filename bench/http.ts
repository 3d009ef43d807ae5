/**
 * Question: what does a GetMetric cost over HTTP, against the bare library and against node:http and
 * fastify, and what does a client notice while a 50,000 x 120 matrix is parsed in a loop?
 */
import type { Bench, BenchContext, BenchRow } from './harness.js';
import { Child, withChildren } from './parts/child.js';
import type { FeederMode, FeederOrder } from './parts/feeder-child.js';
import { delayRow } from './parts/idle-delay.js';
import { latencyRows } from './parts/latencies.js';
import type { ProbeOrder } from './parts/probe-child.js';
import { probeWhile, type Probed } from './parts/probed.js';
import { checkAnswers, queriesOf, type Query } from './parts/queries.js';
import { costRows, garbageRow, pipelinedRows, startCostRig, type CostRig } from './parts/request-cost.js';
import { fetchBody } from './parts/upstream.js';
import { pause, publishes, startProgram, versionOf, type Program } from './parts/weft.js';

const QUERIES = 1000;

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly bodies: number;
  /** Requests of one closed-loop round. */
  readonly amount: number;
  readonly connections: number;
  readonly rate: number;
  readonly pollMs: number;
  readonly probeMs: number;
}

const FULL: Sizes = {
  rows: 50_000,
  columns: 120,
  bodies: 3,
  amount: 60_000,
  connections: 64,
  rate: 1000,
  pollMs: 200,
  probeMs: 20_000,
};
const SMOKE: Sizes = {
  rows: 300,
  columns: 40,
  bodies: 2,
  amount: 400,
  connections: 8,
  rate: 200,
  pollMs: 50,
  probeMs: 600,
};

interface Rig {
  readonly sizes: Sizes;
  readonly weft: Program;
  readonly cost: CostRig;
  readonly feeder: Child;
  readonly probe: Child;
  readonly queries: readonly Query[];
}

async function startRig(keep: (child: Child) => Child, sizes: Sizes): Promise<Rig> {
  const { rows, columns, bodies } = sizes;
  const feeder = keep(new Child('feeder-child'));
  const order: FeederOrder = { dialect: 'ufm', rows, columns, bodies };
  const upstream = await feeder.ask<string>('start', order);
  const weft = await startProgram(keep, 'serve', {
    'upstream-url': upstream,
    'poll-ms': sizes.pollMs,
    'poll-timeout-ms': 30_000,
  });
  await publishes(weft, 1);
  const queries = queriesOf((await fetchBody(upstream)).csv, QUERIES);
  await checkAnswers(weft, queries.slice(0, 200), null);
  const cost = await startCostRig(keep, { sizes, weft, queries, upstream });
  return { sizes, weft, cost, feeder, probe: keep(new Child('probe-child')), queries };
}

interface Observed extends Probed {
  readonly publishes: number;
}

/** A client at a fixed rate while the upstream does as `mode` says. */
async function observe(rig: Rig, mode: FeederMode): Promise<Observed> {
  const { weft, feeder, probe, sizes } = rig;
  await feeder.ask('mode', mode);
  // The first publishes after a pause warm up again: they are not what is asked about.
  if (mode === 'loop') await publishes(weft, (await versionOf(weft)) + 2);
  const from = await versionOf(weft);
  const paths = rig.queries.map(({ path }) => path);
  const order: ProbeOrder = { port: weft.port, paths, connections: 32, rate: sizes.rate };
  const probed = await probeWhile(weft, probe, order, async () => {
    await pause(sizes.probeMs);
    // On a machine that stalls a (smoke) round may be too short for one.
    if (mode === 'loop') await publishes(weft, from + 1);
  });
  const until = await versionOf(weft);
  await feeder.ask('mode', 'hold' satisfies FeederMode);
  return { ...probed, publishes: until - from };
}

function observedRows(what: string, { latencies, delays, publishes: count }: Observed): BenchRow[] {
  return [
    ...latencyRows(what, latencies),
    delayRow(`${what}: largest event-loop delay`, delays),
    { what: `${what}: publishes meanwhile`, value: count, unit: '' },
  ];
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const rig = await startRig(keep, sizes);
    note(`closed loop, ${sizes.connections} connections, ${sizes.amount} requests a round`);
    const cost = [
      ...(await costRows(rig.cost, rounds)),
      ...(await pipelinedRows(rig.cost, rounds)),
      await garbageRow(rig.cost),
    ];
    note(`open loop, ${sizes.rate} requests a second, nothing parsed`);
    const idle = await observe(rig, 'hold');
    note(`the same while ${sizes.rows} x ${sizes.columns} is parsed in a loop`);
    const busy = await observe(rig, 'loop');
    return [...cost, ...observedRows('idle', idle), ...observedRows('while parsing', busy)];
  });
}

export const bench: Bench = {
  name: 'http',
  question: 'What does a GetMetric cost over HTTP, and what does a client notice of parsing?',
  run,
};
