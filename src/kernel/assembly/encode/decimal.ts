/** Numbers as decimal digits. Each function writes at `out` and returns where it stopped. */
import { exponent10, shortestDigits } from './shortest';

const ZEROS: u64 = 0x3030303030303030;
const E8: u64 = 100000000;
const E16: u64 = 10000000000000000;

/** The eight digits of v < 10^8 as bytes 0 ... 9, the first one lowest. No division after the first. */
@inline
function eightDigits(v: u32): u64 {
  const front = v / 10000;
  // Two numbers of four digits, four of two, eight of one: each step halves all of them at once.
  let x = <u64>front | ((<u64>(v - front * 10000)) << 32);
  const hundreds = ((x * 10486) >> 20) & 0x0000007f0000007f;
  x = hundreds | ((x - hundreds * 100) << 16);
  const tens = ((x * 103) >> 10) & 0x000f000f000f000f;
  return tens | ((x - tens * 10) << 8);
}

/** v < 10^8, up to eight digits. Writes eight bytes. */
@inline
function putShort(out: usize, v: u32): usize {
  const digits = eightDigits(v);
  // The last digit stays, also when it is 0.
  const skippedBits = ctz(digits | 0x0100000000000000) & 56;
  store<u64>(out, (digits | ZEROS) >> skippedBits);
  return out + 8 - <usize>(skippedBits >> 3);
}

@inline
function sixteenDigits(v: u64): v128 {
  const front = v / E8;
  const digits = i64x2.splat(eightDigits(<u32>front));
  return i64x2.replace_lane(digits, 1, eightDigits(<u32>(v - front * E8)));
}

/** v < 10^16, without a branch, because lengths vary from cell to cell. Writes 16 bytes. */
@inline
function putUpTo16(out: usize, v: u64): usize {
  const digits = sixteenDigits(v);
  const skipped = ctz(i8x16.bitmask(i8x16.ne(digits, i8x16.splat(0))) | 0x8000);
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const shifted = i8x16.add(places, i8x16.splat(<i8>skipped));
  v128.store(out, i8x16.swizzle(v128.or(digits, i8x16.splat(48)), shifted));
  return out + 16 - <usize>skipped;
}

/** 10^16 and more: the first digits, then all 16. */
function putLong(out: usize, v: u64): usize {
  const front = v / E16;
  const to = putShort(out, <u32>front);
  v128.store(to, v128.or(sixteenDigits(v - front * E16), i8x16.splat(48)));
  return to + 16;
}

/** Writes up to 20 digits, and some bytes of nothing behind them. */
@inline
export function putUnsigned(out: usize, v: u64): usize {
  if (v < E8) return putShort(out, <u32>v);
  return v < E16 ? putUpTo16(out, v) : putLong(out, v);
}

/** Any i64. */
@inline
export function putSigned(out: usize, v: i64): usize {
  store<u8>(out, 45);
  return putUnsigned(out + <usize>(v < 0), v < 0 ? <u64>0 - <u64>v : <u64>v);
}

/** n < 10^8 thousandths that are no whole number, without the zeros at the end. */
@inline
function putThousandths(out: usize, n: u32): usize {
  const digits = eightDigits(n);
  // Five digits stand before the point, the last of them always.
  const skippedBits = ctz(digits | 0x0000000100000000) & 56;
  store<u64>(out, (digits | ZEROS) >> skippedBits);
  const point = out + 5 - <usize>(skippedBits >> 3);
  store<u32>(point, <u32>((digits | ZEROS) >> 32) & 0xffffff00 | 46);
  return point + 4 - <usize>(clz(digits) >> 3);
}

/** `whole.fraction`, the fraction in units of 10^-8, not 0, and without the zeros at its end. */
@inline
function putDecimal(out: usize, whole: u32, fraction: u32): usize {
  const to = putUnsigned(out, whole);
  const digits = eightDigits(fraction);
  store<u8>(to, 46);
  store<u64>(to + 1, digits | ZEROS);
  return to + 9 - <usize>(clz(digits) >> 3);
}

/** Copies up to 32 bytes, and always so many. */
@inline
function copy32(out: usize, from: usize): void {
  v128.store(out, v128.load(from));
  v128.store(out, v128.load(from, 16), 16);
}

/** Digits of one double, with room behind. */
const DIGITS: usize = 6144;

/** A positive double of whatever digits, as String(v) has it. */
function putShortest(out: usize, v: f64): usize {
  const digits = shortestDigits(reinterpret<u64>(v));
  // At most 17: one, and 16 of which some at the beginning and at the end may be 0.
  const top = digits / E16;
  const rest = sixteenDigits(digits - top * E16);
  store<u8>(DIGITS, 48 + <u8>top);
  v128.store(DIGITS + 1, v128.or(rest, i8x16.splat(48)));
  const present = (i8x16.bitmask(i8x16.ne(rest, i8x16.splat(0))) << 1) | <i32>(top !== 0);
  const first = ctz(present);
  const last = 31 - clz(present);
  const start = DIGITS + <usize>first;
  const count = last - first + 1;
  const point = count + exponent10 + 16 - last;
  if (point > 21 || point < -5) return putExponent(out, start, count, point - 1);
  if (point <= 0) {
    store<u64>(out, 0x3030303030302e30);
    copy32(out + 2 - point, start);
    return out + 2 - point + count;
  }
  copy32(out, start);
  if (point >= count) {
    v128.store(out + count, i8x16.splat(48));
    v128.store(out + count, i8x16.splat(48), 16);
    return out + point;
  }
  store<u8>(out + point, 46);
  copy32(out + point + 1, start + point);
  return out + count + 1;
}

/** `1.5e-254` */
function putExponent(out: usize, start: usize, count: i32, exponent: i32): usize {
  store<u16>(out, 0x2e00 | <u16>load<u8>(start));
  copy32(out + 2, start + 1);
  const to = out + (count === 1 ? 1 : count + 1);
  store<u16>(to, exponent < 0 ? 0x2d65 : 0x2b65);
  return putShort(to + 2, abs(exponent));
}

/**
 * A finite double as String(v) has it, but -0 as `0`; needs 64 bytes of room.
 *
 * Most have few decimals. For n < 10^15 and k <= 15 both n and 10^k are exact, so n / 10^k is correctly
 * rounded, as reading the decimal n * 10^-k is: equality with v proves that the decimal reads back as
 * v. Decimals of up to 15 digits are told apart by doubles, so no other one that is as short reads back
 * as v, and a shorter one would be the same number: zeros at the end are left out.
 */
export function putDouble(out: usize, v: f64): usize {
  const a = abs(v);
  store<u8>(out, 45);
  const to = out + <usize>(v < 0);
  if (a < 9007199254740992.0) {
    const whole = <i64>a;
    if (<f64>whole === a) return putUnsigned(to, <u64>whole);
    if (a >= 1e-6 && a < 1e9) {
      const thousandths = nearest(a * 1e3);
      if (thousandths / 1e3 === a) {
        if (thousandths < 1e8) return putThousandths(to, <u32>(<i64>thousandths));
        return putDecimal(to, <u32>whole, <u32>(<i64>thousandths - whole * 1000) * 100000);
      }
      const millionths = nearest(a * 1e6);
      if (millionths / 1e6 === a) {
        return putDecimal(to, <u32>whole, <u32>(<i64>millionths - whole * 1000000) * 100);
      }
    }
  }
  return putShortest(to, a);
}
