/** A block of rows as it lies in memory: what encodeRows, encodeColumn and encodeChanges read, and how they stop. */
import { putDouble, putSigned, putUnsigned } from './decimal';

/** The parameter block: words at this address. */
export const P: usize = 4096;
export const ROW_COUNT: usize = 0;
export const FIELD_COUNT: usize = 4;
export const FIELDS: usize = 8;
export const ROWS: usize = 12;
/** No cell is begun behind this; what one step may write fits behind it. */
export const OUT_LIMIT: usize = 16;
/** Rows end here: the caller wants to look at the size. */
export const OUT_STOP: usize = 20;
/** Of what stands for a missing value: 4 (null) or 0. */
export const NULL_BYTES: usize = 24;
/** 1: integers beyond 2^53 stand in quotes. */
export const QUOTES_BIG: usize = 28;
export const OPEN: usize = 32;
export const OPEN_BYTES: usize = 36;
export const CLOSE: usize = 40;
export const CLOSE_BYTES: usize = 44;
/** Where it stands. */
export const ROW: usize = 48;
export const FIELD: usize = 52;
export const OUT: usize = 56;
/** 1: no cell of the row was written yet (encodeChanges). */
export const FIRST: usize = 60;

/** 1: keys are as they are, and get their quotes and escapes here. */
export const RAW_KEYS: usize = 64;
/** Bytes of the keys written so far. */
export const KEY_TOTAL: usize = 68;

/** A field: kind, where its cells, validity bits and kinds of cells are, its label, bits of changed cells. */
export const FIELD_BYTES: usize = 28;
export const F_CELLS: usize = 4;
export const F_VALID: usize = 8;
export const F_KINDS: usize = 12;
export const F_LABEL: usize = 16;
export const F_LABEL_BYTES: usize = 20;
export const F_CHANGED: usize = 24;

/** A row: its lane in the strips, its key, what stands behind its cells. */
export const ROW_BYTES: usize = 20;
export const R_KEY: usize = 4;
export const R_KEY_BYTES: usize = 8;
export const R_TAIL: usize = 12;
export const R_TAIL_BYTES: usize = 16;

/** Kinds of cells: the tags of a mixed column, and text (address and length of bytes, ready as they are). */
const F64: u32 = 0;
const I64: u32 = 1;
const U64: u32 = 2;
/** Each cell has a kind of its own, a byte. */
export const MIXED: u32 = 4;

export const DONE: i32 = 0;
/** Take the bytes written and call again. */
export const FULL: i32 = 1;
/** Take the bytes, write label and value of ROW, FIELD, and call again with the next field. */
export const CELL: i32 = 2;
/** Take the bytes, write the tail of ROW, and call again. */
export const TAIL: i32 = 3;
/** A row has ended behind OUT_STOP. Take the bytes and call again. */
export const STOP: i32 = 4;

const QUOTE: u8 = 34;
const BACKSLASH: u8 = 92;
export const COMMA: u8 = 44;
export const NULL: u32 = 0x6c6c756e;
export const COMMA_BRACE: u16 = 0x7b2c;
const TWO_53: u64 = 9007199254740992;

/** Copies by sixteen bytes, 32 at least: up to 31 behind `from` are read, and written behind the end. */
@inline
export function copy(out: usize, from: usize, bytes: usize): usize {
  v128.store(out, v128.load(from));
  v128.store(out, v128.load(from, 16), 16);
  for (let i: usize = 32; i < bytes; i += 16) v128.store(out + i, v128.load(from + i));
  return out + bytes;
}

/** An integer beyond 2^53, in quotes. */
function putQuoted(out: usize, kind: u32, bits: u64): usize {
  store<u8>(out, QUOTE);
  const end = kind === I64 ? putSigned(out + 1, <i64>bits) : putUnsigned(out + 1, bits);
  store<u8>(end, QUOTE);
  return end + 1;
}

@inline
export function isBig(kind: u32, bits: u64): bool {
  return (kind === I64 && <i64>bits < 0 ? 0 - bits : bits) > TWO_53;
}

@inline
export function stop(status: i32, row: u32, field: u32, out: usize): i32 {
  store<u32>(P + ROW, row);
  store<u32>(P + FIELD, field);
  store<u32>(P + OUT, <u32>out);
  return status;
}

/** A cell that has a value; 0: it is handed back. */
@inline
export function putCell(out: usize, kind: u32, bits: u64, quotesBig: bool): usize {
  if (kind === I64 || kind === U64) {
    if (quotesBig && isBig(kind, bits)) return putQuoted(out, kind, bits);
    return kind === U64 ? putUnsigned(out, bits) : putSigned(out, <i64>bits);
  }
  if (kind === F64) {
    const value = reinterpret<f64>(bits);
    return isFinite(value) ? putDouble(out, value) : 0;
  }
  const bytes = <i32>(bits >> 32);
  return bytes < 0 ? 0 : copy(out, <usize>(<u32>bits), bytes);
}

@inline
export function isValid(valid: usize, lane: usize): bool {
  return ((load<u8>(valid + (lane >> 3)) >>> <u8>(lane & 7)) & 1) !== 0;
}

/** Bytes that JSON escapes: a bit each. */
@inline
function escapes(v: v128): i32 {
  const quotes = v128.or(i8x16.eq(v, i8x16.splat(QUOTE)), i8x16.eq(v, i8x16.splat(BACKSLASH)));
  return i8x16.bitmask(v128.or(quotes, i8x16.lt_u(v, i8x16.splat(32))));
}

/** One byte that is escaped. */
function putEscaped(out: usize, byte: u8): usize {
  store<u8>(out, BACKSLASH);
  let letter: u8 = byte >= 32 ? byte : 0;
  if (byte === 8) letter = 98;
  else if (byte === 9) letter = 116;
  else if (byte === 10) letter = 110;
  else if (byte === 12) letter = 102;
  else if (byte === 13) letter = 114;
  if (letter !== 0) {
    store<u8>(out, letter, 1);
    return out + 2;
  }
  const low = byte & 15;
  store<u32>(out, 0x30303075, 1);
  store<u8>(out, 48 + (byte >> 4), 4);
  store<u8>(out, low < 10 ? 48 + low : 87 + low, 5);
  return out + 6;
}

/** A text as a JSON string. Up to 15 bytes behind it are read. */
function putString(out: usize, from: usize, bytes: usize): usize {
  store<u8>(out, QUOTE);
  let to = out + 1;
  let found = 0;
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(from + i);
    v128.store(to + i, v);
    const rest = bytes - i;
    found |= escapes(v) & (rest < 16 ? (1 << <i32>rest) - 1 : 0xffff);
  }
  if (found === 0) to += bytes;
  else {
    for (let i: usize = 0; i < bytes; i++) {
      const byte = load<u8>(from + i);
      if (byte < 32 || byte === QUOTE || byte === BACKSLASH) to = putEscaped(to, byte);
      else store<u8>(to++, byte);
    }
  }
  store<u8>(to, QUOTE);
  return to + 1;
}

/** The key of the row whose record is at `r`. */
@inline
export function putKey(out: usize, r: usize, isRaw: bool): usize {
  const key = <usize>load<u32>(r, R_KEY);
  const bytes = <usize>load<u32>(r, R_KEY_BYTES);
  if (!isRaw) return bytes === 0 ? out : copy(out, key, bytes);
  const end = putString(out, key, bytes);
  store<u32>(P + KEY_TOTAL, load<u32>(P + KEY_TOTAL) + <u32>(end - out));
  return end;
}
