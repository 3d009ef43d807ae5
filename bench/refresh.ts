/**
 * Question: what does weft do on real input? The simulator serves a UFM-shaped matrix of 50,000
 * ports x 120 columns from a process of its own, and the daemon polls it: the README's table.
 */
import type { SourceDocument, StatsDocument } from '../src/stats/document.js';
import { CHANGE_COUNTS } from '../src/model/limits.js';
import type { Bench, BenchContext, BenchRow } from './harness.js';
import { Child, withChildren } from './parts/child.js';
import { delayRow } from './parts/idle-delay.js';
import { latencyRows } from './parts/latencies.js';
import type { CsvTable } from './parts/matrix.js';
import type { ProbeOrder } from './parts/probe-child.js';
import { probeWhile, type Probed } from './parts/probed.js';
import { checkAnswers, queriesOf } from './parts/queries.js';
import { fetchBody, type Body } from './parts/upstream.js';
import { publishes, startProgram, statsOf, type Program } from './parts/weft.js';
import type { MemoryFacts } from './parts/weft-child.js';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  /** Publishes before memory is looked at first. */
  readonly first: number;
  /** Publishes until the change bitmaps of all versions are in use: only then memory is at its full. */
  readonly warmUp: number;
  /** Publishes that are watched. */
  readonly polls: number;
  readonly pollMs: number;
  readonly rate: number;
}

const FULL: Sizes = {
  rows: 50_000,
  columns: 120,
  first: 5,
  warmUp: CHANGE_COUNTS + 4,
  polls: 40,
  pollMs: 500,
  rate: 500,
};
const SMOKE: Sizes = { rows: 300, columns: 40, first: 1, warmUp: 2, polls: 2, pollMs: 100, rate: 100 };
/** Seconds between two ticks of the simulator: the shortest that its option allows. */
const TICK_SEC = 1;
const CHECKED_CELLS = 150;
const CHECK_ATTEMPTS = 20;
const RUN_MS_MAX = 600_000;

/** The same cells from the upstream's body and from GetMetric, of one and the same snapshot. */
async function checkServed(weft: Program, upstream: string): Promise<Body> {
  for (let attempt = 0; attempt < CHECK_ATTEMPTS; attempt++) {
    const body = await fetchBody(upstream);
    if (await checkAnswers(weft, queriesOf(body.csv, CHECKED_CELLS), body.snapshotTs)) return body;
  }
  throw new Error(`weft never served the upstream's present snapshot in ${CHECK_ATTEMPTS} attempts`);
}

function only(stats: StatsDocument): SourceDocument {
  return Object.values(stats.sources)[0]!;
}

interface Watched extends Probed {
  readonly before: MemoryFacts;
  readonly after: MemoryFacts;
  readonly polls: number;
  readonly stats: StatsDocument;
}

/** Latency, loop delay and memory over many publishes. */
async function watch(weft: Program, probe: Child, csv: CsvTable, sizes: Sizes): Promise<Watched> {
  const paths = queriesOf(csv, 1000).map(({ path }) => path);
  const order: ProbeOrder = { port: weft.port, paths, connections: 32, rate: sizes.rate };
  const until = (version: number): Promise<Probed> =>
    probeWhile(weft, probe, order, () => publishes(weft, version, RUN_MS_MAX));
  // The same requests once before: what they make the daemon remember is no growth per publish.
  await until(sizes.warmUp);
  const before = await weft.child.ask<MemoryFacts>('memory');
  const from = only(await statsOf(weft)).version;
  const probed = await until(from + sizes.polls);
  const stats = await statsOf(weft);
  const after = await weft.child.ask<MemoryFacts>('memory');
  return { ...probed, before, after, polls: only(stats).version - from, stats };
}

interface Resident {
  /** Listening, nothing polled yet. */
  readonly idle: number;
  /** After the first publishes. */
  readonly first: number;
}

function rowsOf(watched: Watched, body: Body, resident: Resident, cells: number): BenchRow[] {
  const { stats, before, after, polls, delays, latencies } = watched;
  const { publish_ms: publish, parse_ms: parse, fetch_ms: fetch } = only(stats);
  const publishMs = publish.p50 ?? NaN;
  const growth = (from: number, to: number): number => (to - from) / polls;
  return [
    { what: 'body', value: body.byteLength / 1e6, unit: 'MB' },
    { what: 'body received to published, p50', value: publishMs, unit: 'ms' },
    {
      what: 'body received to published, max (the first body is scanned twice)',
      value: publish.max,
      unit: 'ms',
    },
    { what: 'of which in the worker, p50', value: parse.p50, unit: 'ms' },
    { what: 'fetch, p50', value: fetch.p50, unit: 'ms' },
    { what: 'received to published, speed', value: body.byteLength / 1e3 / publishMs, unit: 'MB/s' },
    { what: 'received to published, per cell', value: (publishMs * 1e6) / cells, unit: 'ns' },
    { what: 'resident memory without data', value: resident.idle / 1e6, unit: 'MB' },
    { what: 'resident memory after the first publishes', value: resident.first / 1e6, unit: 'MB' },
    { what: 'after the first publishes, per cell', value: resident.first / cells, unit: 'bytes' },
    { what: 'resident memory, all change bitmaps in use', value: after.rss / 1e6, unit: 'MB' },
    { what: 'all versions in use, per cell', value: after.rss / cells, unit: 'bytes' },
    ...latencyRows('GetMetric meanwhile', latencies),
    delayRow('largest event-loop delay', delays),
    { what: 'largest event-loop delay since start', value: stats.loop_delay_ms.max, unit: 'ms' },
    { what: 'publishes watched', value: polls, unit: '' },
    { what: 'heap growth per publish', value: growth(before.heapUsed, after.heapUsed) / 1e3, unit: 'kB' },
    { what: 'resident growth per publish', value: growth(before.rss, after.rss) / 1e3, unit: 'kB' },
  ];
}

async function run({ smoke, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const simulator = await startProgram(keep, 'simulate', {
      'data-switches': sizes.rows,
      'generator-columns': sizes.columns,
      'generator-dialect': 'ufm',
      'data-interval-sec': TICK_SEC,
    });
    const upstream = `${simulator.url}/counters`;
    await fetchBody(upstream);
    const weft = await startProgram(keep, 'serve', {
      'upstream-url': upstream,
      'poll-ms': sizes.pollMs,
      'poll-timeout-ms': 30_000,
    });
    const idle = await weft.child.ask<number>('rss');
    note(`polling ${sizes.rows} x ${sizes.columns}`);
    await publishes(weft, sizes.first);
    const first = await weft.child.ask<number>('rss');
    const body = await checkServed(weft, upstream);
    note(
      `${CHECKED_CELLS} cells equal the upstream's; ${sizes.warmUp} publishes, then ${sizes.polls} watched`,
    );
    const watched = await watch(weft, keep(new Child('probe-child')), body.csv, sizes);
    return rowsOf(watched, body, { idle, first }, sizes.rows * sizes.columns);
  });
}

export const bench: Bench = {
  name: 'refresh',
  question: 'What does weft do on real input: 50,000 ports x 120 columns, polled?',
  run,
};
