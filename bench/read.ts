/**
 * Question: what does a point read cost in process, as a request does it and by its key, against two Maps
 * and an array, and what does it cost beside a writer that never rests?
 */
import { Worker } from 'node:worker_threads';
import { Table, unionSchema, type PartRef, type RowAddress } from '../src/fabric/table.js';
import { LocatedMetric, MetricCache, type MetricRequest } from '../src/query/get-metric.js';
import { FreeList } from '../src/snapshot/free-list.js';
import { isValid, type SegmentReader } from '../src/snapshot/reader.js';
import { Segment } from '../src/snapshot/segment.js';
import { BankWriter } from '../src/snapshot/writer.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow } from './harness.js';

const ROWS = 16_384;
const COLUMNS = 32;
/** Cells that are asked for again and again; they lie all over the table. */
const CELLS = 4096;
/** As many as GetMetric remembers: then every step waits for memory, and the remembered cells need most. */
const CELLS_MAX = 32_768;
const PRIME = 7919;

/** One cell, as each contestant names it. */
interface Asked {
  readonly query: string;
  readonly key: string;
  readonly metric: string;
}

interface Bed {
  readonly segment: Segment;
  readonly table: Table;
  readonly asked: readonly Asked[];
  /** Which of them is read next: the same order for all contestants, and no order. */
  readonly order: Uint32Array;
  readonly cache: MetricCache;
  readonly maps: ReadonlyMap<string, Float64Array>;
  readonly columns: ReadonlyMap<string, number>;
}

function makeSegment(keys: readonly string[]): Segment {
  const segment = new Segment(
    {
      columns: Array.from({ length: COLUMNS }, (_, c) => ({ name: `m${c}`, kind: 'f64' as const })),
      slotCapacity: Math.ceil(keys.length / 64) * 64,
      keyBytesCapacity: keys.length * 16,
      stringCapacity: 64,
      stringBytesCapacity: 64,
      baseVersion: 0,
      hasRowTime: false,
    },
    new FreeList(0, () => undefined),
  );
  const version = segment.beginFill();
  const writer = new BankWriter(segment.ref, version);
  const encoder = new TextEncoder();
  for (const key of keys) {
    const slot = writer.slotOf(encoder.encode(key), 0, key.length);
    writer.setPresent(slot);
    for (let c = 0; c < COLUMNS; c++) writer.f64[writer.cell0[c]! + slot] = version;
  }
  writer.finish(0, 0);
  segment.endFill(version, true);
  return segment;
}

function makeTable(segment: Segment): Table {
  const { ref, reader, version } = segment;
  const part: PartRef = { sourceId: 's', generation: 1, segment: ref, version, keyColumns: [] };
  return new Table(
    'bench000-1',
    [{ ref: part, reader, bank: reader.bank(version) }],
    unionSchema([part]),
    null,
  );
}

function makeBed(rows: number, cells: number, reads: number): Bed {
  const keys = Array.from({ length: rows }, (_, i) => `sw-${String(i).padStart(5, '0')}`);
  const segment = makeSegment(keys);
  const table = makeTable(segment);
  const names = table.schema.columns.map(({ name }) => name);
  const asked = Array.from({ length: cells }, (_, i) => {
    const key = keys[(i * PRIME) % rows]!;
    const metric = names[(i * 31 + Math.floor(i / rows)) % COLUMNS]!;
    return { query: `switch_id=${key}&metric=${metric}`, key, metric };
  });
  const cache = new MetricCache(cells);
  for (const { query, key, metric } of asked) {
    const request: MetricRequest = {
      switchId: key,
      metric,
      format: 'json',
      int64AsString: false,
      view: null,
    };
    cache.add(query, new LocatedMetric(table, request));
  }
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return {
    segment,
    table,
    asked,
    order: Uint32Array.from({ length: reads }, () => (next() >>> 8) % cells),
    cache,
    maps: new Map(keys.map((key) => [key, new Float64Array(COLUMNS).fill(1)])),
    columns: new Map(names.map((name, c) => [name, c])),
  };
}

/** The seqlock around one cell of the version that is served now; NaN when it may be torn. */
function readCell(reader: SegmentReader, column: number, slot: number): number {
  const version = reader.begin();
  const view = reader.bank(version).columns[column]!;
  const value = isValid(view, slot) ? view.f64[view.cell0 + slot]! : 0;
  return reader.validate(version) ? value : NaN;
}

/** As GetMetric reads: from the text of the query to the cell that it named before. */
function readKnown({ asked, order, cache, table }: Bed): number {
  let refused = 0;
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const located = cache.find(asked[order[i]!]!.query, table)!;
    const value = readCell(table.parts[located.part]!.reader, located.column, located.slot);
    if (value === value) sum += value;
    else refused++;
  }
  return checked(sum, refused);
}

/** As a cell is found that nobody asked for yet: the key's bytes through the index, the name by a Map. */
function readByKey({ asked, order, table }: Bed): number {
  const row: RowAddress = { part: 0, slot: -1 };
  let refused = 0;
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const { key, metric } = asked[order[i]!]!;
    table.find(key, row);
    const column = table.schema.byName.get(metric)!;
    const value = readCell(table.parts[row.part]!.reader, column, row.slot);
    if (value === value) sum += value;
    else refused++;
  }
  return checked(sum, refused);
}

/** The yardstick: what a program without shared memory, versions and missing cells would do. */
function readMaps({ asked, order, maps, columns }: Bed): number {
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const { key, metric } = asked[order[i]!]!;
    sum += maps.get(key)![columns.get(metric)!]!;
  }
  return checked(sum, 0);
}

/** Every cell of version v holds v, at least 1: how many reads were refused. */
function checked(sum: number, refused: number): number {
  if (!(sum > 0)) throw new Error('the cells read were empty');
  return refused;
}

/** The same reads by key while another thread publishes version after version. */
async function besideWriter(
  bed: Bed,
  rounds: number,
): Promise<{ medianMs: number; published: number; refused: number }> {
  const { segment } = bed;
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const rows = segment.reader.slotCount;
  const writer = new Worker(new URL('../test/race/writer-thread.js', import.meta.url), {
    workerData: { ref: segment.ref, stop, rows, columns: COLUMNS },
  });
  const exited = new Promise((resolve) => writer.once('exit', resolve));
  const before = segment.version;
  let refused = 0;
  const run = (): number => {
    refused += readByKey(bed);
    return 0;
  };
  const [beside] = await interleave(rounds, [{ name: 'beside', run }]);
  while (segment.version === before) await new Promise((resolve) => setImmediate(resolve));
  const published = segment.version - before;
  Atomics.store(stop, 0, 1);
  await exited;
  return { medianMs: beside!.medianMs, published, refused };
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const reads = smoke ? 10_000 : 1_000_000;
  const bed = makeBed(ROWS, CELLS, reads);
  note(`${reads} reads of ${CELLS} cells of ${ROWS} x ${COLUMNS}, in no order`);
  const [known, byKey, maps] = await interleave(rounds, [
    { name: 'known', run: () => readKnown(bed) },
    { name: 'by key', run: () => readByKey(bed) },
    { name: 'maps', run: () => readMaps(bed) },
  ]);
  note(`the same of ${CELLS_MAX} cells`);
  const wide = makeBed(ROWS, CELLS_MAX, reads);
  const [knownWide, mapsWide] = await interleave(rounds, [
    { name: 'known', run: () => readKnown(wide) },
    { name: 'maps', run: () => readMaps(wide) },
  ]);
  note('reads beside a writer');
  const beside = await besideWriter(bed, rounds);
  const nanoseconds = (ms: number): number => (ms * 1e6) / reads;
  const against = 'two Maps and an array';
  return [
    {
      what: 'point read as GetMetric does it, by the text of its query, validated',
      value: nanoseconds(known!.medianMs),
      unit: 'ns',
      against,
      ratio: ratioOf(known!, maps!),
    },
    {
      what: 'point read by key, validated',
      value: nanoseconds(byKey!.medianMs),
      unit: 'ns',
      against,
      ratio: ratioOf(byKey!, maps!),
    },
    { what: against, value: nanoseconds(maps!.medianMs), unit: 'ns' },
    {
      what: `as GetMetric does it, over ${CELLS_MAX} cells instead of ${CELLS}`,
      value: nanoseconds(knownWide!.medianMs),
      unit: 'ns',
      against,
      ratio: ratioOf(knownWide!, mapsWide!),
    },
    {
      what: 'by key beside a writer at full speed',
      value: nanoseconds(beside.medianMs),
      unit: 'ns',
      against: 'alone',
      ratio: beside.medianMs / byKey!.medianMs,
    },
    { what: 'versions published meanwhile', value: beside.published, unit: '' },
    {
      what: 'reads refused as possibly torn',
      value: (beside.refused * 100) / (reads * (rounds + 1)),
      unit: '%',
    },
  ];
}

export const bench: Bench = { name: 'read', question: 'What does a validated point read cost?', run };
