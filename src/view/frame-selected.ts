/** The rows of one frame's selection: those of a slice, or those that keys name. */
import type { ChangeSets } from '../fabric/changes.js';
import type { Table } from '../fabric/table.js';
import type { RowVisitor } from '../query/row-visitor.js';
import { selectedSlots, type SelectedSlots } from '../query/selected-slots.js';
import type { RowSelector } from '../query/selector.js';
import { ALL_ROWS, visitSlice } from '../query/slice.js';
import { visitSelected } from './frame-changes.js';
import type { DiffWriter } from './frame-diff.js';
import { sliceOf, type FrameSelection } from './frame-selection.js';
import { SliceRows } from './frame-slice.js';
import type { MemberSet, RowMembers } from './row-members.js';

/** Where a diff begins: what changed since, and the rows that a slice had; null: not known, or no slice. */
export interface SelectedSince {
  readonly sets: ChangeSets;
  readonly members: RowMembers | null;
}

export class FrameSelected {
  readonly #table: Table;
  readonly #rows: RowSelector | null;
  readonly #isRates: boolean;
  /** null: keys alone decide which rows these are. */
  readonly #slice: SliceRows | null;
  /** Of `#rows`; null: they are looked for. */
  readonly #slots: SelectedSlots | null;
  #counted: number | null = null;

  /** Throws what a filter throws: unknown_metric, bad_value. `key` names the selection among all of this thread. */
  constructor(table: Table, selection: FrameSelection, key: string | undefined) {
    const { rows } = selection;
    this.#table = table;
    this.#rows = rows;
    this.#isRates = selection.view !== null;
    const slice = sliceOf(selection);
    this.#slice = slice && new SliceRows(table, slice);
    const isKept = slice === null && rows !== null && key !== undefined;
    this.#slots = isKept ? selectedSlots(table, rows, key) : null;
  }

  /** No selection of these has more rows. Cheap. */
  get most(): number {
    if (this.#slice) return this.#slice.count;
    if (this.#slots) return this.#slots.slots.length;
    const rows = this.#rows;
    return rows && rows.prefixes.length === 0 ? rows.exact.length : this.#table.rowsTotal;
  }

  get count(): number {
    return (this.#counted ??= this.#count());
  }

  #count(): number {
    if (this.#slice) return this.#slice.count;
    if (this.#rows === null) return this.#table.rowsTotal;
    let count = 0;
    this.forEach(() => count++);
    return count;
  }

  /** The rows of a slice; null for selections that are none. */
  get members(): MemberSet | null {
    return this.#slice?.members ?? null;
  }

  /** In the order of frames. */
  forEach(visit: RowVisitor): void {
    if (this.#slice) this.#slice.forEach(visit);
    else if (this.#slots) {
      const { reader, bank } = this.#table.parts[0]!;
      for (const slot of this.#slots.slots) if (reader.isPresent(bank, slot)) visit(0, slot);
    } else visitSlice(this.#table, { ...ALL_ROWS, rows: this.#rows }, visit);
  }

  visitChanges({ sets, members }: SelectedSince, columns: readonly number[], changes: DiffWriter): void {
    const slice = this.#slice;
    if (!slice) visitSelected(this.#table, sets, columns, this.#rows, this.#slots, changes);
    else if (members) slice.visitChanges({ members, sets }, this.#isRates ? null : columns, changes);
    else if (sets.some((set) => set !== null)) throw new Error('BUG: a diff of a slice, its rows unknown');
  }
}
