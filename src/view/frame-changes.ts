/**
 * The changes of a selection: rows named one by one are looked up, the others come from a run over
 * the change bitmaps. A subscriber of one switch must not cost a look at all of them.
 */
import {
  changedCellsMax,
  RowChanges,
  visitChanges,
  type ChangeSets,
  type ChangeVisitor,
} from '../fabric/changes.js';
import type { RowAddress, Table } from '../fabric/table.js';
import type { SelectedSlots } from '../query/selected-slots.js';
import { otherSpellings, rowFilter, type RowSelector } from '../query/selector.js';
import { sliceOf, type FrameSelection } from './frame-selection.js';

/** Visits the changes of the selected rows since `sets` were taken. `slots`: of the rows, where they are known. */
export function visitSelected(
  table: Table,
  sets: ChangeSets,
  columns: readonly number[],
  rows: RowSelector | null,
  slots: SelectedSlots | null,
  visitor: ChangeVisitor,
): void {
  if (slots !== null) {
    const changes = new RowChanges(table, sets, columns, visitor);
    for (const slot of slots.named ?? slots.slots) changes.visit(0, slot);
    return;
  }
  if (rows === null || rows.prefixes.length > 0) {
    visitChanges(table, sets, columns, rowFilter(table, rows), visitor);
    return;
  }
  const changes = new RowChanges(table, sets, columns, visitor);
  const at: RowAddress = { part: 0, slot: -1 };
  const visit = (key: string): boolean => {
    if (!table.seek(key, at)) return false;
    changes.visit(at.part, at.slot);
    return true;
  };
  const absent = rows.exact.filter((key) => !visit(key));
  for (const key of otherSpellings(table, absent, rows)) visit(key);
}

/** Keys that a scan looks at in the time that one cell takes to encode, about. */
const KEYS_PER_CELL = 8;

/**
 * Upper bound of the work of one frame, in cells. Cheap: reads counters, no rows. What is above
 * DIFF_CELLS_INLINE_MAX belongs in a worker. `sets` null: a snapshot.
 */
export function frameCellsMax(
  table: Table,
  selection: FrameSelection,
  fields: number,
  sets: ChangeSets | null,
): number {
  const { rows } = selection;
  // A row without selected cells is still a row to look at.
  const columns = Math.max(1, fields);
  const keys = rows?.exact.length ?? 0;
  const prefixed = rows !== null && rows.prefixes.length > 0;
  const scans = rows === null || prefixed;
  const named = keys * columns;
  // Slots of rows that vanished are looked at, too.
  const slots = table.parts.reduce((sum, part) => sum + part.bank.slots, 0);
  const slice = sliceOf(selection);
  if (slice) {
    // Every row is looked at, and as many as may have come in are sent whole.
    const looks = 1 + (slice.where?.clauses.length ?? 0) + slice.sort.length;
    return (
      ((scans ? slots : keys) * looks) / 2 + Math.min(table.rowsTotal, slice.limit ?? Infinity) * columns
    );
  }
  if (!sets) return scans ? table.rowsTotal * columns + slots / KEYS_PER_CELL : named;
  const changed = changedCellsMax(table, sets, columns) + keys;
  if (!scans) return Math.min(named, changed);
  // A prefix is compared with every key; change bitmaps are read 32 rows at a time.
  return changed + slots / (prefixed ? KEYS_PER_CELL : KEYS_PER_CELL * 32);
}
