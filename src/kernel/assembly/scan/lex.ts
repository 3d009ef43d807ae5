/** Where cells end: sixty-four bytes at a time become bits, and bits become addresses. */
import { columnCount, delimiter, endsAt, QUOTE } from './state';

const LF: u8 = 10;
const CR: u8 = 13;
const TAB: u8 = 9;

/** Why `lex` stopped: the bytes are used up, the block is full, or the row is none of the plain ones. */
const USED_UP: i32 = 0;
const FULL: i32 = 1;
const ODD: i32 = 2;

/** Of the last `lex`. */
export let lexReason: i32 = 0;

@inline
function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    (<u64>(<u32>i8x16.bitmask(b)) << 16) |
    (<u64>(<u32>i8x16.bitmask(c)) << 32) |
    (<u64>(<u32>i8x16.bitmask(d)) << 48)
  );
}

@inline
function equal(a: v128, b: v128, c: v128, d: v128, byte: v128): u64 {
  return bits(i8x16.eq(a, byte), i8x16.eq(b, byte), i8x16.eq(c, byte), i8x16.eq(d, byte));
}

@inline
function odd(x: v128, quote: v128, unit: v128): v128 {
  // Below a space: the smaller of the byte and 31 is the byte itself.
  return v128.or(i8x16.eq(x, quote), i8x16.eq(i8x16.min_u(x, unit), x));
}

/** The address of the quote that closes a cell; 0 when the line ends before, or a byte is no text. */
function closingQuote(from: i32): i32 {
  const quote = i8x16.splat(QUOTE);
  const unit = i8x16.splat(31);
  let p = from;
  let close = -1;
  while (close < 0) {
    let marks = i8x16.bitmask(odd(v128.load(p), quote, unit));
    let next = p + 16;
    while (marks) {
      const at = p + ctz(marks);
      marks &= marks - 1;
      const byte = load<u8>(at);
      if (byte === QUOTE) {
        if (load<u8>(at, 1) !== QUOTE) close = at;
        next = at + 2;
        break;
      }
      if (byte !== CR && byte !== TAB) {
        close = 0;
        break;
      }
    }
    p = next;
  }
  return close;
}

@inline
function append(out: i32, p: i32, separators: u64): void {
  let rest = separators;
  let at = out;
  while (rest) {
    store<i32>(at, p + <i32>ctz(rest));
    rest &= rest - 1;
    at += 4;
  }
}

/**
 * Finds the ends of the cells of up to `rowsMax` rows from `from` on; returns how many rows were taken.
 * All of them have as many cells as there are columns. `stop`: the end of the bytes; 64 bytes of 0 are
 * there. Stops at a row that is not plain.
 */
export function lex(from: i32, stop: i32, rowsMax: i32, outMax: i32): i32 {
  const delimiters = i8x16.splat(delimiter);
  const breaks = i8x16.splat(LF);
  const quote = i8x16.splat(QUOTE);
  const unit = i8x16.splat(31);
  const rowBytes = columnCount << 2;
  store<i32>(endsAt, from - 1);
  let out = endsAt + 4;
  let rowEnd = endsAt + rowBytes;
  let rows = 0;
  let p = from;
  lexReason = ODD;
  let goesOn = true;
  while (goesOn && out < outMax) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const separators = bits(
      v128.or(i8x16.eq(a, delimiters), i8x16.eq(a, breaks)),
      v128.or(i8x16.eq(b, delimiters), i8x16.eq(b, breaks)),
      v128.or(i8x16.eq(c, delimiters), i8x16.eq(c, breaks)),
      v128.or(i8x16.eq(d, delimiters), i8x16.eq(d, breaks)),
    );
    const odds = v128.or(
      v128.or(odd(a, quote, unit), odd(b, quote, unit)),
      v128.or(odd(c, quote, unit), odd(d, quote, unit)),
    );
    if (!v128.any_true(odds)) {
      append(out, p, separators);
      out += <i32>popcnt(separators) << 2;
      p += 64;
      continue;
    }
    const lines = equal(a, b, c, d, breaks);
    const below = bits(
      i8x16.lt_u(a, i8x16.splat(32)),
      i8x16.lt_u(b, i8x16.splat(32)),
      i8x16.lt_u(c, i8x16.splat(32)),
      i8x16.lt_u(d, i8x16.splat(32)),
    );
    const plain = separators | equal(a, b, c, d, i8x16.splat(CR)) | equal(a, b, c, d, i8x16.splat(TAB));
    const hard = equal(a, b, c, d, quote) | (below & ~plain);
    if (hard === 0) {
      append(out, p, separators);
      let rest = lines;
      while (rest) {
        const bit = rest & (0 - rest);
        goesOn = out + (<i32>popcnt(separators & (bit - 1)) << 2) === rowEnd;
        if (!goesOn) break;
        rows++;
        rowEnd += rowBytes;
        if (rows === rowsMax) {
          lexReason = FULL;
          goesOn = false;
          break;
        }
        rest &= rest - 1;
      }
      out += <i32>popcnt(separators) << 2;
      p += 64;
      continue;
    }
    // One after the other: a quote hides what is behind it.
    let marks = separators | hard;
    let next = p + 64;
    while (marks) {
      const at = p + <i32>ctz(marks);
      marks &= marks - 1;
      const byte = load<u8>(at);
      if (byte === QUOTE) {
        if (at !== load<i32>(out - 4) + 1) continue;
        const close = closingQuote(at + 1);
        goesOn = close !== 0;
        next = close + 1;
        break;
      }
      const isBreak = byte === LF;
      if (!isBreak && byte !== delimiter) {
        if (at >= stop) lexReason = USED_UP;
        goesOn = false;
        break;
      }
      if (isBreak && out !== rowEnd) {
        goesOn = false;
        break;
      }
      store<i32>(out, at);
      out += 4;
      if (!isBreak) continue;
      rows++;
      rowEnd += rowBytes;
      if (rows === rowsMax) {
        lexReason = FULL;
        goesOn = false;
        break;
      }
    }
    p = next;
  }
  return rows;
}
