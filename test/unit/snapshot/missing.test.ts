/** Rows that come and go, fill by fill, and what each bank says of those that are gone. */
import { describe, expect, test } from 'vitest';
import { FreeList } from '../../../src/snapshot/free-list.js';
import {
  MISSING_DEFAULTS,
  MissingRows,
  type MissingCarry,
  type MissingCounts,
  type MissingRules,
} from '../../../src/snapshot/missing.js';
import { recordMissing } from '../../../src/snapshot/record-missing.js';
import { Segment } from '../../../src/snapshot/segment.js';
import { BankWriter } from '../../../src/snapshot/writer.js';

interface Body {
  readonly keys: readonly string[];
  readonly atMs: number;
  /** Of each row; absent: the body's time is theirs. */
  readonly rowTimeMs?: number;
}

interface FillOptions {
  readonly rules?: MissingRules;
  readonly carry?: MissingCarry;
  readonly publish?: boolean;
}

const free = new FreeList(2 ** 30, () => {});

function newSegment(hasRowTime = false, slotCapacity = 128, baseVersion = 0): Segment {
  const spec = {
    columns: [{ name: 'a', kind: 'i64' as const }],
    slotCapacity,
    keyBytesCapacity: 4096,
    stringCapacity: 64,
    stringBytesCapacity: 128,
    baseVersion,
    hasRowTime,
  };
  return new Segment(spec, free);
}

/** The body's times are 5 ms older than its receive time. */
function fill(segment: Segment, body: Body, options: FillOptions = {}): MissingCounts {
  const version = segment.beginFill();
  const writer = new BankWriter(segment.ref, version);
  for (const key of body.keys) {
    const bytes = new TextEncoder().encode(key);
    const slot = writer.slotOf(bytes, 0, bytes.length);
    writer.setPresent(slot);
    if (segment.ref.spec.hasRowTime) writer.f64[writer.rowTime0 + slot] = body.rowTimeMs ?? NaN;
  }
  writer.finish(body.atMs - 5, body.atMs);
  const { rules = MISSING_DEFAULTS, carry = null } = options;
  const counts = recordMissing(segment.ref, version, body.atMs, { rules, carry });
  segment.endFill(version, options.publish ?? true);
  return counts;
}

/** Key → [since, time of the last sample]. */
function gone(segment: Segment, version = segment.version): Record<string, [number, number]> {
  const rows = new MissingRows(segment.ref, version);
  const found: Record<string, [number, number]> = {};
  rows.forEach((slot) => {
    expect(rows.has(slot)).toBe(true);
    found[segment.reader.keyText(slot)] = [rows.sinceMs(slot), rows.lastSampleMs(slot)];
  });
  expect(rows.counts.missing).toBe(Object.keys(found).length);
  return found;
}

describe('within a generation', () => {
  test('a first body misses nothing', () => {
    const segment = newSegment();
    expect(fill(segment, { keys: ['a', 'b'], atMs: 100 })).toEqual({ missing: 0, forgotten: 0 });
    expect(gone(segment)).toEqual({});
  });

  test('a row that is gone keeps the time of the first body without it, and of its last sample', () => {
    const segment = newSegment();
    fill(segment, { keys: ['a', 'b'], atMs: 100 });
    fill(segment, { keys: ['a', 'b'], atMs: 200 });
    fill(segment, { keys: ['a'], atMs: 300 });
    expect(gone(segment)).toEqual({ b: [300, 195] });
    for (const atMs of [400, 500, 600]) fill(segment, { keys: ['a'], atMs });
    expect(gone(segment)).toEqual({ b: [300, 195] });
  });

  test('a row that comes back is not missing; gone again it is so since then', () => {
    const segment = newSegment();
    fill(segment, { keys: ['a', 'b'], atMs: 100 });
    fill(segment, { keys: ['a'], atMs: 200 });
    fill(segment, { keys: ['a', 'b'], atMs: 300 });
    expect(gone(segment)).toEqual({});
    fill(segment, { keys: ['a'], atMs: 400 });
    expect(gone(segment)).toEqual({ b: [400, 295] });
  });

  test("the row's own time is its sample's", () => {
    const segment = newSegment(true);
    fill(segment, { keys: ['a', 'b'], atMs: 100, rowTimeMs: 42 });
    fill(segment, { keys: ['b'], atMs: 200 });
    fill(segment, { keys: ['x'], atMs: 300 });
    expect(gone(segment)).toEqual({ a: [200, 42], b: [300, 195] });
  });

  test('a pinned version goes on saying what it said; a fill that is not published leaves no trace', () => {
    const segment = newSegment();
    fill(segment, { keys: ['a', 'b', 'c'], atMs: 100 });
    fill(segment, { keys: ['a', 'b'], atMs: 200 });
    const version = segment.version;
    segment.pin(version);
    fill(segment, { keys: ['a', 'c'], atMs: 300 }, { publish: false });
    expect(gone(segment, version)).toEqual({ c: [200, 95] });
    fill(segment, { keys: ['a'], atMs: 400 });
    expect(gone(segment, version)).toEqual({ c: [200, 95] });
    expect(gone(segment)).toEqual({ b: [400, 195], c: [200, 95] });
  });

  test('a reused buffer begins without missing rows', () => {
    const used = newSegment();
    fill(used, { keys: ['a', 'b'], atMs: 100 });
    fill(used, { keys: ['c'], atMs: 200 });
    fill(used, { keys: ['d'], atMs: 300 });
    used.retire();
    const next = newSegment();
    expect(next.ref.reused).toBe(true);
    fill(next, { keys: ['a'], atMs: 400 });
    expect(gone(next)).toEqual({});
    fill(next, { keys: ['b'], atMs: 500 });
    expect(gone(next)).toEqual({ a: [500, 395] });
  });

  test('longer ago than keepMs is forgotten and counted', () => {
    const rules = { rowsMax: 10, keepMs: 150 };
    const segment = newSegment();
    fill(segment, { keys: ['a', 'b', 'c'], atMs: 100 }, { rules });
    fill(segment, { keys: ['a', 'b'], atMs: 200 }, { rules });
    fill(segment, { keys: ['a'], atMs: 300 }, { rules });
    expect(fill(segment, { keys: ['a'], atMs: 350 }, { rules })).toEqual({ missing: 2, forgotten: 0 });
    expect(fill(segment, { keys: ['a'], atMs: 351 }, { rules })).toEqual({ missing: 1, forgotten: 1 });
    expect(gone(segment)).toEqual({ b: [300, 195] });
    fill(segment, { keys: ['a'], atMs: 9000 }, { rules: { rowsMax: 10, keepMs: 0 } });
    expect(gone(segment)).toEqual({ b: [300, 195] });
  });

  test('of more than rowsMax those that went last are kept, the others are counted', () => {
    const rules = { rowsMax: 3, keepMs: 0 };
    const segment = newSegment();
    fill(segment, { keys: ['a', 'b', 'c', 'd', 'e', 'z'], atMs: 100 }, { rules });
    fill(segment, { keys: ['b', 'c', 'd', 'e', 'z'], atMs: 200 }, { rules });
    fill(segment, { keys: ['e', 'z'], atMs: 300 }, { rules });
    expect(gone(segment)).toEqual({ b: [300, 195], c: [300, 195], d: [300, 195] });
    expect(fill(segment, { keys: ['z'], atMs: 400 }, { rules })).toEqual({ missing: 3, forgotten: 2 });
    expect(gone(segment)).toEqual({ b: [300, 195], c: [300, 195], e: [400, 295] });
    fill(segment, { keys: ['z'], atMs: 500 }, { rules: { rowsMax: 0, keepMs: 0 } });
    expect(gone(segment)).toEqual({});
    expect(new MissingRows(segment.ref, segment.version).counts.forgotten).toBe(5);
  });
});

describe('a new generation', () => {
  function before(): Segment {
    const segment = newSegment(true);
    fill(segment, { keys: ['a', 'b', 'c', 'd'], atMs: 100, rowTimeMs: 50 });
    fill(segment, { keys: ['b', 'c', 'd'], atMs: 200, rowTimeMs: 150 });
    return segment;
  }
  const carryOf = (segment: Segment, slotsMax = 64, keyBytesMax = 1024): MissingCarry => ({
    segment: segment.ref,
    version: segment.version,
    slotsMax,
    keyBytesMax,
  });

  test('takes over what was missing, and what its first body lacks', () => {
    const old = before();
    const segment = newSegment(false, 128, old.version);
    fill(segment, { keys: ['x', 'd', 'c'], atMs: 300 }, { carry: carryOf(old) });
    expect(gone(segment)).toEqual({ a: [200, 50], b: [300, 150] });
    expect(segment.reader.bank(segment.version)).toMatchObject({ rows: 3, slots: 5 });
    fill(segment, { keys: ['x', 'a', 'c'], atMs: 400 });
    expect(gone(segment)).toEqual({ b: [300, 150], d: [400, 295] });
  });

  test('without an order to do so it begins with nothing', () => {
    const segment = newSegment(false, 128, before().version);
    fill(segment, { keys: ['x'], atMs: 300 });
    expect(gone(segment)).toEqual({});
  });

  test.each([
    ['rules', { rowsMax: 2, keepMs: 0 }, 64, 1024],
    ['room', { rowsMax: 9, keepMs: 0 }, 2, 1024],
  ])('keeps those that went last within its %s, and counts the others', (_what, rules, slots, bytes) => {
    const old = before();
    const segment = newSegment(false, 128, old.version);
    const carry = carryOf(old, slots, bytes);
    const counts = fill(segment, { keys: ['x'], atMs: 300 }, { rules, carry });
    expect(counts).toEqual({ missing: 2, forgotten: 2 });
    expect(gone(segment)).toEqual({ b: [300, 150], c: [300, 150] });
  });

  test('never takes more bytes of keys than it was given, nor what is too old', () => {
    const old = before();
    const segment = newSegment(false, 128, old.version);
    expect(fill(segment, { keys: ['x'], atMs: 300 }, { carry: carryOf(old, 64, 3) })).toEqual({
      missing: 3,
      forgotten: 1,
    });
    const other = newSegment(false, 128, old.version);
    const rules = { rowsMax: 9, keepMs: 99 };
    expect(fill(other, { keys: ['x'], atMs: 300 }, { rules, carry: carryOf(old) })).toEqual({
      missing: 3,
      forgotten: 1,
    });
    expect(gone(other)).not.toHaveProperty('a');
  });

  test('a full table takes what fits and goes on', () => {
    const old = before();
    const segment = newSegment(false, 64, old.version);
    const keys = Array.from({ length: 62 }, (_, i) => `k${i}`);
    expect(fill(segment, { keys, atMs: 300 }, { carry: carryOf(old) })).toEqual({ missing: 2, forgotten: 2 });
  });

  test('what was forgotten stays counted', () => {
    const rules = { rowsMax: 1, keepMs: 0 };
    const old = newSegment();
    fill(old, { keys: ['a', 'b', 'c'], atMs: 100 }, { rules });
    fill(old, { keys: ['a'], atMs: 200 }, { rules });
    const segment = newSegment(false, 128, old.version);
    const counts = fill(segment, { keys: ['x'], atMs: 300 }, { rules, carry: carryOf(old) });
    expect(counts).toEqual({ missing: 1, forgotten: 2 });
    expect(gone(segment)).toEqual({ a: [300, 195] });
  });
});
