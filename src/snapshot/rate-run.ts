/**
 * The deltas or rates of a column for many rows at once: those that are plainly `ok`. What else there is
 * (a missing sample, a counter that fell, numbers of more than 62 bits) is left to rateAt, which says the
 * same of these.
 */
import type { RateView } from '../model/rates.js';
import { EXACT_TIMES_1000 } from './rate.js';
import type { ColumnView } from './reader.js';

const TWO_32 = 4294967296;
const TWO_53 = 2 ** 53;
const MAX_32 = 0xffff_ffff;
const MAX_16 = 0xffff;
/** Halves below this leave room for the difference of two. */
const HIGH_MAX = 2 ** 30;

/** What `runRates` fills, by row. Reused from column to column. */
export class RateRun {
  /** The values are doubles, else integers of two halves. */
  isDouble = false;
  /** 1: there is a value; 0: ask rateAt. */
  readonly plain: Uint8Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly double: Float64Array;
  /** Milliseconds from the previous sample. */
  readonly intervalMs: Float64Array;

  constructor(rows: number) {
    this.plain = new Uint8Array(rows);
    this.low = new Int32Array(rows);
    this.high = new Int32Array(rows);
    this.double = new Float64Array(rows);
    this.intervalMs = new Float64Array(rows);
  }
}

/** Rows of one part, all present: slots[0 ... count - 1], and the times of their samples. */
export interface TimedRows {
  readonly slots: Int32Array;
  readonly count: number;
  readonly timesMs: Float64Array;
}

export function runRates(
  column: ColumnView | undefined,
  view: RateView,
  rows: TimedRows,
  into: RateRun,
): void {
  into.plain.fill(0, 0, rows.count);
  if (column === undefined || column.previous === null) return;
  if (column.kind === 'mixed' || column.kind === 'text') return;
  into.isDouble = column.kind === 'f64' || view === 'rate';
  intervals(column, rows, into);
  if (column.kind === 'f64') doubles(column, view, rows, into);
  else {
    integers(column, rows, into);
    if (view === 'rate') divide(rows.count, into);
  }
}

/** Marks the rows that have both samples, the later one later. */
function intervals(
  column: ColumnView,
  { slots, count, timesMs }: TimedRows,
  { plain, intervalMs }: RateRun,
): void {
  const { i32, f64, validityWord } = column;
  const { keptWord, validWord, prevTime0 } = column.previous!;
  for (let r = 0; r < count; r++) {
    const slot = slots[r]!;
    const word = slot >> 5;
    const both = i32[validityWord + word]! & i32[validWord + word]! & ~i32[keptWord + word]!;
    if (((both >>> (slot & 31)) & 1) === 0) continue;
    const ms = timesMs[r]! - f64[prevTime0 + slot]!;
    if (!(ms > 0)) continue;
    intervalMs[r] = ms;
    plain[r] = 1;
  }
}

function integers(column: ColumnView, { slots, count }: TimedRows, into: RateRun): void {
  const { i32, cell0, kind } = column;
  const { cell0: before0, isCounter } = column.previous!;
  const { plain, low, high } = into;
  // The high half of a large u64 is negative here, too.
  const floor = isCounter || kind === 'u64' ? 0 : -HIGH_MAX;
  for (let r = 0; r < count; r++) {
    if (plain[r] === 0) continue;
    const now = (cell0 + slots[r]!) * 2;
    const before = (before0 + slots[r]!) * 2;
    const [nowHigh, beforeHigh] = [i32[now + 1]!, i32[before + 1]!];
    const nowLow = i32[now]! >>> 0;
    const beforeLow = i32[before]! >>> 0;
    const borrow = nowLow < beforeLow ? 1 : 0;
    const difference = nowHigh - beforeHigh - borrow;
    low[r] = nowLow - beforeLow;
    high[r] = difference;
    const isNear = nowHigh >= floor && beforeHigh >= floor && nowHigh < HIGH_MAX && beforeHigh < HIGH_MAX;
    const isLimit = nowHigh === 0 && (nowLow === MAX_16 || nowLow === MAX_32);
    if (!isNear || (isCounter && (difference < 0 || isLimit))) plain[r] = 0;
  }
}

/** Deltas of integers to rates; as rateAt does it up to 2^53 / 1000. */
function divide(count: number, { plain, low, high, double, intervalMs }: RateRun): void {
  for (let r = 0; r < count; r++) {
    if (plain[r] === 0) continue;
    const delta = high[r]! * TWO_32 + (low[r]! >>> 0);
    if (Math.abs(delta) > EXACT_TIMES_1000) plain[r] = 0;
    else double[r] = (delta * 1000) / intervalMs[r]!;
  }
}

function isExact(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= TWO_53;
}

function doubles(column: ColumnView, view: RateView, { slots, count }: TimedRows, into: RateRun): void {
  const { f64, cell0 } = column;
  const { cell0: before0, isCounter } = column.previous!;
  const { plain, double, intervalMs } = into;
  for (let r = 0; r < count; r++) {
    if (plain[r] === 0) continue;
    const now = f64[cell0 + slots[r]!]!;
    const before = f64[before0 + slots[r]!]!;
    const delta = now - before;
    const isOdd = delta < 0 || now === -1 || before === -1 || now === MAX_16 || now === MAX_32;
    if (!(Math.abs(delta) < TWO_53) || (isCounter && isOdd)) plain[r] = 0;
    else if (view === 'delta') double[r] = delta;
    else {
      const isSmall = Math.abs(delta) <= EXACT_TIMES_1000 && isExact(now) && isExact(before);
      const rate = isSmall ? (delta * 1000) / intervalMs[r]! : delta / (intervalMs[r]! / 1000);
      if (Number.isFinite(rate)) double[r] = rate;
      else plain[r] = 0;
    }
  }
}
