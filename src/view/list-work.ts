/** What list bodies and pages of a cursor have in common: which of them main makes, and which names must be there. */
import { LIST_CELLS_INLINE_MAX } from '../model/limits.js';
import type { RowAddress, Table } from '../fabric/table.js';
import type { ListSelection } from '../query/list-query.js';
import { findRow } from '../query/keys.js';
import { unknownSwitch } from '../query/selector.js';
import { checkSlice } from '../query/slice.js';
import { resolveFields, type Field } from './listing.js';

/** True when encoding costs the main thread no more than a few row scans and LIST_CELLS_INLINE_MAX cells. */
export function isSmall(table: Table, selection: ListSelection, fields: number): boolean {
  const { rows, where, sort, offset, limit } = selection;
  const end = limit === null ? Infinity : offset + limit;
  const slots = table.parts.reduce((sum, part) => sum + part.bank.slots, 0);
  const clauses = where?.clauses.length ?? 0;
  // A filter, a sort or a second part make it look at every slot, whatever the limit.
  const stopsEarly = rows === null && clauses + sort.length === 0;
  const lookups = rows !== null && rows.prefixes.length === 0;
  let visited = stopsEarly ? Math.min(slots, end) : slots;
  if (lookups) visited = rows.exact.length;
  const returned = Math.min(visited, limit ?? Infinity);
  return (
    visited * Math.max(1, clauses + sort.length) <= LIST_CELLS_INLINE_MAX &&
    returned * Math.max(1, fields) <= LIST_CELLS_INLINE_MAX
  );
}

/**
 * The fields of a selection. Throws unknown_metric, unknown_switch or bad_value, as encoding it
 * would: those come before a job, and before a 304.
 */
export function requireNames(table: Table, selection: ListSelection): readonly Field[] {
  const fields = resolveFields(table, selection);
  const row: RowAddress = { part: 0, slot: -1 };
  for (const id of selection.rows?.exact ?? []) if (!findRow(table, id, row)) throw unknownSwitch(id);
  checkSlice(table, selection, []);
  return fields;
}
