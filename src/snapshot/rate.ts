/**
 * The delta or rate of one cell: exact over 64 bits, and a reason where there is none. Allocates
 * nothing. Any thread that may read the bank.
 *
 * The difference of two integers of any kind takes up to 66 bits: a sign, and a magnitude of which
 * `high` holds up to 33.
 */
import type { RateStatus, RateView } from '../model/rates.js';
import { TAG_F64, TAG_I64, type ColumnKind } from '../model/schema.js';
import { isValid, tagOf, type BankView, type ColumnView, type SegmentReader } from './reader.js';

const TWO_32 = 4294967296;
const TWO_53 = 2 ** 53;
/** Deltas up to this times 1000 are exact doubles: their rate is rounded once. */
export const EXACT_TIMES_1000 = Math.floor(TWO_53 / 1000);
const TOP_QUARTER = 0xc000_0000;
const LOW_QUARTER = 0x4000_0000;
const MAX_32 = 0xffff_ffff;
const MAX_16 = 0xffff;

/** What `rateAt` fills. Reused from cell to cell. */
export class RateCell {
  status: RateStatus = 'untracked';
  /** What the value is: absent, an exact integer, or a double. */
  form: 'none' | 'integer' | 'double' = 'none';
  /** The integer: its sign, and its magnitude high * 2^32 + low. */
  negative = false;
  high = 0;
  low = 0;
  /** The double. */
  double = 0;
  /** Epoch ms of the sample that the value counts from; NaN: there is none. */
  sinceMs = NaN;
  /** From there to the row's sample; NaN: there is none. Not above 0 when `stalled`. */
  intervalMs = NaN;
}

/** A cell taken apart: integers as high * 2^32 + low, `low` not negative. */
class Operand {
  isExact = true;
  high = 0;
  low = 0;
  double = 0;

  load(i32: Int32Array, f64: Float64Array, kind: ColumnKind, tag: number, cell: number): void {
    if (kind === 'f64' || (kind === 'mixed' && tag === TAG_F64)) {
      this.#loadDouble(f64[cell]!);
      return;
    }
    const isSigned = kind === 'i64' || (kind === 'mixed' && tag === TAG_I64);
    const high = i32[cell * 2 + 1]!;
    this.isExact = true;
    this.high = isSigned ? high : high >>> 0;
    this.low = i32[cell * 2]! >>> 0;
    this.double = this.high * TWO_32 + this.low;
  }

  #loadDouble(value: number): void {
    this.double = value;
    this.isExact = Number.isInteger(value) && Math.abs(value) <= TWO_53;
    this.high = this.isExact ? Math.floor(value / TWO_32) : 0;
    this.low = this.isExact ? value - this.high * TWO_32 : 0;
  }

  /** The value with which a source says that there is none (in a counter). */
  get isMinusOne(): boolean {
    return this.double === -1;
  }

  /** The largest value of 16, 32 or 64 bits, where a counter that saturates stays. */
  get isLimit(): boolean {
    if (!this.isExact) return false;
    if (this.high === 0) return this.low === MAX_16 || this.low === MAX_32;
    return this.high === MAX_32 && this.low === MAX_32;
  }
}

const current = new Operand();
const previous = new Operand();

/**
 * Fills `into` with what `view` says of a cell of a row that is present. `column` undefined: the
 * row's source lacks it. Statuses are those of docs/rates.md.
 */
export function rateAt(
  reader: SegmentReader,
  bank: BankView,
  column: ColumnView | undefined,
  slot: number,
  view: RateView,
  into: RateCell,
): void {
  into.form = 'none';
  into.sinceMs = NaN;
  into.intervalMs = NaN;
  if (column === undefined) into.status = 'unavailable';
  else if (column.previous === null) into.status = 'untracked';
  else {
    const { i32, f64 } = column;
    const { keptWord, validWord, olderTime0, prevTime0, isCounter } = column.previous;
    const isKept = ((i32[keptWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
    into.sinceMs = f64[(isKept ? olderTime0 : prevTime0) + slot]!;
    into.intervalMs = reader.rowTimeMs(bank, slot) - into.sinceMs;
    const wasThere = ((i32[validWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
    if (!isValid(column, slot)) into.status = 'unavailable';
    else if (into.sinceMs !== into.sinceMs) into.status = 'first';
    else if (!wasThere) into.status = 'unavailable';
    else {
      load(column, slot);
      if (isCounter && (current.isMinusOne || previous.isMinusOne)) into.status = 'unavailable';
      else if (!(into.intervalMs > 0)) into.status = 'stalled';
      else compare(isCounter, isKept, into);
    }
  }
  if (view === 'rate' && into.form !== 'none') divide(into);
}

function load(column: ColumnView, slot: number): void {
  const { i32, f64, kind, cell0 } = column;
  const before = column.previous!;
  const isMixed = kind === 'mixed';
  current.load(i32, f64, kind, isMixed ? tagOf(column, slot) : 0, cell0 + slot);
  const tag = isMixed ? (i32[before.tagWord + (slot >> 4)]! >>> ((slot & 15) * 2)) & 3 : 0;
  previous.load(i32, f64, kind, tag, before.cell0 + slot);
}

function compare(isCounter: boolean, isKept: boolean, into: RateCell): void {
  const isExact = current.isExact && previous.isExact;
  if (isExact) subtract(into);
  else subtractDoubles(into);
  if (!isCounter) {
    into.status = 'ok';
  } else if (into.negative) {
    into.status = wentDown(isExact, isKept, into);
  } else if (current.isLimit) into.status = 'saturated';
  else into.status = isKept ? 'glitch' : 'ok';
  const hasValue = into.status === 'ok' || into.status === 'glitch' || into.status === 'wrap';
  if (!hasValue) into.form = 'none';
  else if (into.form === 'double' && !Number.isFinite(into.double)) {
    // Two doubles may lie further apart than a double can say.
    into.form = 'none';
    into.status = 'unavailable';
  }
}

/** `current - previous` of two integers. */
function subtract(into: RateCell): void {
  let high = current.high - previous.high;
  let low = current.low - previous.low;
  if (low < 0) {
    low += TWO_32;
    high--;
  }
  into.form = 'integer';
  into.negative = high < 0;
  if (high < 0) {
    high = low === 0 ? -high : -high - 1;
    low = low === 0 ? 0 : TWO_32 - low;
  }
  into.high = high;
  into.low = low;
}

function subtractDoubles(into: RateCell): void {
  into.form = 'double';
  into.double = current.double - previous.double;
  into.negative = into.double < 0;
}

/** What it is when a counter is smaller than before; a wrap's delta is put into `into`. */
function wentDown(isExact: boolean, isKept: boolean, into: RateCell): RateStatus {
  // A second look, after a zero: still zero, or counting up from there.
  if (isKept) return 'reset';
  if (current.double === 0) return 'zero';
  // What stood at its limit had stopped counting: it was cleared, and did not run over.
  if (!isExact || previous.isLimit || current.high < 0) return 'reset';
  const modulus = wrapModulus();
  if (modulus === 0) return 'reset';
  wrapAround(modulus, into);
  return 'wrap';
}

/** 2^0 (in units of 2^32: 1) for a counter of 32 bits, 2^32 for one of 64, 0: it did not wrap. */
function wrapModulus(): number {
  if (previous.high === 0 && current.high === 0) {
    return previous.low >= TOP_QUARTER && current.low < LOW_QUARTER ? 1 : 0;
  }
  return previous.high >= TOP_QUARTER && current.high < LOW_QUARTER ? TWO_32 : 0;
}

/** Turns the negative difference in `into` into modulus * 2^32 minus its magnitude. */
function wrapAround(modulus: number, into: RateCell): void {
  let high = modulus - into.high;
  let low = -into.low;
  if (low < 0) {
    low += TWO_32;
    high--;
  }
  into.negative = false;
  into.high = high;
  into.low = low === 0 ? 0 : low;
}

/** The value as a double, correctly rounded; NaN when there is none. For sorting, too. */
export function rateDouble(cell: RateCell): number {
  if (cell.form === 'none') return NaN;
  if (cell.form === 'double') return cell.double;
  const magnitude = cell.high * TWO_32 + cell.low;
  return cell.negative ? -magnitude : magnitude;
}

/** The delta in `cell`, a second. Rounded once up to 2^53 / 1000, twice or thrice beyond. */
function divide(cell: RateCell): void {
  const delta = rateDouble(cell);
  const { intervalMs } = cell;
  const isSmall = cell.form === 'integer' && Math.abs(delta) <= EXACT_TIMES_1000;
  const rate = isSmall ? (delta * 1000) / intervalMs : delta / (intervalMs / 1000);
  cell.form = 'double';
  cell.double = rate;
  if (Number.isFinite(rate)) return;
  cell.form = 'none';
  cell.status = 'unavailable';
}
