/** Question: what does a validated point read cost, alone and beside a writer that never rests? */
import { Worker } from 'node:worker_threads';
import { FreeList } from '../src/snapshot/free-list.js';
import { Segment } from '../src/snapshot/segment.js';
import { BankWriter } from '../src/snapshot/writer.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow } from './harness.js';

const COLUMNS = 32;

function makeSegment(rows: number): { segment: Segment; keys: string[] } {
  const keys = Array.from({ length: rows }, (_, i) => `sw-${String(i).padStart(5, '0')}`);
  const segment = new Segment(
    {
      columns: Array.from({ length: COLUMNS }, (_, c) => ({ name: `m${c}`, kind: 'f64' as const })),
      slotCapacity: Math.ceil(rows / 64) * 64,
      keyBytesCapacity: rows * 16,
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
  return { segment, keys };
}

/** Reads by key: lookup, begin, cell, validate. Returns how many reads were refused as torn. */
function readByKey(segment: Segment, keys: readonly string[], reads: number): number {
  const { reader } = segment;
  let refused = 0;
  let sum = 0;
  for (let i = 0; i < reads; i++) {
    const slot = reader.findKey(keys[i % keys.length]!);
    const version = reader.begin();
    const column = reader.bank(version).columns[i % COLUMNS]!;
    sum += column.f64[column.cell0 + slot]!;
    if (!reader.validate(version)) refused++;
  }
  if (!(sum > 0)) throw new Error('the cells read were empty');
  return refused;
}

/** The yardstick: two Maps and an array, what a program without shared memory would do. */
function readMaps(rows: ReadonlyMap<string, Float64Array>, keys: readonly string[], reads: number): number {
  const columns = new Map(Array.from({ length: COLUMNS }, (_, c) => [`m${c}`, c]));
  const names = [...columns.keys()];
  let sum = 0;
  for (let i = 0; i < reads; i++) {
    sum += rows.get(keys[i % keys.length]!)![columns.get(names[i % COLUMNS]!)!]!;
  }
  if (!(sum > 0)) throw new Error('the cells read were empty');
  return 0;
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const reads = smoke ? 10_000 : 2_000_000;
  const { segment, keys } = makeSegment(1024);
  const maps = new Map(keys.map((key) => [key, new Float64Array(COLUMNS).fill(1)]));
  const contestants = [
    { name: 'shared', run: () => readByKey(segment, keys, reads) },
    { name: 'maps', run: () => readMaps(maps, keys, reads) },
  ];
  note('reads alone');
  const [shared, map] = await interleave(rounds, contestants);
  note('reads beside a writer');
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const writer = new Worker(new URL('../test/race/writer-thread.js', import.meta.url), {
    workerData: { ref: segment.ref, stop, rows: 1024, columns: COLUMNS },
  });
  const exited = new Promise((resolve) => writer.once('exit', resolve));
  const before = segment.version;
  let refused = 0;
  const [beside] = await interleave(rounds, [
    {
      name: 'beside',
      run: () => {
        refused += readByKey(segment, keys, reads);
        return 0;
      },
    },
  ]);
  while (segment.version === before) await new Promise((resolve) => setImmediate(resolve));
  const published = segment.version - before;
  Atomics.store(stop, 0, 1);
  await exited;
  const nanoseconds = (ms: number): number => (ms * 1e6) / reads;
  return [
    {
      what: 'point read by key, validated',
      value: nanoseconds(shared!.medianMs),
      unit: 'ns',
      against: 'two Maps and an array',
      ratio: ratioOf(shared!, map!),
    },
    {
      what: 'the same beside a writer at full speed',
      value: nanoseconds(beside!.medianMs),
      unit: 'ns',
      against: 'alone',
      ratio: beside!.medianMs / shared!.medianMs,
    },
    { what: 'versions published meanwhile', value: published, unit: '' },
    { what: 'reads refused as possibly torn', value: (refused * 100) / (reads * (rounds + 1)), unit: '%' },
  ];
}

export const bench: Bench = { name: 'read', question: 'What does a validated point read cost?', run };
