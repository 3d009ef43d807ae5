/**
 * Rows to text: `open key (label value)* tail close`, for a block of rows whose cells lie in strips,
 * column after column. The TypeScript beside it (src/view/block-*.ts) lays out the memory, fills it and
 * takes the bytes out; this is the loop over cells.
 *
 * Call `encodeRows` again and again until it returns DONE. It keeps where it stands in the parameter
 * block, and stops where the caller has to do something first: take what was written, or write a cell
 * that is not in the strips.
 */
import { putDouble, putSigned, putUnsigned } from './encode/decimal';

/** The parameter block: words at this address. */
const P: usize = 4096;
const ROW_COUNT: usize = 0;
const FIELD_COUNT: usize = 4;
const FIELDS: usize = 8;
const ROWS: usize = 12;
/** No cell is begun behind this; what one step may write fits behind it. */
const OUT_LIMIT: usize = 16;
/** Rows end here: the caller wants to look at the size. */
const OUT_STOP: usize = 20;
/** Of what stands for a missing value: 4 (null) or 0. */
const NULL_BYTES: usize = 24;
/** 1: integers beyond 2^53 stand in quotes. */
const QUOTES_BIG: usize = 28;
const OPEN: usize = 32;
const OPEN_BYTES: usize = 36;
const CLOSE: usize = 40;
const CLOSE_BYTES: usize = 44;
/** Where it stands. */
const ROW: usize = 48;
const FIELD: usize = 52;
const OUT: usize = 56;
/** 1: no cell of the row was written yet (encodeChanges). */
const FIRST: usize = 60;

/** A field: kind, where its cells, validity bits and kinds of cells are, its label, bits of changed cells. */
const FIELD_BYTES: usize = 28;
const F_CELLS: usize = 4;
const F_VALID: usize = 8;
const F_KINDS: usize = 12;
const F_LABEL: usize = 16;
const F_LABEL_BYTES: usize = 20;
const F_CHANGED: usize = 24;

/** A row: its lane in the strips, its key, what stands behind its cells. */
const ROW_BYTES: usize = 20;
const R_KEY: usize = 4;
const R_KEY_BYTES: usize = 8;
const R_TAIL: usize = 12;
const R_TAIL_BYTES: usize = 16;

/** Kinds of cells: the tags of a mixed column, and text (address and length of bytes, ready as they are). */
const F64: u32 = 0;
const I64: u32 = 1;
const U64: u32 = 2;
/** Each cell has a kind of its own, a byte. */
const MIXED: u32 = 4;

const DONE: i32 = 0;
/** Take the bytes written and call again. */
const FULL: i32 = 1;
/** Take the bytes, write label and value of ROW, FIELD, and call again with the next field. */
const CELL: i32 = 2;
/** Take the bytes, write the tail of ROW, and call again. */
const TAIL: i32 = 3;
/** A row has ended behind OUT_STOP. Take the bytes and call again. */
const STOP: i32 = 4;

const QUOTE: u8 = 34;
const COMMA: u8 = 44;
const NULL: u32 = 0x6c6c756e;
const COMMA_BRACE: u16 = 0x7b2c;
const TWO_53: u64 = 9007199254740992;

/** Copies by sixteen bytes, 32 at least: up to 31 behind `from` are read, and written behind the end. */
@inline
function copy(out: usize, from: usize, bytes: usize): usize {
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
function isBig(kind: u32, bits: u64): bool {
  return (kind === I64 && <i64>bits < 0 ? 0 - bits : bits) > TWO_53;
}

@inline
function stop(status: i32, row: u32, field: u32, out: usize): i32 {
  store<u32>(P + ROW, row);
  store<u32>(P + FIELD, field);
  store<u32>(P + OUT, <u32>out);
  return status;
}

/** A cell that has a value; 0: it is handed back. */
@inline
function putCell(out: usize, kind: u32, bits: u64, quotesBig: bool): usize {
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
function isValid(valid: usize, lane: usize): bool {
  return ((load<u8>(valid + (lane >> 3)) >>> <u8>(lane & 7)) & 1) !== 0;
}

export function encodeRows(): i32 {
  const rowCount = load<u32>(P + ROW_COUNT);
  const fieldCount = load<u32>(P + FIELD_COUNT);
  const fields = <usize>load<u32>(P + FIELDS);
  const rows = <usize>load<u32>(P + ROWS);
  const limit = <usize>load<u32>(P + OUT_LIMIT);
  const outStop = <usize>load<u32>(P + OUT_STOP);
  const nullBytes = <usize>load<u32>(P + NULL_BYTES);
  const quotesBig = load<u32>(P + QUOTES_BIG) !== 0;
  const open = <usize>load<u32>(P + OPEN);
  const openBytes = <usize>load<u32>(P + OPEN_BYTES);
  const close = <usize>load<u32>(P + CLOSE);
  const closeBytes = <usize>load<u32>(P + CLOSE_BYTES);
  let field = load<u32>(P + FIELD);
  let out = <usize>load<u32>(P + OUT);
  for (let row = load<u32>(P + ROW); row < rowCount; row++) {
    const r = rows + <usize>row * ROW_BYTES;
    const lane = <usize>load<u32>(r);
    if (field === 0) {
      if (out > limit) return stop(FULL, row, 0, out);
      if (openBytes !== 0) out = copy(out, open, openBytes);
      const keyBytes = <usize>load<u32>(r, R_KEY_BYTES);
      if (keyBytes !== 0) out = copy(out, load<u32>(r, R_KEY), keyBytes);
    }
    for (let f = fields + <usize>field * FIELD_BYTES; field < fieldCount; f += FIELD_BYTES) {
      const labelBytes = load<i32>(f, F_LABEL_BYTES);
      if (labelBytes < 0) return stop(CELL, row, field, out);
      const at = copy(out, load<u32>(f, F_LABEL), labelBytes);
      if (isValid(load<u32>(f, F_VALID), lane)) {
        let kind = load<u32>(f);
        if (kind === MIXED) kind = load<u8>(<usize>load<u32>(f, F_KINDS) + lane);
        const end = putCell(at, kind, load<u64>(<usize>load<u32>(f, F_CELLS) + (lane << 3)), quotesBig);
        if (end === 0) return stop(CELL, row, field, out);
        out = end;
      } else {
        store<u32>(at, NULL);
        out = at + nullBytes;
      }
      field++;
      if (out > limit) return stop(FULL, row, field, out);
    }
    if (field === fieldCount) {
      const tailBytes = load<i32>(r, R_TAIL_BYTES);
      if (tailBytes < 0) return stop(TAIL, row, fieldCount + 1, out);
      if (tailBytes !== 0) out = copy(out, load<u32>(r, R_TAIL), tailBytes);
    }
    out = copy(out, close, closeBytes);
    field = 0;
    if (out >= outStop) return stop(STOP, row + 1, 0, out);
  }
  return stop(DONE, rowCount, 0, out);
}

/**
 * Rows of changed cells: `open key ,{ label value ... close`. A label begins with the comma that the
 * first cell of a row goes without.
 */
export function encodeChanges(): i32 {
  const rowCount = load<u32>(P + ROW_COUNT);
  const fieldCount = load<u32>(P + FIELD_COUNT);
  const fields = <usize>load<u32>(P + FIELDS);
  const rows = <usize>load<u32>(P + ROWS);
  const limit = <usize>load<u32>(P + OUT_LIMIT);
  const outStop = <usize>load<u32>(P + OUT_STOP);
  const quotesBig = load<u32>(P + QUOTES_BIG) !== 0;
  const open = <usize>load<u32>(P + OPEN);
  const openBytes = <usize>load<u32>(P + OPEN_BYTES);
  const close = <usize>load<u32>(P + CLOSE);
  const closeBytes = <usize>load<u32>(P + CLOSE_BYTES);
  let first = <usize>load<u32>(P + FIRST);
  let field = load<u32>(P + FIELD);
  let out = <usize>load<u32>(P + OUT);
  for (let row = load<u32>(P + ROW); row < rowCount; row++) {
    const r = rows + <usize>row * ROW_BYTES;
    const lane = <usize>load<u32>(r);
    if (field === 0) {
      if (out > limit) return stop(FULL, row, 0, out);
      out = copy(out, open, openBytes);
      out = copy(out, load<u32>(r, R_KEY), load<u32>(r, R_KEY_BYTES));
      store<u16>(out, COMMA_BRACE);
      out += 2;
      first = 1;
    }
    for (let f = fields + <usize>field * FIELD_BYTES; field < fieldCount; f += FIELD_BYTES, field++) {
      if (!isValid(load<u32>(f, F_CHANGED), lane)) continue;
      const labelBytes = load<i32>(f, F_LABEL_BYTES);
      let end: usize = 0;
      if (labelBytes >= 0) {
        const at = copy(out, <usize>load<u32>(f, F_LABEL) + first, <usize>labelBytes - first);
        if (isValid(load<u32>(f, F_VALID), lane)) {
          let kind = load<u32>(f);
          if (kind === MIXED) kind = load<u8>(<usize>load<u32>(f, F_KINDS) + lane);
          end = putCell(at, kind, load<u64>(<usize>load<u32>(f, F_CELLS) + (lane << 3)), quotesBig);
        } else {
          store<u32>(at, NULL);
          end = at + 4;
        }
      }
      if (end === 0) {
        store<u32>(P + FIRST, <u32>first);
        return stop(CELL, row, field, out);
      }
      out = end;
      first = 0;
      if (out > limit) {
        store<u32>(P + FIRST, 0);
        return stop(FULL, row, field + 1, out);
      }
    }
    out = copy(out, close, closeBytes);
    field = 0;
    if (out >= outStop) return stop(STOP, row + 1, 0, out);
  }
  return stop(DONE, rowCount, 0, out);
}

/** The cells of the first field alone, a comma before each: ROWS holds nothing but lanes, a word each. */
export function encodeColumn(): i32 {
  const rowCount = load<u32>(P + ROW_COUNT);
  const lanes = <usize>load<u32>(P + ROWS);
  const limit = <usize>load<u32>(P + OUT_LIMIT);
  const quotesBig = load<u32>(P + QUOTES_BIG) !== 0;
  const f = <usize>load<u32>(P + FIELDS);
  const kind = load<u32>(f);
  const cells = <usize>load<u32>(f, F_CELLS);
  const valid = <usize>load<u32>(f, F_VALID);
  const kinds = <usize>load<u32>(f, F_KINDS);
  let out = <usize>load<u32>(P + OUT);
  for (let row = load<u32>(P + ROW); row < rowCount; row++) {
    if (out > limit) return stop(FULL, row, 0, out);
    const lane = <usize>load<u32>(lanes + (<usize>row << 2));
    store<u8>(out, COMMA);
    if (isValid(valid, lane)) {
      const own = kind === MIXED ? <u32>load<u8>(kinds + lane) : kind;
      const end = putCell(out + 1, own, load<u64>(cells + (lane << 3)), quotesBig);
      if (end === 0) return stop(CELL, row, 0, out);
      out = end;
    } else {
      store<u32>(out + 1, NULL);
      out += 5;
    }
  }
  return stop(DONE, rowCount, 0, out);
}
