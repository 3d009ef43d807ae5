/**
 * What differs between a table and an earlier version of it, row by row. Runs on main for small
 * diffs and in workers for the others. Unchanged cells may be reported; none is missed.
 */
import { ChangeSet } from '../snapshot/changes.js';
import type { RowAddress, Table } from './table.js';

/** Per part: the version that the subscriber has, of the generation that the part has now. */
export type SinceVersions = readonly number[];

export interface ChangeVisitor {
  /** Cells of a row that was there before: table column indices in columns[0 ... count - 1]. */
  cells(part: number, slot: number, columns: Int32Array, count: number): void;
  /** A row to send whole: new, moved to another part, or shared by several. */
  whole(part: number, slot: number): void;
  /** The row of this key (of `part`'s `slot`) is gone. */
  removed(part: number, slot: number): void;
}

/** True for rows that belong to the selection. Looks at the key only. */
export type RowFilter = (part: number, slot: number) => boolean;

/** Undefined when a part's change ring no longer reaches back to `since`. */
export function changeSets(table: Table, since: SinceVersions): (ChangeSet | null)[] | undefined {
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

/** Upper bound of the cells a diff of these columns sends. Cheap: reads counters only. */
export function changedCellsMax(table: Table, sets: readonly (ChangeSet | null)[], columns: number): number {
  let cells = 0;
  sets.forEach((set, p) => {
    if (!set) return;
    cells += set.changedCellsMax + set.memberChangesMax * columns;
    // With several parts any row of a published one may be shared and sent whole.
    if (table.parts.length > 1) cells += table.parts[p]!.bank.rows * columns;
  });
  return cells;
}

/** One run over the changes of one part. */
class PartVisit {
  readonly #table: Table;
  readonly #sets: readonly (ChangeSet | null)[];
  readonly #columns: readonly number[];
  readonly #part: number;
  readonly #visitor: ChangeVisitor;
  readonly #changed: Int32Array;
  readonly #owner: RowAddress = { part: 0, slot: -1 };

  constructor(
    table: Table,
    sets: readonly (ChangeSet | null)[],
    columns: readonly number[],
    part: number,
    visitor: ChangeVisitor,
  ) {
    this.#table = table;
    this.#sets = sets;
    this.#columns = columns;
    this.#part = part;
    this.#visitor = visitor;
    this.#changed = new Int32Array(columns.length);
  }

  /** True when the visit of an earlier part came by this key: it was reported from there. */
  #reported(slot: number): boolean {
    const own = this.#table.parts[this.#part]!.reader;
    const start = own.keyStart(slot);
    const end = start + own.keyLength(slot);
    for (let p = 0; p < this.#part; p++) {
      const set = this.#sets[p];
      if (!set) continue;
      const { reader, bank } = this.#table.parts[p]!;
      const found = reader.findBytes(own.u8, start, end);
      if (found < 0) continue;
      if (reader.isPresent(bank, found) || (set.touchedBits(found >> 5) >>> (found & 31)) & 1) return true;
    }
    return false;
  }

  /** A row that another part has seen too: what the merged table says now is sent. */
  shared(slot: number): void {
    if (this.#reported(slot)) return;
    if (this.#table.findSame(this.#part, slot, this.#owner)) {
      this.#visitor.whole(this.#owner.part, this.#owner.slot);
    } else this.#visitor.removed(this.#part, slot);
  }

  /** A touched row that this part alone has ever seen. */
  own(slot: number, set: ChangeSet): void {
    const part = this.#table.parts[this.#part]!;
    const word = slot >> 5;
    const present = part.reader.isPresent(part.bank, slot);
    if ((set.memberBits(word) >>> (slot & 31)) & 1) {
      if (present) this.#visitor.whole(this.#part, slot);
      else this.#visitor.removed(this.#part, slot);
      return;
    }
    if (!present) return;
    let count = 0;
    for (const column of this.#columns) {
      const c = this.#table.schema.columns[column]!.inPart[this.#part]!;
      if (c >= 0 && (set.cellBits(c, word) >>> (slot & 31)) & 1) this.#changed[count++] = column;
    }
    if (count > 0) this.#visitor.cells(this.#part, slot, this.#changed, count);
  }
}

/**
 * Visits every change since `sets` were taken, of the rows that `filter` admits (null: all) and
 * the table columns named. Order: part, then slot.
 */
export function visitChanges(
  table: Table,
  sets: readonly (ChangeSet | null)[],
  columns: readonly number[],
  filter: RowFilter | null,
  visitor: ChangeVisitor,
): void {
  const several = table.parts.length > 1;
  for (let p = 0; p < table.parts.length; p++) {
    const set = sets[p];
    if (!set) continue;
    const visit = new PartVisit(table, sets, columns, p, visitor);
    const { reader, bank } = table.parts[p]!;
    const words = Math.ceil(bank.slots / 32);
    for (let w = 0; w < words; w++) {
      const touched = set.touchedBits(w);
      const present = reader.i32[bank.presenceWord + w]!;
      let bits = several ? touched | present : touched;
      while (bits !== 0) {
        const slot = w * 32 + (31 - Math.clz32(bits & -bits));
        bits &= bits - 1;
        if (filter && !filter(p, slot)) continue;
        if (several && table.isShared(p, slot)) visit.shared(slot);
        else if ((touched >>> (slot & 31)) & 1) visit.own(slot, set);
      }
    }
  }
}
