/**
 * The hot loop: runs of plain numbers in numeric columns, cell after cell, into the bank.
 *
 * A cell costs about as much as the mispredicted branches in it. So digits are taken eight at a time
 * without a branch for each, and what remains to branch on depends on the column more than on the
 * value. Everything that is rare (more than 19 digits, quotes, blanks, text, what the column cannot
 * hold) stops the loop at that cell, and the caller writes it with CellWriter.
 *
 * Eight characters are two 32-bit words, because that is what JavaScript multiplies fast:
 * - Which of them are no digits? A digit is 0x30..0x39: xor leaves 0..9, adding 0x76 leaves bit 7 clear.
 *   A multiplication gathers the marks of the eight in one byte, the first character's highest, so that
 *   Math.clz32 counts the leading digits. A byte beyond ASCII may mark those before it too: then a run
 *   looks shorter, a digit follows it, and the next eight characters begin there.
 * - What number do they make? The same eight characters that end where the digits end, those before the
 *   digits masked to 0; each multiplication then joins neighbours: to pairs, to fours.
 * The eight lines are written out twice: the compiler inlines by call counts, which a first scan skews.
 */
import { scaleDecimal } from './decimal.js';
import type { NumberRun } from './run-state.js';

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
  const U64 = 1;
  const F64 = 2;
  const CELL0 = 1;
  const MISSING0 = 2;
  const MISSING = 3;
  const SEEN = 4;
  const STRIDE = 8;
  const SEEN_NEGATIVE = 2;
  const SEEN_BIG = 4;
  const SEEN_FRACTION = 16;
  const TWO_53 = 9007199254740992;
  const { view, columns, i32, f64, delimiter, powers, intPowers } = run;
  let c = column << 3;
  let end = false;
  for (;;) {
    const kind = columns[c]!;
    if (kind > F64) break;
    let next = view.getUint8((p + 1) | 0);
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

    let a = view.getInt32(p, false) ^ 0x30303030;
    let b = view.getInt32((p + 4) | 0, false) ^ 0x30303030;
    let marks = (((a + 0x76767676) | a) & 0x80808080) | ((((b + 0x76767676) | b) & 0x80808080) >>> 4);
    marks = (Math.imul(marks, 0x204081) & 0xff000000) | 0x800000;
    let count = Math.clz32(marks);
    let sign = 0;
    if (count === 0) {
      next = view.getUint8(p);
      if (next === MINUS) {
        count = Math.clz32(marks << 1);
        if (count === 0 || kind === U64 || run.stopsAtMinus) break;
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
    let stop = (p + sign + count) | 0;
    next = view.getUint8(stop);
    let mask = -1 << (-count << 3);
    b = (view.getInt32((stop - 4) | 0, true) ^ 0x30303030) & (mask | ((3 - count) >> 31));
    a = (view.getInt32((stop - 8) | 0, true) ^ 0x30303030) & (mask & ((4 - count) >> 31));
    a = Math.imul((Math.imul(a, 2561) >>> 8) & 0x00ff00ff, 6553601) >>> 16;
    b = Math.imul((Math.imul(b, 2561) >>> 8) & 0x00ff00ff, 6553601) >>> 16;
    let low = (Math.imul(a, 10000) + b) | 0;
    if (next === delimiter || next === LF) {
      const cell = (columns[(c + CELL0) | 0]! + slot) | 0;
      if (kind === F64) {
        f64[cell] = sign === 0 ? low : -low;
      } else {
        i32[cell << 1] = ((low ^ -sign) + sign) | 0;
        i32[((cell << 1) + 1) | 0] = low === 0 ? 0 : -sign;
      }
      if (sign !== 0 && low !== 0) columns[(c + SEEN) | 0]! |= SEEN_NEGATIVE;
    } else {
      // A second part: the fraction, or the ninth digit and on.
      let double = low;
      let digits = count;
      let places = -1;
      let at = -1;
      if (next === POINT) {
        if (kind !== F64) break;
        places = 0;
        // The second mark among the eight characters ends the fraction, when it is there.
        count = (Math.clz32((marks << (sign + count)) & 0x7fffffff) - 1) | 0;
        if (((stop + count) | 0) < ((p + 7) | 0)) stop = (stop + count + 1) | 0;
        else at = (stop + 1) | 0;
      } else {
        // All eight are digits: where they end is known, not waited for.
        if ((next - 48) >>> 0 < 10) at = ((sign + count) | 0) === 8 ? (p + 8) | 0 : stop;
        count = 0;
      }
      if (at >= 0) {
        a = view.getInt32(at, false) ^ 0x30303030;
        b = view.getInt32((at + 4) | 0, false) ^ 0x30303030;
        marks = (((a + 0x76767676) | a) & 0x80808080) | ((((b + 0x76767676) | b) & 0x80808080) >>> 4);
        count = Math.clz32((Math.imul(marks, 0x204081) & 0xff000000) | 0x800000);
        stop = (at + count) | 0;
      }
      next = view.getUint8(stop);
      if (count !== 0) {
        mask = -1 << (-count << 3);
        b = (view.getInt32((stop - 4) | 0, true) ^ 0x30303030) & (mask | ((3 - count) >> 31));
        a = (view.getInt32((stop - 8) | 0, true) ^ 0x30303030) & (mask & ((4 - count) >> 31));
        a = Math.imul((Math.imul(a, 2561) >>> 8) & 0x00ff00ff, 6553601) >>> 16;
        b = Math.imul((Math.imul(b, 2561) >>> 8) & 0x00ff00ff, 6553601) >>> 16;
        a = (Math.imul(a, 10000) + b) | 0;
        low = (Math.imul(low, intPowers[count]!) + a) | 0;
        double = double * powers[count]! + a;
        digits = (digits + count) | 0;
        if (places >= 0) places = count;
      }
      // What is left: digits from the 17th on, a fraction behind a long integer.
      for (;;) {
        const digit = (next - 48) | 0;
        if (digit >>> 0 < 10) {
          low = (Math.imul(low, 10) + digit) | 0;
          double = double * 10 + digit;
          digits = (digits + 1) | 0;
          if (places >= 0) places = (places + 1) | 0;
        } else {
          if (next !== POINT || places >= 0 || kind !== F64) break;
          places = 0;
        }
        stop = (stop + 1) | 0;
        next = view.getUint8(stop);
      }
      if (digits > 19) break;
      // `low` wraps and is exact; `double` is off by far less than half of 2^32.
      let high = ((double - (low >>> 0)) * 2.3283064365386963e-10 + 0.5) | 0;
      if (kind === F64) {
        if (places >= 0 && double < TWO_53 && (next === delimiter || next === LF)) {
          // Both operands are exact, and one division rounds once.
          double = double / powers[places]!;
        } else if (places >= 0 || (next | 32) === EXPONENT) {
          if (places < 0) places = 0;
          double = readExponent(run, stop, double, high, low, places);
          if (double !== double) break;
          stop = run.stop;
          next = view.getUint8(stop);
        } else if (double >= TWO_53) {
          break;
        }
        if (next !== delimiter && next !== LF && (next !== CR || view.getUint8((stop + 1) | 0) !== LF)) break;
        if (places >= 0) columns[(c + SEEN) | 0]! |= SEEN_FRACTION;
        f64[(columns[(c + CELL0) | 0]! + slot) | 0] = sign === 0 ? double : -double;
      } else {
        if (next !== delimiter && next !== LF && (next !== CR || view.getUint8((stop + 1) | 0) !== LF)) break;
        if (high >>> 0 >= 0x200000) {
          // 2^53 itself is not beyond it, and what i64 does not hold is rare: not here.
          if (high < 0 || (high === 0x200000 && low === 0)) break;
          columns[(c + SEEN) | 0]! |= SEEN_BIG;
        }
        if (sign !== 0) {
          if (low !== 0 || high !== 0) columns[(c + SEEN) | 0]! |= SEEN_NEGATIVE;
          low = -low | 0;
          high = low === 0 ? -high | 0 : ~high;
        }
        const cell = (columns[(c + CELL0) | 0]! + slot) | 0;
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

/**
 * The value of a mantissa with `places` decimals and the exponent that may stand at `at`; NaN when that
 * is for the other path: an exponent without digits or with many, or a value that is not certain. The
 * mantissa is the 64-bit integer (high, low); `double` is exact below 2^53. Sets `run.stop`.
 */
function readExponent(
  run: NumberRun,
  at: number,
  double: number,
  high: number,
  low: number,
  places: number,
): number {
  const { view, powers } = run;
  let exponent = 0;
  let p = at;
  if ((view.getUint8(p) | 32) === 101) {
    const sign = view.getUint8(++p);
    if (sign === 45 || sign === 43) p++;
    const first = p;
    for (let digit = view.getUint8(p) - 48; digit >>> 0 < 10; digit = view.getUint8(p) - 48) {
      exponent = (exponent * 10 + digit) | 0;
      p++;
    }
    if (p === first || p - first > 4) return NaN;
    if (sign === 45) exponent = -exponent;
  }
  run.stop = p;
  exponent -= places;
  if (double === 0) return 0;
  if (double < 9007199254740992 && exponent >= -22 && exponent <= 22) {
    return exponent < 0 ? double / powers[-exponent]! : double * powers[exponent]!;
  }
  return scaleDecimal(high >>> 0, low >>> 0, exponent);
}
