/** Cells of numbers that the loops do not take: signs, exponents, missing texts, what is no number. */
import { scaled } from './decimal';
import {
  decimalsAt,
  FIRST,
  leavesMinus,
  MINUS,
  MISSING_TEXTS,
  missingTexts,
  POWERS,
  QUOTE,
  SEEN_BIG,
  SEEN_FRACTION,
  SEEN_NEGATIVE,
  SIGN_BIT,
  TWO_53,
} from './state';

export const READ: i32 = 0;
export const IS_MISSING: i32 = 1;
export const IS_LEFT: i32 = 2;

/** What the last cell held. */
export let rareBits: u64 = 0;
export let rareSeen: i32 = 0;

/** Entries of 32 bytes: the text, filled up with 0, and the value. */
const DECIMALS: i32 = 2048;

/** Whether a cell is one of the texts that mean missing. */
export function isMissingText(start: i32, end: i32): bool {
  const length = end - start;
  if (length > 16) return false;
  const text = v128.and(v128.load(start), v128.load(FIRST + (length << 4)));
  for (let i = 0; i < missingTexts; i++) {
    const at = MISSING_TEXTS + (i << 5);
    if (load<i32>(at, 16) === length && !v128.any_true(v128.xor(v128.load(at), text))) return true;
  }
  return false;
}

let from: i32 = 0;
let to: i32 = 0;

/** Takes the quotes off; true when nothing is left, or what means missing. */
function isMissing(start: i32, end: i32, mayBeQuoted: bool): bool {
  from = start;
  to = end;
  if (mayBeQuoted && to - from > 1 && load<u8>(from) === QUOTE && load<u8>(to - 1) === QUOTE) {
    from++;
    to--;
  }
  return from >= to || isMissingText(from, to);
}

/** The integer of a cell that is not digits alone. */
export function integer(start: i32, end: i32, isUnsigned: bool, mayBeQuoted: bool): i32 {
  if (isMissing(start, end, mayBeQuoted)) return IS_MISSING;
  let p = from;
  const negative = load<u8>(p) === MINUS;
  if (negative) {
    if (leavesMinus || isUnsigned) return IS_LEFT;
    p++;
  }
  const digits = to - p;
  if (digits === 0 || digits > 19) return IS_LEFT;
  let value: u64 = 0;
  for (; p < to; p++) {
    const digit = <u32>load<u8>(p) - 48;
    if (digit > 9) return IS_LEFT;
    value = value * 10 + digit;
  }
  if (value >= SIGN_BIT) return IS_LEFT;
  rareSeen = (value > TWO_53 ? SEEN_BIG : 0) | (negative && value !== 0 ? SEEN_NEGATIVE : 0);
  rareBits = negative ? 0 - value : value;
  return READ;
}

/** The double of a cell that is not digits and a point alone, or has more than sixteen. */
export function rare(start: i32, end: i32, mayBeQuoted: bool): i32 {
  if (isMissing(start, end, mayBeQuoted)) return IS_MISSING;
  if (leavesMinus && load<u8>(from) === MINUS) return IS_LEFT;
  const length = to - from;
  if (length > 16) return decimal();
  const text = v128.and(v128.load(from), v128.load(FIRST + (length << 4)));
  const hash =
    i64x2.extract_lane(text, 0) * 0x9e3779b97f4a7c15 + i64x2.extract_lane(text, 1) * 0xc2b2ae3d27d4eb4f;
  const entry = decimalsAt + ((<i32>((<u64>hash) >> 32)) & (DECIMALS - 1)) * 32;
  if (!v128.any_true(v128.xor(v128.load(entry), text))) {
    rareBits = load<u64>(entry, 16);
    rareSeen = load<i32>(entry, 24);
    return READ;
  }
  const what = decimal();
  if (what === READ) {
    v128.store(entry, text);
    store<u64>(entry, rareBits, 16);
    store<i32>(entry, rareSeen, 24);
  }
  return what;
}

/** Up to 19 digits with a point anywhere and an exponent. */
function decimal(): i32 {
  const end = to;
  let p = from;
  const negative = load<u8>(p) === MINUS;
  if (negative) p++;
  let mantissa: u64 = 0;
  let digits = 0;
  let places = -1;
  for (; p < end; p++) {
    const digit = <u32>load<u8>(p) - 48;
    if (digit > 9) {
      if (digit !== <u32>-2 || places >= 0) break;
      places = 0;
      continue;
    }
    mantissa = mantissa * 10 + digit;
    digits++;
    if (places >= 0) places++;
  }
  if (digits === 0 || digits > 19) return IS_LEFT;
  let exponent = places > 0 ? -places : 0;
  if (p < end) {
    if ((load<u8>(p) | 32) !== 101) return IS_LEFT;
    p++;
    const sign = p < end ? load<u8>(p) : 0;
    if (sign === 45 || sign === 43) p++;
    if (p === end || end - p > 4) return IS_LEFT;
    let written = 0;
    for (; p < end; p++) {
      const digit = <u32>load<u8>(p) - 48;
      if (digit > 9) return IS_LEFT;
      written = written * 10 + digit;
    }
    exponent += sign === 45 ? -written : written;
    places = 0;
  }
  // An integer that a double does not hold: the caller finds the column another kind.
  if (places < 0 && mantissa >= TWO_53) return IS_LEFT;
  rareSeen = places >= 0 ? SEEN_FRACTION : negative && mantissa !== 0 ? SEEN_NEGATIVE : 0;
  let value: f64 = 0;
  if (mantissa !== 0) {
    if (mantissa < TWO_53 && exponent >= -22 && exponent <= 22) {
      const power = load<f64>(POWERS + (abs(exponent) << 3));
      value = exponent < 0 ? <f64>mantissa / power : <f64>mantissa * power;
    } else {
      value = scaled(mantissa, exponent);
      if (value !== value) return IS_LEFT;
    }
  }
  rareBits = reinterpret<u64>(value) | (negative ? SIGN_BIT : 0);
  return READ;
}
