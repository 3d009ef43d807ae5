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
