/**
 * The way from the rows that a slice held at one snapshot to those it holds now. Rows that came in
 * are sent whole, rows that went are removed, and of those that stayed what changed is sent.
 */
import { visitChanges, type ChangeSets, type ChangeVisitor } from '../fabric/changes.js';
import type { RowAddress, Table } from '../fabric/table.js';
import { visitSlice, type Slice } from '../query/slice.js';
import { eachMember, homeOf, isMember, MemberSet, type RowMembers } from './row-members.js';

/** Where a diff begins: the rows that the slice had, and what changed since. Of the same schema. */
export interface SliceSince {
  readonly members: RowMembers;
  readonly sets: ChangeSets;
}

/** The rows of a slice of one table: in their order, and as a set. */
export class SliceRows {
  readonly members: MemberSet;
  readonly #table: Table;
  readonly #parts: number[] = [];
  readonly #slots: number[] = [];

  /** Throws what the filter throws: unknown_metric, bad_value. */
  constructor(table: Table, slice: Slice) {
    this.#table = table;
    this.members = new MemberSet(table);
    const home: RowAddress = { part: 0, slot: -1 };
    visitSlice(table, slice, (part, slot) => {
      this.#parts.push(part);
      this.#slots.push(slot);
      homeOf(table, part, slot, home);
      this.members.add(home.part, home.slot);
    });
  }

  get count(): number {
    return this.#slots.length;
  }

  /** In the slice's order. */
  forEach(visit: (part: number, slot: number) => void): void {
    this.#slots.forEach((slot, i) => visit(this.#parts[i]!, slot));
  }

  /**
   * Visits the way here. Of the rows that stayed, what changed in `columns` is reported; null: each
   * row whose source published since, for what moves without a changed cell.
   */
  visitChanges(since: SliceSince, columns: readonly number[] | null, visitor: ChangeVisitor): void {
    const table = this.#table;
    const now = this.members;
    const before = since.members;
    const home: RowAddress = { part: 0, slot: -1 };
    eachMember(before, (part, slot) => {
      if (isMember(now, part, slot)) return;
      homeOf(table, part, slot, home);
      // An earlier part has got to know the key meanwhile: the row is still here, and sent below.
      if (!isMember(now, home.part, home.slot)) visitor.removed(part, slot);
    });
    this.forEach((part, slot) => {
      homeOf(table, part, slot, home);
      const isNew = !isMember(before, home.part, home.slot);
      const isMoving = columns === null && (since.sets[part] !== null || table.isShared(part, slot));
      if (isNew || isMoving) visitor.whole(part, slot);
    });
    if (columns === null) return;
    const stayed = (part: number, slot: number): boolean => {
      homeOf(table, part, slot, home);
      return isMember(now, home.part, home.slot) && isMember(before, home.part, home.slot);
    };
    visitChanges(table, since.sets, columns, stayed, visitor);
  }
}
