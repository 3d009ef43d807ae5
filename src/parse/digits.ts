/**
 * Eight characters at a time: the arithmetic under the hot loop, on two 32-bit words, because that
 * is what JavaScript multiplies fast. Each function is small enough to be inlined.
 */

/**
 * Which of the characters [p, p + 8) are no digits: bit 31 for the first, bit 24 for the eighth, and
 * bit 23 always, so that Math.clz32 counts the leading digits (0 to 8). A byte above 0x7f may mark the
 * characters before it too; callers then meet a digit where a run ends and look again, byte by byte.
 */
export function nonDigits(view: DataView, p: number): number {
  // A digit is 0x30..0x39: with 0x30 taken away it is 0..9, and adding 0x76 leaves bit 7 clear.
  const a = view.getInt32(p, false) ^ 0x30303030;
  const b = view.getInt32((p + 4) | 0, false) ^ 0x30303030;
  const marks = (((a + 0x76767676) | a) & 0x80808080) | ((((b + 0x76767676) | b) & 0x80808080) >>> 4);
  // The product moves the mark of character i to bit 31 - i.
  return (Math.imul(marks, 0x204081) & 0xff000000) | 0x800000;
}

/** The number that the `count` (1 to 8) digits before `end` make. Bytes [end - 8, end) must exist. */
export function digitsBefore(view: DataView, end: number, count: number): number {
  // Characters before the number are masked to 0; in little-endian order they are the low bytes.
  const mask = -1 << (-count << 3);
  const b = (view.getInt32((end - 4) | 0, true) ^ 0x30303030) & (mask | ((3 - count) >> 31));
  const a = (view.getInt32((end - 8) | 0, true) ^ 0x30303030) & (mask & ((4 - count) >> 31));
  // Digits to pairs to fours: each multiplication adds ten or a hundred times the neighbour.
  const high = Math.imul((Math.imul(a, 2561) >>> 8) & 0x00ff00ff, 6553601) >>> 16;
  const low = Math.imul((Math.imul(b, 2561) >>> 8) & 0x00ff00ff, 6553601) >>> 16;
  return (Math.imul(high, 10000) + low) | 0;
}

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const INT_POWERS = Int32Array.from({ length: 10 }, (_, i) => 10 ** i);

// As functions, because the compiler takes the tables of an inlined function for constants.

/** 10^n as a double, n from 0 to 22: all of them exact. */
export function power(n: number): number {
  return POWERS[n]!;
}

/** 10^n as a 32-bit integer, n from 0 to 9. */
export function intPower(n: number): number {
  return INT_POWERS[n]!;
}
