/**
 * Numbers and text into bytes at a position; each function returns the position after what it
 * wrote. The caller has made room. No strings are made: a matrix has up to 39 million cells.
 */

export const COMMA = 0x2c;
export const LF = 0x0a;
export const CR = 0x0d;
export const QUOTE = 0x22;
const ZERO = 0x30;
const DOT = 0x2e;
const MINUS = 0x2d;

/** Counters are kept as high × 10^10 + low, which prints without a 64-bit division. */
export const LOW_LIMIT = 1e10;

const TENS = new Uint8Array(100);
const ONES = new Uint8Array(100);
for (let i = 0; i < 100; i++) {
  TENS[i] = ZERO + Math.floor(i / 10);
  ONES[i] = ZERO + (i % 10);
}

function digitCount(v: number): number {
  if (v < 10_000) return v < 100 ? (v < 10 ? 1 : 2) : v < 1000 ? 3 : 4;
  if (v < 100_000_000) return v < 1_000_000 ? (v < 100_000 ? 5 : 6) : v < 10_000_000 ? 7 : 8;
  return v < 1_000_000_000 ? 9 : 10;
}

/** 0 to 2^31 − 1. */
export function putInt(out: Uint8Array, pos: number, value: number): number {
  const v = value | 0;
  if (v < 10) {
    out[pos] = ZERO + v;
    return pos + 1;
  }
  return putPadded(out, pos, v, digitCount(v));
}

/** 0 to 2^31 − 1 with leading zeros, `width` digits. */
export function putPadded(out: Uint8Array, pos: number, value: number, width: number): number {
  let v = value | 0;
  let p = pos + width;
  while (p - pos >= 2) {
    const q = (v / 100) | 0;
    const rest = v - q * 100;
    p -= 2;
    out[p] = TENS[rest]!;
    out[p + 1] = ONES[rest]!;
    v = q;
  }
  if (p > pos) out[p - 1] = ZERO + v;
  return pos + width;
}

/** high × 10^10 + low, with high < 2^31 and low < 10^10: any integer below 2^64 and all digits of it. */
export function putCounter(out: Uint8Array, pos: number, high: number, low: number): number {
  const upper = (low / 1e5) | 0;
  const lower = low - upper * 1e5;
  if (high > 0) {
    const p = putPadded(out, putInt(out, pos, high), upper, 5);
    return putPadded(out, p, lower, 5);
  }
  if (upper > 0) return putPadded(out, putInt(out, pos, upper), lower, 5);
  return putInt(out, pos, lower);
}

/** A whole number below 2^53. */
export function putWhole(out: Uint8Array, pos: number, value: number): number {
  const high = Math.floor(value / LOW_LIMIT);
  return putCounter(out, pos, high, value - high * LOW_LIMIT);
}

/** `scaled` hundredths (decimals 2), thousandths (3), … with exactly that many decimals. */
export function putFixed(out: Uint8Array, pos: number, scaled: number, decimals: number): number {
  let v = scaled;
  let p = pos;
  if (v < 0) {
    out[p++] = MINUS;
    v = -v;
  }
  const unit = POWERS[decimals]!;
  const whole = (v / unit) | 0;
  p = putInt(out, p, whole);
  out[p++] = DOT;
  return putPadded(out, p, v - whole * unit, decimals);
}

const POWERS = new Float64Array([1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8]);

/** Hundredths without trailing zeros but with one decimal at least: 121.5, 0.0, 11.25. */
export function putHundredths(out: Uint8Array, pos: number, hundredths: number): number {
  const end = putFixed(out, pos, hundredths, 2);
  return out[end - 1] === ZERO ? end - 1 : end;
}

/** Mantissa in tenths and a negative exponent: (15, 254) is 1.5e-254. */
export function putTiny(out: Uint8Array, pos: number, tenths: number, exponent: number): number {
  let p = putFixed(out, pos, tenths, 1);
  out[p++] = 0x65;
  out[p++] = MINUS;
  if (exponent < 10) out[p++] = ZERO;
  return putInt(out, p, exponent);
}

const HEX = new Uint8Array([...'0123456789abcdef'].map((digit) => digit.charCodeAt(0)));

/** `width` (1 to 8) lower-case hexadecimal digits of a 32-bit value. */
export function putHex(out: Uint8Array, pos: number, value: number, width: number): number {
  for (let i = 0; i < width; i++) out[pos + i] = HEX[(value >>> ((width - 1 - i) * 4)) & 15]!;
  return pos + width;
}

/** For short pieces: a call of `set` costs more than the loop. */
export function putBytes(out: Uint8Array, pos: number, bytes: Uint8Array): number {
  const length = bytes.length;
  for (let i = 0; i < length; i++) out[pos + i] = bytes[i]!;
  return pos + length;
}

const encoder = new TextEncoder();

/** UTF-8 bytes of a piece of text that is written many times. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The bytes of a cell, quoted as RFC 4180 asks where it must be. */
export function cellBytes(text: string): Uint8Array {
  return bytesOf(/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
}
