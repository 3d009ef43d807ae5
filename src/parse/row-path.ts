/** What blocks of rows and single rows have in common. */
import type { CellWriter } from './cells.js';
import type { Facts } from './facts.js';
import type { Lexer } from './lexer.js';
import type { Rows } from './rows.js';

export interface RowPath {
  readonly facts: Facts;
  readonly cells: CellWriter;
  readonly rows: Rows;
  readonly lexer: Lexer;
}

const QUOTE = 34;

/** Writes the cell of a span that includes its quotes. `isAscii`: known to be. */
export function writeSpan(
  { cells, lexer }: RowPath,
  bytes: Uint8Array,
  start: number,
  end: number,
  column: number,
  slot: number,
  isAscii: boolean,
): void {
  if (bytes[start] !== QUOTE) {
    cells.write(bytes, start, end, column, slot, isAscii);
    return;
  }
  lexer.unquote(bytes, start, end);
  cells.write(lexer.bytes, lexer.start, lexer.end, column, slot, false);
}
