/** Comparisons of numeric cells with numbers, by the halves of their 64 bits. */
import { TAG_F64, TAG_I64, type ColumnKind } from '../model/schema.js';
import { isValid, tagOf, type ColumnView } from '../snapshot/reader.js';
import type { Operator, Value } from './clause-types.js';
import { boundsOf, type Bounds, type Order } from './decimal.js';

/** True when the row in a slot of one part is admitted. */
export type SlotTest = (slot: number) => boolean;

/** What a present number must be. Integers come as halves of two's complement. */
export interface NumberTest {
  i64(high: number, low: number): boolean;
  u64(high: number, low: number): boolean;
  f64(value: number): boolean;
}

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const U64_MAX = 2n ** 64n - 1n;

const lowOf = (value: bigint): number => Number(BigInt.asUintN(32, value));

/** Integers from lo to hi by their halves; `high` is signed as the cells are. */
function range(lo: bigint, hi: bigint, min: bigint, max: bigint): (high: number, low: number) => boolean {
  const from = lo > max ? max + 1n : lo < min ? min : lo;
  const to = hi < min ? min - 1n : hi > max ? max : hi;
  if (from > to) return () => false;
  if (from === min && to === max) return () => true;
  const fromHigh = Number(from >> 32n);
  const fromLow = lowOf(from);
  const toHigh = Number(to >> 32n);
  const toLow = lowOf(to);
  return (high, low) =>
    (high > fromHigh || (high === fromHigh && low >= fromLow)) &&
    (high < toHigh || (high === toHigh && low <= toLow));
}

function within({ integers, doubles }: Bounds): NumberTest {
  const { lo, hi } = doubles;
  return {
    i64: range(integers.lo, integers.hi, I64_MIN, I64_MAX),
    u64: range(integers.lo, integers.hi, 0n, U64_MAX),
    f64: (value) => value >= lo && value <= hi,
  };
}

/** Members by their high half, then by their low half: as fast for a thousand as for one. */
function members(values: readonly Value[]): NumberTest {
  const integers = new Map<number, Set<number>>();
  const unsigned = new Map<number, Set<number>>();
  const doubles = new Set<number>();
  const add = (halves: Map<number, Set<number>>, value: bigint): void => {
    const high = Number(value >> 32n);
    const lows = halves.get(high) ?? new Set();
    halves.set(high, lows.add(lowOf(value)));
  };
  for (const { text } of values) {
    const bounds = boundsOf('eq', text);
    const { lo, hi } = bounds.integers;
    if (lo === hi && lo >= I64_MIN && lo <= I64_MAX) add(integers, lo);
    if (lo === hi && lo >= 0n && lo <= U64_MAX) add(unsigned, lo);
    if (bounds.doubles.lo === bounds.doubles.hi) doubles.add(bounds.doubles.lo);
  }
  return {
    i64: (high, low) => integers.get(high)?.has(low) ?? false,
    u64: (high, low) => unsigned.get(high)?.has(low) ?? false,
    f64: (value) => doubles.has(value),
  };
}

function not(test: NumberTest): NumberTest {
  return {
    i64: (high, low) => !test.i64(high, low),
    u64: (high, low) => !test.u64(high, low),
    f64: (value) => !test.f64(value),
  };
}

/** For numbers only: no `prefix`, `glob` or `is null`. */
export function numberTest(operator: Operator, values: readonly Value[]): NumberTest {
  const text = values[0]?.text ?? '';
  if (operator === 'in') return members(values);
  if (operator === 'not in') return not(members(values));
  if (operator === 'ne') return not(within(boundsOf('eq', text)));
  return within(boundsOf(operator as Order, text));
}

/** The test over a column's cells; a missing cell does not satisfy it. */
export function numericSlots(column: ColumnView, test: NumberTest): SlotTest {
  const { i32, f64, cell0 } = column;
  const kind = column.kind as Exclude<ColumnKind, 'text'>;
  switch (kind) {
    case 'f64':
      return (slot) => isValid(column, slot) && test.f64(f64[cell0 + slot]!);
    case 'i64':
      return (slot) => {
        const at = (cell0 + slot) * 2;
        return isValid(column, slot) && test.i64(i32[at + 1]!, i32[at]! >>> 0);
      };
    case 'u64':
      return (slot) => {
        const at = (cell0 + slot) * 2;
        return isValid(column, slot) && test.u64(i32[at + 1]! >>> 0, i32[at]! >>> 0);
      };
    case 'mixed':
      return (slot) => {
        if (!isValid(column, slot)) return false;
        const at = (cell0 + slot) * 2;
        const tag = tagOf(column, slot);
        if (tag === TAG_F64) return test.f64(f64[cell0 + slot]!);
        if (tag === TAG_I64) return test.i64(i32[at + 1]!, i32[at]! >>> 0);
        return test.u64(i32[at + 1]! >>> 0, i32[at]! >>> 0);
      };
  }
}
