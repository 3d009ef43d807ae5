/** Question: what do remembered samples cost, in memory, when recorded and when read? */
import { performance } from 'node:perf_hooks';
import { parseCompareQuery, parseSeriesQuery } from '../src/query/history-query.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import {
  interleave,
  median,
  pairedRatio,
  ratioOf,
  sampleInTurn,
  type Bench,
  type BenchContext,
  type BenchRow,
} from './harness.js';
import { onePool } from './parts/pipeline.js';
import { RememberedSource, type ColumnGroup, type Remembered } from './parts/remembered.js';

const COLUMNS = 30;
const INTERVAL_MS = 31_000;
const WINDOW_MS = 130 * 60_000;
const START_MS = Date.UTC(2026, 0, 1);
/** Samples before the window that is compared, and those whose times do not count. */
const FIRST = 8;
/** A time and a value of 8 bytes each. */
const PAIR_BYTES = 16;
const RULES = { extra: [], ignoreUnknown: false };

const ERRORS = {
  name: 'error counters, mostly idle',
  columns: ['SymbolErrorCounterExtended', 'LinkDownedCounterExtended', 'PortRcvErrorsExtended'],
};
const TRAFFIC = {
  name: 'traffic counters, always moving',
  columns: ['PortXmitDataExtended', 'PortRcvDataExtended', 'PortXmitPktsExtended'],
};
const DOUBLES = { name: 'doubles', columns: ['infiniband_CBW', 'Normalized_CBW', 'rx_power_lane_0'] };
const GROUPS: readonly ColumnGroup[] = [ERRORS, TRAFFIC, DOUBLES];

type Point = readonly [at: string, value: number];

interface Played {
  readonly source: RememberedSource;
  readonly rows: number;
  readonly samples: number;
  /** One cell at each sample, and of all rows what is compared. */
  readonly points: readonly Point[];
  readonly then: ReadonlyMap<string, readonly string[]>;
  readonly key: string;
  readonly agoMs: number;
}

/** All samples, published and remembered. */
async function play(source: RememberedSource, rows: number, samples: number): Promise<Played> {
  const metric = ERRORS.columns[0]!;
  const points: Point[] = [];
  let then = new Map<string, readonly string[]>();
  let key = '';
  for (let tick = 0; tick < samples; tick++) {
    const tsMs = START_MS + tick * INTERVAL_MS;
    await source.publish(buildMatrix({ dialect: 'ufm', rows, columns: COLUMNS, seed: 1, tick, tsMs }));
    if (tick === FIRST) then = source.served(TRAFFIC.columns);
    if (tick === 0) key = [...source.served([metric])].findLast(([, [value]]) => value !== '0')![0];
    const [at, value] = source.served(['@timestamp', metric], key).get(key)!;
    points.push([at!, Number(value)]);
  }
  // A row's time is that of its body, or a little before.
  const agoMs = (samples - 1 - FIRST) * INTERVAL_MS - INTERVAL_MS / 10;
  return { source, rows, samples, points, then, key, agoMs };
}

function perCell(ms: readonly number[], cells: number): number[] {
  return ms.slice(FIRST).map((each) => (each * 1e6) / cells);
}

function costs({ source, rows, samples }: Played): BenchRow[] {
  const published = perCell(source.publishMs, rows * COLUMNS);
  const recorded = source.groups.map(({ group, records }) =>
    perCell(records.ms, rows * group.columns.length),
  );
  const all = source.publishMs.map((_, n) =>
    source.groups.reduce((sum, { records }) => sum + records.ms[n]!, 0),
  );
  const memory = ({ group, records }: Remembered): BenchRow => {
    const value = records.bytes / (rows * group.columns.length * samples);
    const against = `a time and a value, ${PAIR_BYTES} bytes`;
    return {
      what: `${group.name}: a cell and sample`,
      value,
      unit: 'bytes',
      against,
      ratio: value / PAIR_BYTES,
    };
  };
  const bytes = source.groups.reduce((sum, { histories }) => sum + histories.stats.bytes, 0);
  const cells = rows * GROUPS.reduce((sum, { columns }) => sum + columns.length, 0);
  return [
    ...source.groups.map(memory),
    {
      what: 'all three, keys and spare room included: a cell and sample',
      value: bytes / cells / samples,
      unit: 'bytes',
    },
    { what: 'body received to published: per cell', value: median(published), unit: 'ns' },
    ...source.groups.map(({ group }, g): BenchRow => ({
      what: `${group.name}: recorded, per cell`,
      value: median(recorded[g]!),
      unit: 'ns',
      against: 'published, per cell',
      ratio: pairedRatio(recorded[g]!, published),
    })),
    {
      what: `${cells / rows} of ${COLUMNS} columns recorded`,
      value: median(all.slice(FIRST)),
      unit: 'ms',
      against: 'the body published',
      ratio: pairedRatio(all.slice(FIRST), source.publishMs.slice(FIRST)),
    },
  ];
}

function asJson(bytes: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

/** A series, by this thread: what the row says must be so. */
function series({ source, key }: Played): Uint8Array {
  const [{ histories }] = source.groups as [Remembered];
  const rawQuery = `switch_id=${encodeURIComponent(key)}&metric=${ERRORS.columns[0]!}`;
  const { body } = histories.series(source.pipeline.table, parseSeriesQuery(rawQuery, '', WINDOW_MS, RULES));
  if (!(body instanceof Uint8Array)) throw new Error('the series went to a worker');
  return body;
}

async function readOne(played: Played, rounds: number): Promise<BenchRow> {
  const { points, samples } = played;
  const served = JSON.stringify(asJson(series(played))['samples']);
  if (served !== JSON.stringify(points))
    throw new Error(`the series is ${served}, not ${JSON.stringify(points)}`);
  const pairs = points.map(([at, value]) => [Date.parse(at), value] as const);
  const plain = (): string => JSON.stringify(pairs.map(([ms, value]) => [new Date(ms).toISOString(), value]));
  const [own, peer] = await interleave(rounds * 40, [
    { name: 'series', run: () => series(played).length },
    { name: 'plain', run: () => plain().length },
  ]);
  return {
    what: `History of a cell, ${samples} samples, on the main thread`,
    value: own!.medianMs * 1000,
    unit: 'µs',
    against: 'JSON.stringify of an array of pairs',
    ratio: ratioOf(own!, peer!),
  };
}

/** A comparison, by a worker. */
function compare({ source, agoMs }: Played): Promise<Uint8Array> {
  const { histories } = source.groups[1]!;
  const rawQuery = `metrics=${TRAFFIC.columns.join(',')}&ago=${agoMs}&int64=string`;
  const body = histories.compare(source.pipeline.table, parseCompareQuery(rawQuery, WINDOW_MS, RULES));
  if (body instanceof Uint8Array) throw new Error('the comparison was made by the main thread');
  return body;
}

interface Pair {
  readonly now: string | number | null;
  readonly then: string | number | null;
  readonly delta: string | number | null;
}

/** Throws unless each difference is that of the lists of then and now. Returns how many it compared. */
async function checkCompared(played: Played): Promise<number> {
  const now = played.source.served(TRAFFIC.columns);
  const items = asJson(await compare(played))['items'] as Record<string, unknown>[];
  if (items.length !== played.rows) throw new Error(`${items.length} rows were compared, not ${played.rows}`);
  let checked = 0;
  for (const item of items) {
    const key = String(item['switch_id']);
    TRAFFIC.columns.forEach((name, c) => {
      const pair = item[name] as Pair;
      const [a, b] = [now.get(key)![c]!, played.then.get(key)![c]!];
      const isRight = String(pair.now ?? '') === a && String(pair.then ?? '') === b;
      if (!isRight)
        throw new Error(`${key} ${name}: ${b}, then ${a}, is compared as ${JSON.stringify(pair)}`);
      if (pair.delta === null) return;
      if (BigInt(pair.delta) !== BigInt(a) - BigInt(b))
        throw new Error(`${key} ${name}: a delta of ${pair.delta}`);
      checked++;
    });
  }
  if (checked === 0) throw new Error('no difference was served');
  return checked;
}

async function readAll(played: Played, rounds: number): Promise<BenchRow[]> {
  const latency = async (): Promise<number> => {
    const startedMs = performance.now();
    await compare(played);
    return performance.now() - startedMs;
  };
  const main = async (): Promise<number> => {
    const before = performance.eventLoopUtilization();
    await compare(played);
    return performance.eventLoopUtilization(before).active * 1000;
  };
  const times = await sampleInTurn(rounds, [
    { name: 'latency', run: latency },
    { name: 'main', run: main },
  ]);
  const what = `Compare of ${played.rows} rows, ${TRAFFIC.columns.length} columns, in a worker`;
  return [
    { what, value: median(times[0]!), unit: 'ms' },
    { what: `${what}: time of the main thread`, value: median(times[1]!), unit: 'µs' },
  ];
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const [rows, samples] = smoke ? [200, 12] : [10_000, 251];
  const pool = onePool();
  try {
    note(`remembering ${samples} samples of ${rows} rows`);
    const played = await play(new RememberedSource(GROUPS, pool, WINDOW_MS, INTERVAL_MS), rows, samples);
    note(`${await checkCompared(played)} differences equal those of the lists of then and now`);
    return [...costs(played), await readOne(played, rounds), ...(await readAll(played, rounds))];
  } finally {
    await pool.close(5_000);
  }
}

export const bench: Bench = {
  name: 'history',
  question: 'What do remembered samples cost, in memory, when recorded and when read?',
  run,
};
