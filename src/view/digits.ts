/**
 * Numbers as decimal digits, straight into bytes. Every function writes at `at`, returns where it
 * stopped, and needs NUMBER_BYTES_MAX bytes of room.
 *
 * Integers are exact over all 64 bits, from their two halves and without BigInt. Doubles come out
 * as String(x) would: the shortest text that reads back as the same double.
 */

/** The longest numbers: a double takes up to 24 characters, i64 20, two quotes go around it. */
export const NUMBER_BYTES_MAX = 26;

const ZERO = 48;
const MINUS = 45;
const POINT = 46;
const TWO_32 = 4294967296;
const EIGHT_DIGITS = 100_000_000;
/** Doubles below this with six decimals have at most 15 digits, which a double always tells apart. */
const SHORT_DECIMAL_MAX = 1e9;

/** '00' ... '99'. */
const PAIRS = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  PAIRS[i * 2] = ZERO + Math.floor(i / 10);
  PAIRS[i * 2 + 1] = ZERO + (i % 10);
}

function digitCount(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    if (value < 1000) return 3;
    return value < 10_000 ? 4 : 5;
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}

/** `value` is an integer in [0, 2^31). */
export function putUint31(u8: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    u8[at] = ZERO + value;
    return at + 1;
  }
  const end = at + digitCount(value);
  let rest = value;
  let to = end;
  while (rest >= 100) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) * 2;
    u8[--to] = PAIRS[pair + 1]!;
    u8[--to] = PAIRS[pair]!;
    rest = quotient;
  }
  if (rest >= 10) {
    u8[--to] = PAIRS[rest * 2 + 1]!;
    u8[--to] = PAIRS[rest * 2]!;
  } else u8[--to] = ZERO + rest;
  return end;
}

/** Exactly `count` digits (even), with leading zeros. */
function putPadded(u8: Uint8Array, at: number, value: number, count: number): number {
  let rest = value;
  for (let to = at + count - 2; to >= at; to -= 2) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) * 2;
    u8[to] = PAIRS[pair]!;
    u8[to + 1] = PAIRS[pair + 1]!;
    rest = quotient;
  }
  return at + count;
}

/** An integer in [0, 2^53). */
function putSafe(u8: Uint8Array, at: number, value: number): number {
  let high = Math.floor(value / EIGHT_DIGITS);
  let low = value - high * EIGHT_DIGITS;
  if (low < 0) {
    // The quotient was rounded up.
    high--;
    low += EIGHT_DIGITS;
  }
  if (high === 0) return putUint31(u8, at, low | 0);
  return putPadded(u8, putUint31(u8, at, high | 0), low | 0, 8);
}

/** high * 2^32 + low, both halves unsigned. */
export function putU64(u8: Uint8Array, at: number, high: number, low: number): number {
  if (high < 0x20_0000) return putSafe(u8, at, high * TWO_32 + low);
  // Long division by 10^8 in steps of 16 bits: each intermediate stays far below 2^53, so that the
  // floor of a quotient is exact. (The remainder operator of doubles is a slow call.)
  const top = Math.floor(high / EIGHT_DIGITS);
  let step = (high - top * EIGHT_DIGITS) * 65536 + (low >>> 16);
  const middle = Math.floor(step / EIGHT_DIGITS);
  step = (step - middle * EIGHT_DIGITS) * 65536 + (low & 0xffff);
  const bottom = Math.floor(step / EIGHT_DIGITS);
  const quotient = top * TWO_32 + middle * 65536 + bottom;
  return putPadded(u8, putSafe(u8, at, quotient), (step - bottom * EIGHT_DIGITS) | 0, 8);
}

/** A signed 64-bit integer; `high` carries the sign, both as signed 32-bit words. */
export function putI64(u8: Uint8Array, at: number, high: number, low: number): number {
  if (high === low >> 31) {
    if (low >= 0) return putUint31(u8, at, low);
    if (low !== -0x8000_0000) {
      u8[at] = MINUS;
      return putUint31(u8, at + 1, -low);
    }
  }
  if (high >= 0) return putU64(u8, at, high, low >>> 0);
  u8[at] = MINUS;
  const magnitudeLow = -low >>> 0;
  const magnitudeHigh = (~high + (low === 0 ? 1 : 0)) >>> 0;
  return putU64(u8, at + 1, magnitudeHigh, magnitudeLow);
}

/** True when the integer's magnitude is above 2^53. Signed words; `signed` says how to read them. */
export function isBeyondDouble(high: number, low: number, signed: boolean): boolean {
  if (signed && high < 0) {
    // -2^53 is the pair (-0x200000, 0).
    return high < -0x20_0000;
  }
  const magnitude = high >>> 0;
  return magnitude > 0x20_0000 || (magnitude === 0x20_0000 && low !== 0);
}

/** Up to three digits after the point, without the zeros at the end. `value` in [1, 999]. */
function putThousandths(u8: Uint8Array, at: number, value: number): number {
  const tenths = (value / 100) | 0;
  const pair = (value - tenths * 100) * 2;
  u8[at] = ZERO + tenths;
  if (pair === 0) return at + 1;
  u8[at + 1] = PAIRS[pair]!;
  if (PAIRS[pair + 1] === ZERO) return at + 2;
  u8[at + 2] = PAIRS[pair + 1]!;
  return at + 3;
}

/**
 * A positive double with at most six decimals, or -1 when it is not one. m / 10^k is correctly
 * rounded, so equality proves that the text m / 10^k reads back as this double; with at most 15
 * digits no shorter text can.
 */
function putShortDecimal(u8: Uint8Array, at: number, value: number): number {
  const whole = value | 0;
  const thousandths = Math.floor(value * 1e3 + 0.5);
  if (thousandths / 1e3 === value) {
    const to = putUint31(u8, at, whole);
    u8[to] = POINT;
    return putThousandths(u8, to + 1, (thousandths - whole * 1e3) | 0);
  }
  const millionths = Math.floor(value * 1e6 + 0.5);
  if (millionths / 1e6 !== value) return -1;
  const fraction = (millionths - whole * 1e6) | 0;
  const front = (fraction / 1000) | 0;
  let to = putUint31(u8, at, whole);
  u8[to++] = POINT;
  u8[to++] = ZERO + ((front / 100) | 0);
  u8[to++] = PAIRS[(front % 100) * 2]!;
  u8[to++] = PAIRS[(front % 100) * 2 + 1]!;
  return putThousandths(u8, to, fraction - front * 1000);
}

/** A finite double. -0 is written `0`, as JSON.stringify does. */
export function putF64(u8: Uint8Array, at: number, value: number): number {
  let to = at;
  let magnitude = value;
  if (value < 0) {
    u8[to++] = MINUS;
    magnitude = -value;
  }
  if (magnitude < SHORT_DECIMAL_MAX) {
    if (magnitude === (magnitude | 0)) return putUint31(u8, to, magnitude | 0);
    if (magnitude >= 1e-6) {
      const end = putShortDecimal(u8, to, magnitude);
      if (end >= 0) return end;
    }
  } else if (magnitude < 2 ** 53 && magnitude === Math.floor(magnitude)) {
    return putSafe(u8, to, magnitude);
  }
  const text = String(value);
  to = at;
  for (let i = 0; i < text.length; i++) u8[to++] = text.charCodeAt(i);
  return to;
}
