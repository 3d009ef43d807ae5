/**
 * The shortest decimal that reads back as a double, and of those the nearest: Schubfach, as Raffaello
 * Giulietti describes it ("The Schubfach way to render doubles", 2020). It needs the powers of ten as
 * 128-bit fractions; the caller has put them at POWERS (src/kernel/powers-of-ten.ts).
 */
import { highHalf } from '../shared/wide';

/** 10^-292 ... 10^324: the high and the low half of each, rounded up to 128 bits. */
const POWERS: usize = 8192;
const FIRST_POWER: i32 = -292;

/** floor(g * c / 2^128) of the 128-bit fraction g, its last bit set when something was cut off. */
@inline
function roundedToOdd(high: u64, low: u64, c: u64): u64 {
  const carried = highHalf(low, c);
  const middle = high * c + carried;
  return (highHalf(high, c) + <u64>(middle < carried)) | <u64>(middle > 1);
}

/** floor(log10(2^e)), floor(log10(3/4 * 2^e)) and floor(log2(10^e)), for all exponents of doubles. */
@inline
function log10OfPower(e: i32): i32 {
  return (e * 1262611) >> 22;
}
@inline
function log10OfThreeQuarters(e: i32): i32 {
  return (e * 1262611 - 524031) >> 22;
}
@inline
function log2OfTen(e: i32): i32 {
  return (e * 1741647) >> 19;
}

/** The exponent that belongs to the digits returned last. */
export let exponent10: i32 = 0;

/** The digits of a positive finite double, as an integer that may end with zeros; sets exponent10. */
export function shortestDigits(bits: u64): u64 {
  const fraction = bits & 0x000fffffffffffff;
  const biased = <i32>(bits >> 52);
  const c = biased === 0 ? fraction : fraction | 0x0010000000000000;
  const q = (biased === 0 ? 1 : biased) - 1075;
  const isEven = (c & 1) === 0;
  // Just above a power of two the next double below is only half as far away.
  const isClose = fraction === 0 && biased > 1;
  const k = isClose ? log10OfThreeQuarters(q) : log10OfPower(q);
  const h = <u64>(q + log2OfTen(-k) + 1);
  const power = POWERS + <usize>((-k - FIRST_POWER) << 4);
  const high = load<u64>(power);
  const low = load<u64>(power, 8);
  // Everything below is in quarters of 10^k: the double, and the bounds of what reads back as it.
  const value = roundedToOdd(high, low, (c << 2) << h);
  const lowest = roundedToOdd(high, low, ((c << 2) - 2 + <u64>isClose) << h) + <u64>!isEven;
  const highest = roundedToOdd(high, low, ((c << 2) + 2) << h) - <u64>!isEven;
  const s = value >> 2;
  exponent10 = k;
  if (s >= 10) {
    const tens = s / 10;
    const fitsBelow = lowest <= 40 * tens;
    const fitsAbove = 40 * tens + 40 <= highest;
    if (fitsBelow !== fitsAbove) {
      exponent10 = k + 1;
      return tens + <u64>fitsAbove;
    }
  }
  const fitsBelow = lowest <= s << 2;
  const fitsAbove = (s << 2) + 4 <= highest;
  if (fitsBelow !== fitsAbove) return s + <u64>fitsAbove;
  const middle = (s << 2) + 2;
  return s + <u64>(value > middle || (value === middle && (s & 1) !== 0));
}
