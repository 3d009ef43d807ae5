/**
 * What differs between a table and an earlier version of it, row by row. Runs on main for small
 * diffs and in workers for the others. Unchanged cells may be reported; none is missed.
 */
import { bug } from '../model/errors.js';
import { parseSnapshotId } from '../model/ids.js';
import { lowestBit } from '../snapshot/bits.js';
import { ChangeSet } from '../snapshot/change-set.js';
import { ChangedCells } from './changed-cells.js';
import type { RowAddress, Table } from './table.js';

/** Per part: the version that the subscriber has, of the generation that the part has now. */
export type SinceVersions = readonly number[];

export interface ChangeVisitor {
  /** Cells of a row that was there before: table column indices in columns[0 ... count - 1]. */
  cells(part: number, slot: number, columns: Int32Array, count: number): void;
  /** A row to send whole: new, or served by another part than before. */
  whole(part: number, slot: number): void;
  /** The row of this key (of `part`'s `slot`) is gone. */
  removed(part: number, slot: number): void;
}

/** True for rows that belong to the selection. Looks at the key only. */
export type RowFilter = (part: number, slot: number) => boolean;

/** Of a table: what was asked for last. Most clients have the same versions, in the same array. */
const asked = new WeakMap<Table, { readonly since: SinceVersions; readonly sets: ChangeSets | undefined }>();

/** Undefined when a part's change ring no longer reaches back to `since`, which must not be changed. */
export function changeSets(table: Table, since: SinceVersions): ChangeSets | undefined {
  const last = asked.get(table);
  if (last?.since === since) return last.sets;
  const sets = setsBetween(table, since);
  asked.set(table, { since, sets });
  return sets;
}

function setsBetween(table: Table, since: SinceVersions): ChangeSets | undefined {
  const sets: (ChangeSet | null)[] = [];
  for (let p = 0; p < table.parts.length; p++) {
    const part = table.parts[p]!;
    if (since[p] === part.bank.version) {
      sets.push(null);
      continue;
    }
    const set = ChangeSet.between(part.ref.segment, since[p]!, part.bank.version);
    if (!set) return undefined;
    sets.push(set);
  }
  return sets;
}

/** What changed in each part, as changeSets gives it; null: nothing. */
export type ChangeSets = readonly (ChangeSet | null)[];

/**
 * The fabric version that the sets were taken from: since then each publish moved one part's version
 * by one, because all generations are the same.
 */
function fabricVersions(table: Table, sets: ChangeSets): { readonly since: number; readonly now: number } {
  const now = parseSnapshotId(table.snapshotId)?.fabricVersion ?? bug('a table without a snapshot id');
  let publishes = 0;
  for (const set of sets) publishes += set ? set.now - set.since : 0;
  return { since: now - publishes, now };
}

/** Upper bound of the cells a diff of these columns sends. Cheap: reads counters only. */
export function changedCellsMax(table: Table, sets: ChangeSets, columns: number): number {
  let cells = 0;
  for (const set of sets) if (set) cells += set.changedCellsMax + set.memberChangesMax * columns;
  if (!table.index) return cells;
  const { since, now } = fabricVersions(table, sets);
  return cells + table.index.ownerChangesMax(since, now) * columns;
}

/** Where the changed columns of one row are put. One run over changes at a time. */
const rooms = new WeakMap<readonly number[], Int32Array>();

function roomFor(columns: readonly number[]): Int32Array {
  let room = rooms.get(columns);
  if (room === undefined) rooms.set(columns, (room = new Int32Array(columns.length)));
  return room;
}

/** Reports the changes of single rows. Ask for each row once. */
export class RowChanges {
  readonly #table: Table;
  readonly #sets: ChangeSets;
  readonly #columns: readonly number[];
  readonly #visitor: ChangeVisitor;
  readonly #allRows: boolean;
  readonly #changed: Int32Array;
  readonly #since: number;
  readonly #owner: RowAddress = { part: 0, slot: -1 };
  /** Per part: the word of touched bits that was asked for last. */
  readonly #word: number[];
  readonly #touched: number[];
  /** Per part, once it was needed. */
  readonly #cells: (ChangedCells | undefined)[] = [];

  /** `allRows`: most rows will be asked for, in their order. */
  constructor(
    table: Table,
    sets: ChangeSets,
    columns: readonly number[],
    visitor: ChangeVisitor,
    allRows = false,
  ) {
    this.#allRows = allRows;
    this.#table = table;
    this.#sets = sets;
    this.#columns = columns;
    this.#visitor = visitor;
    this.#changed = roomFor(columns);
    this.#since = table.index ? fabricVersions(table, sets).since : 0;
    this.#word = sets.map(() => -1);
    this.#touched = sets.map(() => 0);
  }

  #isTouched(part: number, slot: number): boolean {
    const word = slot >> 5;
    if (this.#word[part] !== word) {
      this.#word[part] = word;
      this.#touched[part] = this.#sets[part]?.touchedBits(word) ?? 0;
    }
    return ((this.#touched[part]! >>> (slot & 31)) & 1) === 1;
  }

  /** True when the row of a key that `part` knows may differ. */
  concerns(part: number, slot: number): boolean {
    const { index } = this.#table;
    if (!index?.isShared(part, slot)) return this.#isTouched(part, slot);
    const row = index.rowOf(part, slot);
    if (index.changedAt(row) > this.#since) return true;
    for (let p = 0; p < index.parts; p++) {
      const found = index.slotOf(row, p);
      if (found >= 0 && this.#isTouched(p, found)) return true;
    }
    return false;
  }

  /** Tells the visitor how the row of a key that `part` knows differs, if it concerns it. */
  visit(part: number, slot: number): void {
    const { index } = this.#table;
    if (!index?.isShared(part, slot)) return this.#own(part, slot);
    const owner = this.#owner;
    const found = this.#table.findSame(part, slot, owner);
    // The part that serves it has been the same: what it says has changed is all that has.
    if (index.changedAt(index.rowOf(part, slot)) <= this.#since) {
      if (found) this.#own(owner.part, owner.slot);
    } else if (found) this.#visitor.whole(owner.part, owner.slot);
    else this.#visitor.removed(part, slot);
  }

  #cellsOf(part: number, set: ChangeSet): ChangedCells {
    return new ChangedCells(this.#table, set, part, this.#columns, this.#allRows);
  }

  #own(part: number, slot: number): void {
    const set = this.#sets[part];
    if (!set || !this.#isTouched(part, slot)) return;
    const { reader, bank } = this.#table.parts[part]!;
    const word = slot >> 5;
    const present = reader.isPresent(bank, slot);
    if ((set.memberBits(word) >>> (slot & 31)) & 1) {
      if (present) this.#visitor.whole(part, slot);
      else this.#visitor.removed(part, slot);
      return;
    }
    if (!present) return;
    const changed = this.#changed;
    const count = (this.#cells[part] ??= this.#cellsOf(part, set)).of(slot, changed);
    if (count > 0) this.#visitor.cells(part, slot, changed, count);
  }
}

/**
 * Visits every change since `sets` were taken, of the rows that `filter` admits (null: all) and
 * the table columns named. Order: part, then slot, of the first part that knows the key.
 */
export function visitChanges(
  table: Table,
  sets: ChangeSets,
  columns: readonly number[],
  filter: RowFilter | null,
  visitor: ChangeVisitor,
): void {
  const { index } = table;
  const changes = new RowChanges(table, sets, columns, visitor, filter === null);
  for (let p = 0; p < table.parts.length; p++) {
    const set = sets[p];
    const words = Math.ceil(table.parts[p]!.bank.slots / 32);
    for (let w = 0; w < words; w++) {
      const shared = index?.sharedBits(p, w) ?? 0;
      let bits = shared | (set ? set.touchedBits(w) : 0);
      while (bits !== 0) {
        const slot = w * 32 + lowestBit(bits);
        const isShared = (shared & bits & -bits) !== 0;
        bits &= bits - 1;
        if (isShared && (index!.firstPart(index!.rowOf(p, slot)) !== p || !changes.concerns(p, slot)))
          continue;
        if (filter === null || filter(p, slot)) changes.visit(p, slot);
      }
    }
  }
}
