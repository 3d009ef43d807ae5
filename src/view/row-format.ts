/** What a body of rows says of its cells: what stands around them, and where they are. */
import type { ColumnView, SegmentReader } from '../snapshot/reader.js';
import type { BlockRows } from './block-rows.js';
import type { BlockStrips } from './block-strips.js';
import type { ByteWriter } from './bytes.js';

/** What stands around the cells of a row. */
export interface RowFormat {
  /** Before each key. */
  readonly open: Uint8Array;
  /** The first byte of `open` separates rows: the first row goes without. */
  readonly isSeparated: boolean;
  /** False: rows are the values of one field, with a comma before each, and nothing else. */
  readonly hasKey: boolean;
  /** Before each value. */
  readonly labels: readonly Uint8Array[];
  /** What stands behind a row's cells; null: nothing. Called when all extras of the row were put. */
  readonly writeTail: ((out: ByteWriter, part: number, slot: number) => void) | null;
  /** Behind that. */
  readonly close: Uint8Array;
  /** CSV instead of JSON. */
  readonly csv: boolean;
  readonly int64AsString: boolean;
}

/** Where the cells of rows are. */
export interface CellSource {
  /** Fields that are no column of any part. */
  readonly extras: readonly number[];
  reader(part: number): SegmentReader;
  /** By field; undefined where the part lacks it, and for extras. */
  columnsOf(part: number): readonly (ColumnView | undefined)[];
  /**
   * Puts an extra of rows that lie together in one part into its strip, where nothing else is to be said of
   * its cells: 1 by row where it did. null: nowhere.
   */
  putTogether(strips: BlockStrips, field: number, rows: BlockRows): Uint8Array | null;
  /** Puts an extra of a row into its strip. */
  putExtra(strips: BlockStrips, field: number, lane: number, part: number, slot: number): void;
  /** Writes a cell that the kernel handed back: what it says was noted when it was put there. */
  writeCell(out: ByteWriter, field: number, part: number, slot: number): void;
}
