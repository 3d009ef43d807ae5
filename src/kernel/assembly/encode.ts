/**
 * Rows to text: `open key (label value)* tail close`, for a block of rows whose cells lie in strips,
 * column after column. The TypeScript beside it (src/view/block-*.ts) lays out the memory, fills it and
 * takes the bytes out; this is the loop over cells.
 *
 * Call `encodeRows` again and again until it returns DONE. It keeps where it stands in the parameter
 * block, and stops where the caller has to do something first: take what was written, or write a cell
 * that is not in the strips.
 */
import {
  CELL,
  CLOSE,
  CLOSE_BYTES,
  COMMA,
  DONE,
  FIELD,
  FIELDS,
  FIELD_BYTES,
  FIELD_COUNT,
  FULL,
  F_CELLS,
  F_KINDS,
  F_LABEL,
  F_LABEL_BYTES,
  F_VALID,
  MIXED,
  NULL,
  NULL_BYTES,
  OPEN,
  OPEN_BYTES,
  OUT,
  OUT_LIMIT,
  OUT_STOP,
  P,
  QUOTES_BIG,
  RAW_KEYS,
  ROW,
  ROWS,
  ROW_BYTES,
  ROW_COUNT,
  R_TAIL,
  R_TAIL_BYTES,
  STOP,
  TAIL,
  copy,
  isValid,
  putCell,
  putKey,
  stop,
} from './encode/block';

export { encodeChanges } from './encode/changes';

export function encodeRows(): i32 {
  const rowCount = load<u32>(P + ROW_COUNT);
  const fieldCount = load<u32>(P + FIELD_COUNT);
  const fields = <usize>load<u32>(P + FIELDS);
  const rows = <usize>load<u32>(P + ROWS);
  const limit = <usize>load<u32>(P + OUT_LIMIT);
  const outStop = <usize>load<u32>(P + OUT_STOP);
  const nullBytes = <usize>load<u32>(P + NULL_BYTES);
  const quotesBig = load<u32>(P + QUOTES_BIG) !== 0;
  const isRaw = load<u32>(P + RAW_KEYS) !== 0;
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
      out = putKey(out, r, isRaw);
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
