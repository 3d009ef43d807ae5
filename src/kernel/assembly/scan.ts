/** The scan kernel: a block of rows of a body to strips of cells, one strip a column. See parse/blocks.ts. */
import { differColumn } from './scan/differ';
import { f64Column, timeColumn } from './scan/doubles';
import { i64Column, u64Column } from './scan/integers';
import {
  clearLeft,
  COLUMN_BLOCK_MISSING,
  COLUMN_BYTES,
  columnCount,
  columnsAt,
  leave,
  leftCount,
  OP_F64,
  OP_I64,
  OP_LEAVE,
  OP_TEXT,
  OP_TIME,
  OP_U64,
} from './scan/state';
import { textColumn } from './scan/text';

export { fillTables, setMemory, setShape } from './scan/state';
export { keyBytes, matchKeys, setKeys } from './scan/keys';
export { lex, lexReason } from './scan/lex';
export { clearTexts, teach, wantPages } from './scan/text';

/** Rows that are read at a time: their bytes stay in the first cache while all columns pass. */
const TILE: i32 = 128;

/**
 * Reads the cells of the rows that `lex` found; returns how many are left to the caller. `differs`: where
 * the bits of cells that are not as before lie behind those of missing ones, 0 for no such bits.
 */
export function convert(rows: i32, differs: i32): i32 {
  clearLeft(rows);
  for (let column = 0; column < columnCount; column++) {
    store<i32>(columnsAt + column * COLUMN_BYTES, 0, COLUMN_BLOCK_MISSING);
  }
  for (let from = 0; from < rows; from += TILE) {
    const to = min(from + TILE, rows);
    for (let column = 0; column < columnCount; column++) convertColumn(column, from, to, differs);
  }
  return leftCount;
}

function convertColumn(column: i32, from: i32, to: i32, differs: i32): void {
  const entry = columnsAt + column * COLUMN_BYTES;
  const op = load<i32>(entry);
  if (op === OP_I64) i64Column(column, from, to);
  else if (op === OP_F64) f64Column(column, from, to);
  else if (op === OP_TEXT) textColumn(column, from, to);
  else if (op === OP_U64) u64Column(column, from, to);
  else if (op === OP_TIME) timeColumn(column, from, to);
  else if (op === OP_LEAVE) for (let row = from; row < to; row++) leave(row, column);
  if (differs !== 0 && op >= OP_I64 && op <= OP_TEXT) differColumn(entry, from, to, differs);
}
