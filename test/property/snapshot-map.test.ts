/** The snapshot against a Map: random publishes, every cell, every change since any version. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHANGE_FINE, CHANGE_GROUP_VERSIONS, SINCE_VERSIONS } from '../../src/model/limits.js';
import { TAG_F64, TAG_I64, TAG_U64, type ColumnKind } from '../../src/model/schema.js';
import { ChangeSet } from '../../src/snapshot/change-set.js';
import { recordChanges } from '../../src/snapshot/changes.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import type { SegmentSpec } from '../../src/snapshot/layout.js';
import { isValid, tagOf, type ColumnView, type SegmentReader } from '../../src/snapshot/reader.js';
import { Segment } from '../../src/snapshot/segment.js';
import { BankWriter } from '../../src/snapshot/writer.js';

type Cell = number | bigint | string | null;
type Row = readonly Cell[];
type Model = Map<string, Row>;

const KINDS: readonly ColumnKind[] = ['f64', 'i64', 'u64', 'mixed', 'text'];

const spec = (baseVersion: number): SegmentSpec => ({
  columns: KINDS.map((kind) => ({ name: kind, kind })),
  slotCapacity: 128,
  keyBytesCapacity: 8192,
  stringCapacity: 1024,
  stringBytesCapacity: 65536,
  baseVersion,
  hasRowTime: false,
});

const encoder = new TextEncoder();

function putInteger(writer: BankWriter, at: number, value: bigint): void {
  writer.i32[at * 2] = Number(BigInt.asIntN(32, value));
  writer.i32[at * 2 + 1] = Number(BigInt.asIntN(32, value >> 32n));
}

function putCell(writer: BankWriter, slot: number, c: number, value: Cell): void {
  const at = writer.cell0[c]! + slot;
  if (value === null) writer.i32[writer.missing0[c]! + (slot >> 5)]! |= 1 << (slot & 31);
  else if (typeof value === 'number') writer.f64[at] = value;
  else if (typeof value === 'string') {
    const bytes = encoder.encode(value);
    writer.i32[at * 2] = writer.intern(bytes, 0, bytes.length, slot, c);
    writer.i32[at * 2 + 1] = 0;
  } else putInteger(writer, at, value);
  const tag0 = writer.tag0[c]!;
  if (tag0 < 0 || value === null) return;
  const tag = typeof value === 'bigint' ? (value > 2n ** 63n - 1n ? TAG_U64 : TAG_I64) : TAG_F64;
  const word = tag0 + (slot >> 4);
  const shift = (slot & 15) * 2;
  writer.i32[word] = (writer.i32[word]! & ~(3 << shift)) | (tag << shift);
}

function publish(segment: Segment, model: Model): number {
  const version = segment.beginFill();
  const writer = new BankWriter(segment.ref, version);
  for (const [key, row] of model) {
    const bytes = encoder.encode(key);
    const slot = writer.slotOf(bytes, 0, bytes.length);
    writer.setPresent(slot);
    row.forEach((value, c) => putCell(writer, slot, c, value));
  }
  writer.finish(version, version);
  recordChanges(segment.ref, version);
  segment.endFill(version, true);
  return version;
}

function integerAt(column: ColumnView, slot: number, signed: boolean): bigint {
  const low = BigInt(column.i32[(column.cell0 + slot) * 2]! >>> 0);
  const high = BigInt(column.i32[(column.cell0 + slot) * 2 + 1]! >>> 0);
  return signed ? BigInt.asIntN(64, (high << 32n) | low) : (high << 32n) | low;
}

function readCell(reader: SegmentReader, column: ColumnView, slot: number): Cell {
  if (!isValid(column, slot)) return null;
  const tag = column.kind === 'mixed' ? tagOf(column, slot) : -1;
  if (column.kind === 'text') return reader.stringText(column.i32[(column.cell0 + slot) * 2]!);
  if (column.kind === 'f64' || tag === TAG_F64) return column.f64[column.cell0 + slot]!;
  return integerAt(column, slot, column.kind === 'i64' || tag === TAG_I64);
}

function readAll(segment: Segment): Model {
  const { reader } = segment;
  const bank = reader.bank(reader.begin());
  const model: Model = new Map();
  for (let slot = 0; slot < bank.slots; slot++) {
    if (!reader.isPresent(bank, slot)) continue;
    model.set(
      reader.keyText(slot),
      bank.columns.map((column) => readCell(reader, column, slot)),
    );
  }
  expect(bank.rows).toBe(model.size);
  return model;
}

const number = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }).map(Number));
const i64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -2n, max: 2n }));
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n }));
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('Active', 'Down'));
const orMissing = <T extends Cell>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(value, { freq: 4 });
const row: fc.Arbitrary<Row> = fc.tuple(
  orMissing(number),
  orMissing(i64),
  orMissing(u64),
  orMissing(fc.oneof(number, i64, u64)),
  orMissing(text),
);
const key = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `sw-${i}`), 'größe', '0x0c42:7');
const model = fc.uniqueArray(fc.tuple(key, row), { selector: ([k]) => k, maxLength: 40 });

/** From one model to the next: most rows stay, so that slots, ids and change bits are reused. */
const step = fc.record({ put: model, drop: fc.array(key, { maxLength: 6 }) });

function apply(before: Model, { put, drop }: { put: [string, Row][]; drop: string[] }): Model {
  const after = new Map(before);
  for (const name of drop) after.delete(name);
  for (const [name, cells] of put) after.set(name, cells);
  return after;
}

/** Every difference between two models must be covered by the change set. */
function expectCovered(segment: Segment, since: number, old: Model, now: Model): void {
  const { reader } = segment;
  const set = ChangeSet.between(segment.ref, since, reader.begin());
  if (!set) throw new Error('the ring does not reach back');
  const missed: string[] = [];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const slot = reader.findKey(name);
    const w = slot >> 5;
    const has = (word: number): boolean => ((word >>> (slot & 31)) & 1) === 1;
    const before = old.get(name);
    const after = now.get(name);
    const isMember = has(set.memberBits(w));
    const changed = before && after ? KINDS.filter((_, c) => !Object.is(before[c], after[c])) : [];
    if ((!before || !after) && !isMember) missed.push(name);
    if ((!before || !after || changed.length > 0) && !has(set.touchedBits(w)))
      missed.push(`${name}: touched`);
    for (const kind of changed) {
      if (!isMember && !has(set.cellBits(KINDS.indexOf(kind), w))) missed.push(`${name}.${kind}`);
    }
  }
  expect(missed).toEqual([]);
}

/** Older versions are remembered in groups; what is older than a group is never in the set. */
function expectBounded(segment: Segment, since: number): void {
  const set = ChangeSet.between(segment.ref, since, segment.version)!;
  if (segment.version - since < CHANGE_FINE) expect(set.first).toBe(since + 1);
  expect(set.first).toBeGreaterThan(since + 1 - CHANGE_GROUP_VERSIONS);
  expect(set.first).toBeGreaterThan(segment.ref.spec.baseVersion + 1);
}

/** Rows that no version has had must not be reported, whatever the buffer held before. */
function expectNothingBeyond(segment: Segment): void {
  const { version, reader } = segment;
  const set = ChangeSet.between(
    segment.ref,
    Math.max(segment.ref.spec.baseVersion + 1, version - 1),
    version,
  )!;
  for (let w = Math.ceil(reader.slotCount / 32); w < set.bitmapWords; w++) {
    expect([set.touchedBits(w), set.memberBits(w)]).toEqual([0, 0]);
    KINDS.forEach((_, c) => expect(set.cellBits(c, w)).toBe(0));
  }
}

/** Leaves a buffer in the free list whose every word is set. */
function soil(free: FreeList): void {
  const buffer = new Segment(spec(0), free).ref.buffer;
  new Uint32Array(buffer).fill(0xffffffff);
  free.release(buffer);
}

describe('snapshot against a Map', () => {
  test('every published version reads back, and every change since any version is reported', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.nat(1000),
        fc.boolean(),
        (steps, base, reused) => {
          const free = new FreeList(2 ** 30, () => undefined);
          if (reused) soil(free);
          const segment = new Segment(spec(base), free);
          const history: { version: number; model: Model }[] = [];
          let current: Model = new Map();
          for (const one of steps) {
            current = apply(current, one);
            const version = publish(segment, current);
            history.push({ version, model: current });
            expect(readAll(segment)).toEqual(current);
            for (const past of history) expectCovered(segment, past.version, past.model, current);
            expectNothingBeyond(segment);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('only what changed is reported by a single step', () => {
    const segment = new Segment(spec(0), new FreeList(0, () => undefined));
    const first: Model = new Map([
      ['a', [1, 1n, 1n, 1, 'x']],
      ['b', [2, 2n, 2n, 2n, null]],
    ]);
    publish(segment, first);
    publish(segment, new Map([...first, ['b', [2, 3n, 2n, 2, null]] as [string, Row]]));
    const set = ChangeSet.between(segment.ref, 1, 2)!;
    const bits = KINDS.map((_, c) => set.cellBits(c, 0));
    // Row b is slot 1: its i64 changed, and its mixed cell from the integer 2 to the double 2.
    expect(bits).toEqual([0, 2, 0, 2, 0]);
    expect(set.memberBits(0)).toBe(0);
    expect(set.touchedBits(0)).toBe(2);
    expect(set.changedCellsMax).toBe(2);
  });

  test(`a version ${SINCE_VERSIONS} back is still known, one more is not`, () => {
    const segment = new Segment(spec(0), new FreeList(0, () => undefined));
    const rows: Model = new Map([['a', [0, 0n, 0n, 0, 'x']]]);
    publish(segment, rows);
    for (let i = 1; i <= SINCE_VERSIONS + 3; i++) publish(segment, new Map([['a', [i, 0n, 0n, 0, 'x']]]));
    const now = segment.version;
    expect(ChangeSet.between(segment.ref, now - SINCE_VERSIONS, now)?.cellBits(0, 0)).toBe(1);
    expect(ChangeSet.between(segment.ref, now - SINCE_VERSIONS - 1, now)).toBeUndefined();
    expect(ChangeSet.between(segment.ref, now, now)?.touchedBits(0)).toBe(0);
    expect(ChangeSet.between(segment.ref, now + 1, now)).toBeUndefined();
  });

  test('over many versions none is missed, whichever version is asked for', () => {
    const few = fc.record({
      put: fc.uniqueArray(fc.tuple(key, row), { selector: ([k]) => k, maxLength: 3 }),
      drop: fc.array(key, { maxLength: 1 }),
    });
    fc.assert(
      fc.property(
        fc.array(few, { minLength: SINCE_VERSIONS + 20, maxLength: SINCE_VERSIONS * 2 }),
        fc.nat(1000),
        fc.boolean(),
        (steps, base, reused) => {
          const free = new FreeList(2 ** 30, () => undefined);
          if (reused) soil(free);
          const segment = new Segment(spec(base), free);
          const history: Model[] = [];
          let current: Model = new Map();
          for (const one of steps) {
            current = apply(current, one);
            const version = publish(segment, current);
            history.push(current);
            for (let since = Math.max(base + 1, version - SINCE_VERSIONS); since < version; since++) {
              expectCovered(segment, since, history[since - base - 1]!, current);
              expectBounded(segment, since);
            }
            expectNothingBeyond(segment);
          }
        },
      ),
      { numRuns: 4 },
    );
  });

  test('a fill that is begun again, and one that is begun only, leave what readers have', () => {
    const segment = new Segment(spec(3), new FreeList(0, () => undefined));
    const rowsOf = (n: number): Model => new Map([[`k-${n % 100}`, [n, 0n, 0n, 0, 'x']]]);
    const history: Model[] = [];
    for (let i = 0; i < SINCE_VERSIONS * 2; i++) {
      // A writer that is lost behind the comparison, before main publishes.
      const lost = segment.beginFill();
      new BankWriter(segment.ref, lost).finish(0, 0);
      recordChanges(segment.ref, lost);
      for (let since = Math.max(4, segment.version - SINCE_VERSIONS); since < segment.version; since++) {
        expectCovered(segment, since, history[since - 4]!, history.at(-1)!);
      }
      segment.endFill(lost, false);
      publish(segment, rowsOf(i));
      history.push(rowsOf(i));
    }
  });

  test('a reused buffer starts empty', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const old = new Segment(spec(0), free);
    publish(old, new Map([['ghost', [1, 1n, 1n, 1, 'boo']]]));
    old.retire();
    const segment = new Segment(spec(7), free);
    expect(segment.ref.buffer).toBe(old.ref.buffer);
    publish(segment, new Map([['a', [null, null, null, null, 'x']]]));
    expect(segment.reader.findKey('ghost')).toBe(-1);
    expect(readAll(segment)).toEqual(new Map([['a', [null, null, null, null, 'x']]]));
    expect(segment.version).toBe(8);
  });
});
