/**
 * The hot loop: runs of plain numbers in numeric columns, cell after cell, into the bank.
 *
 * A cell costs about as much as the mispredicted branches in it. So digits are taken eight at a
 * time without a branch for each, and what remains to branch on depends on the column more than on
 * the value. Everything that is rare (exponents, more than 19 digits, quotes, blanks, text, what the
 * column cannot hold) stops the loop at that cell, and the caller writes it with CellWriter.
 */
import type { BankSink } from '../model/bank.js';
import { scaleDecimal } from './decimal.js';
import { digitsBefore, intPower, nonDigits, power } from './digits.js';

/** Entries of a column in `NumberRun.columns`. */
export const RUN_KIND = 0;
export const RUN_CELL0 = 1;
export const RUN_MISSING0 = 2;
export const RUN_MISSING = 3;
export const RUN_SEEN = 4;
export const RUN_STRIDE = 8;

export const KIND_I64 = 0;
export const KIND_U64 = 1;
export const KIND_F64 = 2;
/** Every other kind of column, and the end of the row: the loop stops before the cell. */
export const KIND_STOP = 3;

/** Bytes that must exist before and behind a cell that the loop looks at. */
export const MARGIN_BEFORE = 8;
export const MARGIN_BEHIND = 32;

/** What a run works on. One class, and fields that never change type, keep the loop's code fast. */
export class NumberRun {
  view: DataView;
  readonly columns: Int32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly delimiter: number;
  /** Cells that begin with '-' stop the loop: a configured missing value may look like that. */
  readonly stopsAtMinus: boolean;
  /** After `readScaled`: the index behind the exponent. */
  stop = 0;
  /** After a run: the column it stopped at, or ~(number of cells) when the row ended. */
  column = 0;

  constructor(view: DataView, columns: Int32Array, sink: BankSink, delimiter: number, stopsAtMinus: boolean) {
    this.view = view;
    this.columns = columns;
    this.i32 = sink.i32;
    this.f64 = sink.f64;
    this.delimiter = delimiter;
    this.stopsAtMinus = stopsAtMinus;
  }
}

/**
 * The value of `mantissa` (an exact double) with `places` decimals and the exponent whose 'e' stands at
 * `at`, or NaN when that is for the other path: no exponent, a long one, or a value that is not certain.
 */
function readScaled(run: NumberRun, mantissa: number, places: number, at: number): number {
  const { view } = run;
  let p = at + 1;
  const sign = view.getUint8(p);
  if (sign === 45 || sign === 43) p++;
  const first = p;
  let exponent = 0;
  for (let digit = view.getUint8(p) - 48; digit >>> 0 < 10; digit = view.getUint8(p) - 48) {
    exponent = (exponent * 10 + digit) | 0;
    p++;
  }
  if (p === first || p - first > 4) return NaN;
  run.stop = p;
  exponent = (sign === 45 ? -exponent : exponent) - places;
  if (mantissa === 0) return 0;
  if (exponent >= -22 && exponent <= 22) {
    return exponent < 0 ? mantissa / power(-exponent) : mantissa * power(exponent);
  }
  const high = Math.floor(mantissa / 4294967296);
  return scaleDecimal(high, mantissa - high * 4294967296, exponent);
}

/**
 * Reads cells from index `p`, column `column`, into row `slot`, until the row ends or a cell needs more.
 * Returns the index of the row's LF or CR, or of the first byte of the cell it stopped at; `run.column`
 * tells which. `p` must be at least MARGIN_BEFORE, and MARGIN_BEHIND bytes must follow the row.
 */
export function readNumbers(run: NumberRun, p: number, column: number, slot: number): number {
  // Local constants are folded into the code; a module's are read from memory each time.
  const LF = 10;
  const CR = 13;
  const MINUS = 45;
  const POINT = 46;
  const EXPONENT = 101;
  const F64 = 2;
  const CELL0 = 1;
  const MISSING0 = 2;
  const MISSING = 3;
  const SEEN = 4;
  const STRIDE = 8;
  const NEGATIVE = 2;
  const BIG = 4;
  const FRACTION = 16;
  const { view, columns, i32, f64, delimiter } = run;
  let c = column << 3;
  let end = false;
  for (;;) {
    const kind = columns[c]!;
    if (kind > F64) break;
    let next = view.getUint8((p + 1) | 0);
    let stop = p;
    const only = (view.getUint8(p) - 48) | 0;
    if (next === delimiter && only >>> 0 < 10) {
      // One digit: the most frequent cell of a fabric that works.
      const cell = (columns[(c + CELL0) | 0]! + slot) | 0;
      if (kind === F64) {
        f64[cell] = only;
      } else {
        i32[cell << 1] = only;
        i32[((cell << 1) + 1) | 0] = 0;
      }
      p = (p + 2) | 0;
      c = (c + STRIDE) | 0;
      continue;
    }

    let marks = nonDigits(view, p);
    let count = Math.clz32(marks);
    let sign = 0;
    if (count === 0) {
      next = view.getUint8(p);
      if (next === MINUS) {
        marks = marks << 1;
        count = Math.clz32(marks);
        if (count === 0 || kind === 1 || run.stopsAtMinus) break;
        sign = 1;
      } else {
        if (next !== delimiter && next !== LF && (next !== CR || view.getUint8((p + 1) | 0) !== LF)) break;
        columns[(c + MISSING) | 0]!++;
        i32[(columns[(c + MISSING0) | 0]! + (slot >> 5)) | 0]! |= 1 << (slot & 31);
        c = (c + STRIDE) | 0;
        end = next !== delimiter;
        if (end) break;
        p = (p + 1) | 0;
        continue;
      }
    }
    stop = (p + sign + count) | 0;
    next = view.getUint8(stop);
    const first = digitsBefore(view, stop, count);
    if (next === delimiter || next === LF || next === CR) {
      if (next === CR && view.getUint8((stop + 1) | 0) !== LF) break;
      const cell = (columns[(c + CELL0) | 0]! + slot) | 0;
      if (kind === F64) {
        f64[cell] = sign === 0 ? first : -first;
      } else {
        i32[cell << 1] = ((first ^ -sign) + sign) | 0;
        i32[((cell << 1) + 1) | 0] = first === 0 ? 0 : -sign;
      }
      if (sign !== 0 && first !== 0) columns[(c + SEEN) | 0]! |= NEGATIVE;
    } else if (next === POINT || (next | 32) === EXPONENT) {
      if (kind !== F64) break;
      let mantissa = first;
      let places = 0;
      if (next === POINT) {
        // The second mark of the same eight characters ends the fraction, when it lies there.
        places = (Math.clz32((marks << count) & 0x7fffffff) - 1) | 0;
        if (((sign + count + places) | 0) >= 7) places = Math.clz32(nonDigits(view, (stop + 1) | 0));
        if (places === 0) break;
        stop = (stop + places + 1) | 0;
        next = view.getUint8(stop);
        mantissa = first * power(places) + digitsBefore(view, stop, places);
        let digit = (next - 48) | 0;
        while (digit >>> 0 < 10 && places < 18) {
          mantissa = mantissa * 10 + digit;
          places = (places + 1) | 0;
          stop = (stop + 1) | 0;
          next = view.getUint8(stop);
          digit = (next - 48) | 0;
        }
        // Below 2^53 the mantissa is exact.
        if (mantissa >= 9007199254740992) break;
      }
      let value = 0;
      if ((next | 32) === EXPONENT) {
        value = readScaled(run, mantissa, places, stop);
        if (value !== value) break;
        stop = run.stop;
        next = view.getUint8(stop);
      } else {
        // Both operands are exact, and one division rounds once.
        value = mantissa / power(places);
      }
      if (next !== delimiter && next !== LF && (next !== CR || view.getUint8((stop + 1) | 0) !== LF)) break;
      f64[(columns[(c + CELL0) | 0]! + slot) | 0] = sign === 0 ? value : -value;
      columns[(c + SEEN) | 0]! |= FRACTION;
    } else {
      if (((sign + count) | 0) < 8) break;
      const middle = (p + 8) | 0;
      count = Math.clz32(nonDigits(view, middle));
      stop = (middle + count) | 0;
      next = view.getUint8(stop);
      if (count === 0) break;
      const second = digitsBefore(view, stop, count);
      let low = (Math.imul(first, intPower(count)) + second) | 0;
      let double = first * power(count) + second;
      let digit = (next - 48) | 0;
      while (digit >>> 0 < 10) {
        low = (Math.imul(low, 10) + digit) | 0;
        double = double * 10 + digit;
        stop = (stop + 1) | 0;
        next = view.getUint8(stop);
        digit = (next - 48) | 0;
      }
      if (((stop - p - sign) | 0) > 19) break;
      if (next !== delimiter && next !== LF && (next !== CR || view.getUint8((stop + 1) | 0) !== LF)) break;
      // `low` wraps and is exact; `double` is off by far less than half of 2^32.
      let high = ((double - (low >>> 0)) * 2.3283064365386963e-10 + 0.5) | 0;
      const cell = (columns[(c + CELL0) | 0]! + slot) | 0;
      if (high >>> 0 >= 0x200000) {
        // From 2^53 on doubles are not exact; 2^53 itself and what i64 does not hold are rare.
        if (kind === F64 || high < 0 || (high === 0x200000 && low === 0)) break;
        columns[(c + SEEN) | 0]! |= BIG;
      }
      if (kind === F64) {
        f64[cell] = sign === 0 ? double : -double;
      } else {
        if (sign !== 0) {
          columns[(c + SEEN) | 0]! |= NEGATIVE;
          low = -low | 0;
          high = low === 0 ? -high | 0 : ~high;
        }
        i32[cell << 1] = low;
        i32[((cell << 1) + 1) | 0] = high;
      }
    }
    p = stop;
    c = (c + STRIDE) | 0;
    end = next !== delimiter;
    if (end) break;
    p = (p + 1) | 0;
  }
  run.column = end ? ~(c >> 3) : c >> 3;
  return p;
}
