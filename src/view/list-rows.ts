/** The rows of a listing, written block by block. */
import type { ByteWriter } from './bytes.js';
import type { Listing } from './listing.js';
import { RowBlocks } from './row-blocks.js';
import type { RowFormat } from './row-format.js';

/** What a shape says of its rows; their key stands first. */
export type ListFormat = Omit<RowFormat, 'hasKey' | 'csv' | 'int64AsString'>;

/** Writes the rows of `listing`; returns how many there are beyond any limit. */
export function writeRows(out: ByteWriter, listing: Listing, format: ListFormat): number {
  const { shape, int64AsString } = listing.selection;
  const csv = shape === 'csv';
  const whole: RowFormat = { ...format, hasKey: true, csv, int64AsString: int64AsString && !csv };
  const blocks = new RowBlocks(out, listing, whole, listing.rowsExpected);
  const total = listing.forEachRow((part, slot) => blocks.add(part, slot));
  blocks.end();
  return total;
}
