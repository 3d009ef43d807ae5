import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { FreeList } from '../../src/snapshot/free-list.js';
import type { SegmentSpec } from '../../src/snapshot/layout.js';
import type { SegmentReader } from '../../src/snapshot/reader.js';
import { Segment } from '../../src/snapshot/segment.js';
import { declareIntent, publishVersion } from '../../src/snapshot/seqlock.js';
import { BankWriter } from '../../src/snapshot/writer.js';

const ROWS = 64;
const COLUMNS = 16;

const SPEC: SegmentSpec = {
  columns: Array.from({ length: COLUMNS }, (_, c) => ({ name: `m${c}`, kind: 'f64' as const })),
  slotCapacity: 64,
  keyBytesCapacity: 4096,
  stringCapacity: 64,
  stringBytesCapacity: 64,
  baseVersion: 0,
  hasRowTime: false,
};

const encoder = new TextEncoder();

function newSegment(): Segment {
  return new Segment(SPEC, new FreeList(0, () => undefined));
}

/** Fills `version` the way a worker does: every cell holds the version. */
function fill(segment: Segment, version: number): void {
  const writer = new BankWriter(segment.ref, version);
  for (let r = 0; r < ROWS; r++) {
    const key = encoder.encode(`sw-${r}`);
    const slot = writer.slotOf(key, 0, key.length);
    writer.setPresent(slot);
    for (let c = 0; c < COLUMNS; c++) writer.f64[writer.cell0[c]! + slot] = version;
  }
  writer.finish(version, version);
}

function publishNext(segment: Segment): void {
  const version = segment.beginFill();
  fill(segment, version);
  segment.endFill(version, true);
}

type Validate = (reader: SegmentReader, version: number) => boolean;
const realValidation: Validate = (reader, version) => reader.validate(version);
const noValidation: Validate = () => true;

/** Reads one row: its cells, or null when the read was not accepted. `between` may interfere. */
function readRow(
  reader: SegmentReader,
  slot: number,
  validate: Validate,
  into: Float64Array,
  between: (() => void) | null,
): number | null {
  const version = reader.begin();
  const { columns } = reader.bank(version);
  for (let c = 0; c < COLUMNS; c++) {
    if (between && c === COLUMNS / 2) between();
    const column = columns[c]!;
    into[c] = column.f64[column.cell0 + slot]!;
  }
  return validate(reader, version) ? version : null;
}

function isTorn(row: Float64Array): boolean {
  return row.some((value) => value !== row[0]);
}

describe('two publishes between begin and validate', () => {
  function interfere(validate: Validate, publishes: number): { accepted: boolean; torn: boolean } {
    const segment = newSegment();
    publishNext(segment);
    const row = new Float64Array(COLUMNS);
    const version = readRow(segment.reader, 3, validate, row, () => {
      for (let i = 0; i < publishes; i++) publishNext(segment);
    });
    return { accepted: version !== null, torn: isTorn(row) };
  }

  test('the read is refused', () => {
    expect(interfere(realValidation, 2)).toEqual({ accepted: false, torn: true });
  });

  test('one publish fills the other bank: the read is accepted and whole', () => {
    expect(interfere(realValidation, 1)).toEqual({ accepted: true, torn: false });
  });

  test('without validation a torn row would be accepted', () => {
    expect(interfere(noValidation, 2)).toEqual({ accepted: true, torn: true });
  });

  test('the declared intent alone refuses the read, before any cell was written', () => {
    const segment = newSegment();
    publishNext(segment);
    publishNext(segment);
    const { reader } = segment;
    const version = reader.begin();
    declareIntent(reader.i32, version + 1);
    expect(reader.validate(version)).toBe(true);
    publishVersion(reader.i32, version + 1);
    declareIntent(reader.i32, version + 2);
    expect(reader.validate(version)).toBe(false);
  });
});

/** Races `reads` reads of random rows against a writer thread; counts what was accepted. */
async function race(
  reads: number,
  validate: Validate,
): Promise<{ torn: number; accepted: number; versions: number; wrong: number }> {
  const segment = newSegment();
  publishNext(segment);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(new URL('./writer-thread.js', import.meta.url), {
    workerData: { ref: segment.ref, stop, rows: ROWS, columns: COLUMNS },
  });
  const exited = new Promise<number>((resolve) => thread.once('exit', resolve));
  while (segment.version < 100) await new Promise((resolve) => setImmediate(resolve));
  const row = new Float64Array(COLUMNS);
  const result = { torn: 0, accepted: 0, versions: 0, wrong: 0 };
  const first = segment.version;
  let seed = 1;
  for (let i = 0; i < reads; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const version = readRow(segment.reader, seed % ROWS, validate, row, null);
    if (version === null) continue;
    result.accepted++;
    if (isTorn(row)) result.torn++;
    else if (row[0] !== version) result.wrong++;
  }
  result.versions = segment.version - first;
  Atomics.store(stop, 0, 1);
  expect(await exited).toBe(0);
  return result;
}

describe('C-07: a writer thread at full speed', () => {
  test('10 million reads: no torn row and no row of another version is accepted', async () => {
    const result = await race(10_000_000, realValidation);
    expect(result.torn).toBe(0);
    expect(result.wrong).toBe(0);
    // The race was one: the writer published all the while, and most reads went through.
    expect(result.versions).toBeGreaterThan(1000);
    expect(result.accepted).toBeGreaterThan(1_000_000);
  }, 120_000);

  test('without validation the same race accepts torn or foreign rows', async () => {
    const result = await race(10_000_000, noValidation);
    expect(result.torn + result.wrong).toBeGreaterThan(0);
  }, 120_000);
});
