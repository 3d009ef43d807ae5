/** What each dialect gives the matrix: a header and rows, as bytes. */

import { mix32 } from './noise.js';

export interface RowWriter {
  /** Column names in order. */
  readonly names: readonly string[];
  /** Between header and rows, and after each row. */
  readonly eol: '\n' | '\r\n';
  /** No row is longer, line end not counted. */
  readonly rowBytesMax: number;
  /** Called before the rows of a tick. `tsMs` is the time of the tick, whole epoch milliseconds. */
  begin(tick: number, tsMs: number): void;
  /** Writes row `row` (absolute index) at `pos`, without line end; returns the position after it. */
  write(out: Uint8Array, pos: number, row: number): number;
}

/** The hash all values of a row are derived from. */
export function rowHash(seed: number, row: number): number {
  return mix32(mix32(seed ^ 0x2545f491) + Math.imul(row + 1, 0x9e3779b1));
}
