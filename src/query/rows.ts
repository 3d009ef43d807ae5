/** The rows of a selection in a stable order, one page of them or all. Any thread. */
import type { RowAddress, Table } from '../fabric/table.js';
import { keyOrder } from './key-order.js';
import { exactRows, rowFilter, type RowSelector } from './selector.js';

export interface RowRange {
  readonly offset: number;
  /** null: to the end. */
  readonly limit: number | null;
}

export type RowVisitor = (part: number, slot: number) => void;

/** Counts the rows selected and hands on those of the range. */
class Pager {
  total = 0;
  readonly #offset: number;
  readonly #end: number;
  readonly #visit: RowVisitor;

  constructor(range: RowRange, visit: RowVisitor) {
    this.#offset = range.offset;
    this.#end = range.limit === null ? Infinity : range.offset + range.limit;
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

/**
 * Visits the rows of `range` in the table's order; returns how many the selector admits in all.
 * Exact keys cost a lookup each; anything else one pass over the slots.
 */
export function visitRows(
  table: Table,
  selector: RowSelector | null,
  range: RowRange,
  visit: RowVisitor,
): number {
  const pager = new Pager(range, visit);
  const exact = exactRows(table, selector);
  if (exact) {
    for (const { part, slot } of exact) pager.take(part, slot);
    return pager.total;
  }
  const filter = rowFilter(table, selector);
  // The count of all rows is known without a pass when no row can be in two parts.
  const countKnown = filter === null && table.parts.length === 1;
  table.forEachRow((part, slot) => {
    if (filter === null || filter(part, slot)) pager.take(part, slot);
    return !(countKnown && pager.past);
  });
  return countKnown ? table.rowsMax : pager.total;
}

/** The same in the order of the keys' bytes. */
export function visitRowsByKey(
  table: Table,
  selector: RowSelector | null,
  range: RowRange,
  visit: RowVisitor,
): number {
  const pager = new Pager(range, visit);
  const filter = rowFilter(table, selector);
  const { parts, slots } = keyOrder(table);
  const several = table.parts.length > 1;
  const owner: RowAddress = { part: 0, slot: -1 };
  for (let i = 0; i < slots.length; i++) {
    owner.part = parts[i]!;
    owner.slot = slots[i]!;
    const { reader, bank } = table.parts[owner.part]!;
    if (several) {
      if (!table.findSame(owner.part, owner.slot, owner)) continue;
    } else if (!reader.isPresent(bank, owner.slot)) continue;
    if (filter === null || filter(owner.part, owner.slot)) pager.take(owner.part, owner.slot);
  }
  return pager.total;
}
