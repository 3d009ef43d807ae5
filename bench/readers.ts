/**
 * Question: what does a GetMetric cost when two threads serve it, against one, and how many can a
 * machine answer then?
 *
 * Two threads and the client that asks them do not fit on two cores: there the threads wait for the
 * client, go to sleep and are woken, and that is most of what is measured. So both daemons are measured
 * on one core each, with the client on another: every thread is busy then, and what a second one costs
 * by itself shows.
 */
import { availableParallelism } from 'node:os';
import {
  median,
  pairedRatio,
  sampleInTurn,
  type Bench,
  type BenchContext,
  type BenchRow,
} from './harness.js';
import { pin } from './parts/affinity.js';
import type { BurstOrder, BurstResult } from './parts/burst-child.js';
import { Child, withChildren } from './parts/child.js';
import type { FeederOrder } from './parts/feeder-child.js';
import { checkAnswers, queriesOf } from './parts/queries.js';
import { fetchBody } from './parts/upstream.js';
import { pause, publishes, startProgram, statsOf, type Program } from './parts/weft.js';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  /** Requests of one round. */
  readonly amount: number;
  readonly connections: number;
}

const FULL: Sizes = { rows: 10_000, columns: 100, amount: 60_000, connections: 64 };
const SMOKE: Sizes = { rows: 300, columns: 40, amount: 800, connections: 16 };
const QUERIES = 1000;
const CHECKED = 100;
/** Nothing is parsed while it is measured. */
const POLL_MS = 3_600_000;
const COUNTS_MS_MAX = 20_000;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

interface Rig {
  readonly sizes: Sizes;
  readonly one: Program;
  readonly two: Program;
  readonly load: Child;
  readonly paths: readonly string[];
}

async function startRig(keep: (child: Child) => Child, sizes: Sizes): Promise<Rig> {
  const { rows, columns } = sizes;
  const feeder = keep(new Child('feeder-child'));
  const order: FeederOrder = { dialect: 'ufm', rows, columns, bodies: 1 };
  const upstream = await feeder.ask<string>('start', order);
  const queries = queriesOf((await fetchBody(upstream)).csv, QUERIES);
  const serve = async (readers: number): Promise<Program> => {
    const flags = { 'upstream-url': upstream, 'poll-ms': POLL_MS, 'poll-timeout-ms': 30_000, readers };
    const weft = await startProgram(keep, 'serve', flags);
    await publishes(weft, 1);
    // Each over a connection of its own: some come to every thread.
    await checkAnswers(weft, queries.slice(0, CHECKED), null);
    return weft;
  };
  const [one, two] = [await serve(1), await serve(2)];
  return { sizes, one, two, load: keep(new Child('burst-child')), paths: queries.map(({ path }) => path) };
}

/** CPU of the whole process for a request, µs, and requests a second, of every round. */
interface Cost {
  readonly cpuUs: readonly number[];
  readonly perSecond: readonly number[];
}

async function costsOf(rig: Rig, rounds: number): Promise<readonly [one: Cost, two: Cost]> {
  const { sizes, load, paths } = rig;
  const { connections, amount } = sizes;
  const speeds: number[][] = [[], []];
  const samplers = [rig.one, rig.two].map(({ child, port }, i) => ({
    name: `${i + 1}`,
    run: async () => {
      const order: BurstOrder = { port, paths, connections, depth: 1, amount };
      const before = await child.ask<number>('cpuUs');
      const { count, seconds } = await load.ask<BurstResult>('burst', order, 120_000);
      speeds[i]!.push(count / seconds);
      return ((await child.ask<number>('cpuUs')) - before) / count;
    },
  }));
  const [one, two] = await sampleInTurn(rounds, samplers);
  const counted = (speed: readonly number[]): readonly number[] => speed.slice(1);
  return [
    { cpuUs: one!, perSecond: counted(speeds[0]!) },
    { cpuUs: two!, perSecond: counted(speeds[1]!) },
  ];
}

/** The share of the busier thread in all requests. Throws when a thread had none. */
async function shareOfBusier(weft: Program): Promise<number> {
  const endMs = performance.now() + COUNTS_MS_MAX;
  for (;;) {
    const { readers = [] } = await statsOf(weft);
    const requests = readers.map((reader) => reader.requests - reader.handed_on);
    if (readers.length === 2 && Math.min(...requests) > 0) {
      return (Math.max(...requests) / (requests[0]! + requests[1]!)) * 100;
    }
    // What a thread has counted comes once a second at the latest, on a machine that is not busy.
    if (performance.now() > endMs) throw new Error(`not every thread was asked: ${JSON.stringify(readers)}`);
    await pause(100);
  }
}

const WHAT = 'GetMetric: server CPU per request';
const PER_SECOND = 'requests a second';

/** Both daemons on one core, the client on another; null where that cannot be. */
async function onOneCore(rig: Rig, rounds: number): Promise<readonly [one: Cost, two: Cost] | null> {
  const { one, two, load } = rig;
  if (availableParallelism() < 2) return null;
  const pinned = [
    pin(one.child.pid, SERVER_CORE),
    pin(two.child.pid, SERVER_CORE),
    pin(load.pid, CLIENT_CORE),
  ];
  try {
    return pinned.includes(false) ? null : await costsOf(rig, rounds);
  } finally {
    for (const pid of [one.child.pid, two.child.pid, load.pid]) pin(pid, null);
  }
}

function apartRows(costs: readonly [one: Cost, two: Cost] | null): BenchRow[] {
  const what = `${WHAT}, two threads on one core`;
  if (costs === null) return [{ what, value: null, unit: 'µs', against: 'no taskset, or one core only' }];
  const [one, two] = costs;
  const [oneUs, twoUs] = [median(one.cpuUs), median(two.cpuUs)];
  return [
    {
      what,
      value: twoUs,
      unit: 'µs',
      against: 'one thread on one core (limit 1.1)',
      ratio: pairedRatio(two.cpuUs, one.cpuUs),
    },
    { what: `${WHAT}, one thread on one core`, value: oneUs, unit: 'µs' },
    { what: 'one thread and a core for it: computed', value: 1e6 / oneUs, unit: PER_SECOND },
    {
      what: 'two threads and a core for each: computed',
      value: 2e6 / twoUs,
      unit: PER_SECOND,
      against: 'one thread and a core for it',
      ratio: (2 * oneUs) / twoUs,
    },
  ];
}

/** On all cores, which they share with the client. */
async function besideClient(rig: Rig, rounds: number): Promise<BenchRow[]> {
  const [one, two] = await costsOf(rig, rounds);
  const against = `one thread, ${availableParallelism()} cores shared with the client`;
  const row = (what: string, unit: string, of: keyof Cost): BenchRow => ({
    what: `two threads beside the client: ${what}`,
    value: median(two[of]),
    unit,
    against,
    ratio: pairedRatio(two[of], one[of]),
  });
  return [
    row('server CPU per request', 'µs', 'cpuUs'),
    row('answered', PER_SECOND, 'perSecond'),
    { what: 'two threads: share of the busier one', value: await shareOfBusier(rig.two), unit: '%' },
  ];
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const rig = await startRig(keep, sizes);
    note(`${sizes.connections} connections, ${sizes.amount} requests a round, servers on one core`);
    const apart = apartRows(await onOneCore(rig, rounds));
    note('the same on all cores, beside the client');
    return [...apart, ...(await besideClient(rig, rounds))];
  });
}

export const bench: Bench = {
  name: 'readers',
  question: 'What does a GetMetric cost when two threads serve it, and how many can a machine answer then?',
  run,
};
