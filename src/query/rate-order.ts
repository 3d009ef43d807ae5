/** The order of rows by the delta or the rate of a column. Any thread that may read the banks. */
import type { Table } from '../fabric/table.js';
import type { RateView } from '../model/rates.js';
import { RateCell, rateAt, rateDouble } from '../snapshot/rate.js';
import { requireTracked } from './rates.js';
import type { RowOrder } from './row-order.js';

/** Reads the delta or rate of a row of one table; false when there is none. */
export type RateReader = (part: number, slot: number, into: RateCell) => boolean;

/** `column`: of the table. Throws bad_value when it has no deltas and rates. */
export function rateReader(table: Table, column: number, view: RateView): RateReader {
  requireTracked(table, column, view);
  const columns = table.parts.map((_, part) => table.columnView(column, part));
  return (part, slot, into) => {
    const { reader, bank } = table.parts[part]!;
    rateAt(reader, bank, columns[part], slot, view, into);
    return into.form !== 'none';
  };
}

/** Two values that are there, integers exactly. */
function compareValues(a: RateCell, b: RateCell): number {
  if (a.form !== 'integer' || b.form !== 'integer') return rateDouble(a) - rateDouble(b);
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const magnitude = a.high !== b.high ? a.high - b.high : a.low - b.low;
  return a.negative ? -magnitude : magnitude;
}

/**
 * Negative when the first row stands before the second; rows without a value last, always. `column`:
 * of the table. Throws bad_value when the column has no deltas and rates.
 */
export function orderByRate(table: Table, column: number, view: RateView, descending: boolean): RowOrder {
  const read = rateReader(table, column, view);
  const a = new RateCell();
  const b = new RateCell();
  const sign = descending ? -1 : 1;
  return (partA, slotA, partB, slotB) => {
    const hasA = read(partA, slotA, a);
    const hasB = read(partB, slotB, b);
    if (!hasA || !hasB) return hasA ? -1 : hasB ? 1 : 0;
    return sign * compareValues(a, b);
  };
}
