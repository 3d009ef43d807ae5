/**
 * The numeric grammar of a cell, and its value.
 *
 * ```
 *  number   = blank* sign? ( digit+ ( '.' digit* )? | '.' digit+ ) ( ('e' | 'E') sign? digit+ )? blank*
 *  sign     = '+' | '-'          blank = space | tab
 * ```
 * A subset of what `Number(text)` takes, with the same value bit for bit. Not numbers: the empty
 * cell, `0x10`, `1,5`, `1_000`, `NaN`, `inf`, `Infinity`, and what exceeds a double (`1e999`).
 *
 * A number without '.' and exponent is an integer. It is exact up to 64 bits; beyond, it becomes the
 * nearest double. `-0` is the integer 0, and -0 where the column holds doubles.
 */
import { SEEN_BIG, SEEN_FRACTION, SEEN_HUGE, SEEN_INT, SEEN_NEGATIVE } from '../model/schema.js';
import { scaleDecimal } from './decimal.js';

const TWO_32 = 4294967296;
/** 2^53 in 32-bit halves is (0x200000, 0). */
const HIGH_OF_2_53 = 0x200000;
const TWO_53 = 9007199254740992;
/** Digits that an unsigned 64-bit integer always holds. */
const SAFE_DIGITS = 19;
const DIGITS_MAX = 20;
const EXPONENT_MAX = 9999;

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const INT_POWERS = Int32Array.from({ length: 10 }, (_, i) => 10 ** i);

/** Reads one cell at a time; the fields tell the last one's value. Reused, so that a cell allocates nothing. */
export class NumberReader {
  /** The integer's 64 bits, low and high half, two's complement when negative. */
  low = 0;
  high = 0;
  /** The value as a double; of an integer too. */
  double = 0;
  /** SEEN_* bits of model/schema.ts. */
  seen = 0;
  /** The number is an integer that 64 bits do not hold. */
  rounded = false;

  readonly #text = Buffer.alloc(64);

  /** Reads bytes[start, end); false when they are no number, and the fields mean nothing then. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let p = start;
    while (p < end && isBlank(bytes[p]!)) p++;
    let stop = end;
    while (stop > p && isBlank(bytes[stop - 1]!)) stop--;
    if (p === stop) return false;
    const from = p;
    const negative = bytes[p] === 45;
    if (negative || bytes[p] === 43) p++;

    // Up to 20 significant digits, as 9 + 9 + 2: each part stays a 32-bit integer.
    let first = 0;
    let second = 0;
    let third = 0;
    let significant = 0;
    let digits = 0;
    let point = -1;
    for (; p < stop; p++) {
      const digit = bytes[p]! - 48;
      if (digit >>> 0 > 9) {
        if (digit !== -2 || point >= 0) break;
        point = digits;
        continue;
      }
      digits++;
      if (digit === 0 && significant === 0) continue;
      if (significant < 9) first = first * 10 + digit;
      else if (significant < 18) second = second * 10 + digit;
      else if (significant < DIGITS_MAX) third = third * 10 + digit;
      significant++;
    }
    if (digits === 0) return false;
    this.#collect(first, second, third, Math.min(significant, DIGITS_MAX));
    if (p === stop && point < 0) return this.#integer(negative, significant, bytes, from, stop);

    let exponent = point < 0 ? 0 : point - digits;
    if (p < stop) {
      const written = readExponent(bytes, p, stop);
      if (Number.isNaN(written)) return false;
      exponent += written;
    }
    return this.#fraction(negative, significant, exponent, bytes, from, stop);
  }

  /** Joins the parts: exact 64 bits in `low` and `high` (as unsigned values), nearly exact in `double`. */
  #collect(first: number, second: number, third: number, significant: number): void {
    let low = first;
    let double = first;
    if (significant > 9) {
      const count = Math.min(significant, 18) - 9;
      low = (Math.imul(low, INT_POWERS[count]!) + second) | 0;
      double = double * POWERS[count]! + second;
    }
    if (significant > 18) {
      const count = significant - 18;
      low = (Math.imul(low, INT_POWERS[count]!) + third) | 0;
      double = double * POWERS[count]! + third;
    }
    this.low = low >>> 0;
    // The wrapping low half is exact, and `double` is off by far less than half of 2^32.
    this.high = Math.round((double - this.low) / TWO_32);
    this.double = double;
  }

  #integer(negative: boolean, significant: number, bytes: Uint8Array, from: number, to: number): boolean {
    const { low, high } = this;
    const fits = significant <= DIGITS_MAX && high < TWO_32;
    if (!fits || (negative && (high > 0x80000000 || (high === 0x80000000 && low > 0)))) {
      this.double = this.#slow(bytes, from, to);
      this.seen = SEEN_FRACTION;
      this.rounded = true;
      return Number.isFinite(this.double);
    }
    this.rounded = false;
    const small = high < HIGH_OF_2_53 || (high === HIGH_OF_2_53 && low === 0);
    this.seen = small ? SEEN_INT : negative || high < 0x80000000 ? SEEN_BIG : SEEN_HUGE;
    this.low = low | 0;
    this.high = high | 0;
    if (!negative) return true;
    this.double = -this.double;
    this.low = -low | 0;
    this.high = this.low === 0 ? -high | 0 : ~high;
    if (low !== 0 || high !== 0) this.seen |= SEEN_NEGATIVE;
    return true;
  }

  #fraction(
    negative: boolean,
    significant: number,
    exponent: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): boolean {
    this.seen = SEEN_FRACTION;
    this.rounded = false;
    let value = 0;
    if (significant > 0) {
      if (significant <= SAFE_DIGITS && this.double < TWO_53 && exponent >= -22 && exponent <= 22) {
        // Both operands are exact doubles, so that one rounding remains: the right one.
        value = exponent < 0 ? this.double / POWERS[-exponent]! : this.double * POWERS[exponent]!;
      } else {
        value = significant <= SAFE_DIGITS ? scaleDecimal(this.high, this.low, exponent) : NaN;
        if (Number.isNaN(value)) value = Math.abs(this.#slow(bytes, from, to));
      }
    }
    this.double = negative ? -value : value;
    return value < Infinity;
  }

  /** `Number` of the text itself: right for every number, and ten times slower. */
  #slow(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length > this.#text.length) return Number(Buffer.from(bytes.subarray(from, to)).toString('latin1'));
    for (let i = 0; i < length; i++) this.#text[i] = bytes[from + i]!;
    return Number(this.#text.toString('latin1', 0, length));
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}

/** The exponent at bytes[p, stop), from its 'e' on; NaN when it is none. Capped: beyond, all is 0 or infinite. */
function readExponent(bytes: Uint8Array, start: number, stop: number): number {
  let p = start;
  if ((bytes[p]! | 32) !== 101) return NaN;
  p++;
  const sign = p < stop ? bytes[p]! : 0;
  if (sign === 45 || sign === 43) p++;
  if (p === stop) return NaN;
  let value = 0;
  for (; p < stop; p++) {
    const digit = bytes[p]! - 48;
    if (digit >>> 0 > 9) return NaN;
    if (value < EXPONENT_MAX) value = value * 10 + digit;
  }
  return sign === 45 ? -value : value;
}
