/** Which rows of a table, in which order: the one way from a selection to its rows. Any thread. */
import type { RowFilter } from '../fabric/changes.js';
import type { RateView } from '../model/rates.js';
import type { RowAddress, Table } from '../fabric/table.js';
import { keyOrder } from './key-order.js';
import type { RowVisitor } from './row-visitor.js';
import { exactRows, rowFilter, type RowSelector } from './selector.js';
import { compileSort, type SortKey } from './sort.js';
import { KEY_FIELD } from './tokens.js';
import { TopRows } from './top-rows.js';
import { compileWhere, type Where } from './where.js';

/** Plain data that crosses threads. */
export interface Slice {
  /** null: all rows. */
  readonly rows: RowSelector | null;
  /** null: all rows. */
  readonly where: Where | null;
  /** Empty: the table's order. */
  readonly sort: readonly SortKey[];
  /** Numbers of `sort` are deltas or rates; null or absent: values. */
  readonly view?: RateView | null;
  /** Rows left out at the beginning. */
  readonly offset: number;
  /** null: to the end. */
  readonly limit: number | null;
}

/** Every row of a table in its order. */
export const ALL_ROWS: Slice = { rows: null, where: null, sort: [], offset: 0, limit: null };

/** Counts the rows admitted and hands on those of the range. */
class Pager {
  total = 0;
  readonly #offset: number;
  readonly #end: number;
  readonly #visit: RowVisitor;

  constructor({ offset, limit }: Slice, visit: RowVisitor) {
    this.#offset = offset;
    this.#end = limit === null ? Infinity : offset + limit;
    this.#visit = visit;
  }

  take(part: number, slot: number): void {
    if (this.total >= this.#offset && this.total < this.#end) this.#visit(part, slot);
    this.total++;
  }

  get past(): boolean {
    return this.total >= this.#end;
  }
}

/** Both filters as one; null: all rows. */
function filterOf(table: Table, slice: Slice, agesMs: readonly number[] | undefined): RowFilter | null {
  const rows = rowFilter(table, slice.rows);
  if (slice.where === null) return rows;
  const where = compileWhere(table, slice.where, agesMs);
  return rows === null ? where : (part, slot) => rows(part, slot) && where(part, slot);
}

/** All rows in the order of their keys' bytes, from an order that is kept between versions. */
function forEachByKey(table: Table, descending: boolean, visit: RowVisitor): void {
  const { parts, slots } = keyOrder(table);
  const several = table.parts.length > 1;
  const owner: RowAddress = { part: 0, slot: -1 };
  for (let i = 0; i < slots.length; i++) {
    const at = descending ? slots.length - 1 - i : i;
    owner.part = parts[at]!;
    owner.slot = slots[at]!;
    const { reader, bank } = table.parts[owner.part]!;
    if (several) {
      if (!table.findSame(owner.part, owner.slot, owner)) continue;
    } else if (!reader.isPresent(bank, owner.slot)) continue;
    visit(owner.part, owner.slot);
  }
}

/** The rows that the selector names, in the table's order; `visit` returns false to stop. */
function forEachSelected(
  table: Table,
  slice: Slice,
  agesMs: readonly number[] | undefined,
  visit: (part: number, slot: number) => boolean,
): void {
  const exact = exactRows(table, slice.rows);
  if (exact === null) {
    const filter = filterOf(table, slice, agesMs);
    table.forEachRow((part, slot) => (filter === null || filter(part, slot) ? visit(part, slot) : true));
    return;
  }
  const filter = filterOf(table, { ...slice, rows: null }, agesMs);
  for (const { part, slot } of exact) {
    if ((filter === null || filter(part, slot)) && !visit(part, slot)) return;
  }
}

function visitSorted(
  table: Table,
  slice: Slice,
  agesMs: readonly number[] | undefined,
  visit: RowVisitor,
): number {
  const [first] = slice.sort;
  const lookups = slice.rows !== null && slice.rows.prefixes.length === 0;
  if (first?.field === KEY_FIELD && !lookups) {
    // Keys are unique: nothing behind this key could matter, but mistakes there are still told.
    compileSort(table, slice.sort, agesMs, slice.view);
    const pager = new Pager(slice, visit);
    const filter = filterOf(table, slice, agesMs);
    forEachByKey(table, first.descending, (part, slot) => {
      if (filter === null || filter(part, slot)) pager.take(part, slot);
    });
    return pager.total;
  }
  const top = new TopRows(compileSort(table, slice.sort, agesMs, slice.view), slice);
  forEachSelected(table, slice, agesMs, (part, slot) => {
    top.take(part, slot);
    return true;
  });
  top.visit(visit);
  return top.total;
}

/**
 * Visits the rows of a slice in its order; returns how many rows the filters admit in all. Exact
 * keys cost a lookup each, anything else one pass over the slots; a sort with a limit keeps only
 * the best rows so far. `agesMs`: age of each part's data, for `@age_ms`; without it that is
 * refused. Throws unknown_metric or bad_value, as compileWhere and compileSort.
 */
export function visitSlice(
  table: Table,
  slice: Slice,
  visit: RowVisitor,
  agesMs?: readonly number[],
): number {
  if (slice.sort.length > 0) return visitSorted(table, slice, agesMs, visit);
  const pager = new Pager(slice, visit);
  // The count of all rows is known without a pass.
  const countKnown = slice.rows === null && slice.where === null;
  forEachSelected(table, slice, agesMs, (part, slot) => {
    pager.take(part, slot);
    return !(countKnown && pager.past);
  });
  return countKnown ? table.rowsTotal : pager.total;
}

/** Throws what visitSlice would, without looking at a row. Cheap. */
export function checkSlice(table: Table, slice: Slice, agesMs?: readonly number[]): void {
  if (slice.where !== null) compileWhere(table, slice.where, agesMs);
  compileSort(table, slice.sort, agesMs, slice.view);
}
