/** Changed cells of rows as objects. See ../encode.ts. */
import {
  CELL,
  CLOSE,
  CLOSE_BYTES,
  COMMA_BRACE,
  DONE,
  FIELD,
  FIELDS,
  FIELD_BYTES,
  FIELD_COUNT,
  FIRST,
  FULL,
  F_CELLS,
  F_CHANGED,
  F_KINDS,
  F_LABEL,
  F_LABEL_BYTES,
  F_VALID,
  MIXED,
  NULL,
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
  STOP,
  copy,
  isValid,
  putCell,
  putKey,
  stop,
} from './block';

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
  const isRaw = load<u32>(P + RAW_KEYS) !== 0;
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
      out = putKey(out, r, isRaw);
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
