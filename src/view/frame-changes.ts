/**
 * The changes of a selection: rows named one by one are looked up, the others come from a run over
 * the change bitmaps. A subscriber of one switch must not cost a look at all of them.
 */
import { changedCellsMax, visitChanges, type ChangeVisitor } from '../fabric/changes.js';
import type { RowAddress, Table } from '../fabric/table.js';
import { otherSpellings, rowFilter, type RowSelector } from '../query/selector.js';
import type { ChangeSet } from '../snapshot/changes.js';
import { sliceOf, type FrameSelection } from './frame-selection.js';

/** What changed in each part; null: nothing. */
export type Sets = readonly (ChangeSet | null)[];

function bit(word: number, slot: number): boolean {
  return ((word >>> (slot & 31)) & 1) === 1;
}

/** Of the one frame that a thread makes at a time. */
let scratch = new Int32Array(256);

/** Reports changes of single rows, under the same rules as `visitChanges`. */
class KeyChanges {
  readonly #table: Table;
  readonly #sets: Sets;
  readonly #columns: readonly number[];
  readonly #visitor: ChangeVisitor;
  readonly #changed: Int32Array;
  readonly #at: RowAddress = { part: 0, slot: -1 };

  constructor(table: Table, sets: Sets, columns: readonly number[], visitor: ChangeVisitor) {
    this.#table = table;
    this.#sets = sets;
    this.#columns = columns;
    this.#visitor = visitor;
    if (scratch.length < columns.length) scratch = new Int32Array(columns.length);
    this.#changed = scratch;
  }

  /** False when no part has ever seen the key. */
  visit(key: string): boolean {
    let part = -1;
    let slot = -1;
    let holders = 0;
    let concerned = false;
    for (let p = 0; p < this.#table.parts.length; p++) {
      const found = this.#table.parts[p]!.reader.findKey(key);
      if (found < 0) continue;
      holders++;
      if (holders === 1 || this.#concerns(p, found)) {
        part = p;
        slot = found;
      }
      concerned ||= this.#concerns(p, found);
    }
    if (!concerned) return holders > 0;
    if (holders === 1) this.#own(part, slot);
    else if (this.#table.find(key, this.#at)) this.#visitor.whole(this.#at.part, this.#at.slot);
    else this.#visitor.removed(part, slot);
    return true;
  }

  /** Whether the part published since and holds the row, or did. */
  #concerns(part: number, slot: number): boolean {
    const set = this.#sets[part];
    if (!set) return false;
    const { reader, bank } = this.#table.parts[part]!;
    if (bit(set.touchedBits(slot >> 5), slot)) return true;
    return this.#table.parts.length > 1 && reader.isPresent(bank, slot);
  }

  /** A row that one part alone has ever seen. */
  #own(p: number, slot: number): void {
    const set = this.#sets[p]!;
    const { reader, bank } = this.#table.parts[p]!;
    const word = slot >> 5;
    const present = reader.isPresent(bank, slot);
    if (bit(set.memberBits(word), slot)) {
      if (present) this.#visitor.whole(p, slot);
      else this.#visitor.removed(p, slot);
      return;
    }
    if (!present) return;
    let count = 0;
    for (const column of this.#columns) {
      const c = this.#table.schema.columns[column]!.inPart[p]!;
      if (c >= 0 && bit(set.cellBits(c, word), slot)) this.#changed[count++] = column;
    }
    if (count > 0) this.#visitor.cells(p, slot, this.#changed, count);
  }
}

/** Visits the changes of the selected rows since `sets` were taken. */
export function visitSelected(
  table: Table,
  sets: Sets,
  columns: readonly number[],
  rows: RowSelector | null,
  visitor: ChangeVisitor,
): void {
  if (rows === null || rows.prefixes.length > 0) {
    visitChanges(table, sets, columns, rowFilter(table, rows), visitor);
    return;
  }
  const changes = new KeyChanges(table, sets, columns, visitor);
  const absent = rows.exact.filter((key) => !changes.visit(key));
  for (const key of otherSpellings(table, absent, rows)) changes.visit(key);
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
  sets: Sets | null,
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
    return ((scans ? slots : keys) * looks) / 2 + Math.min(table.rowsMax, slice.limit ?? Infinity) * columns;
  }
  if (!sets) return scans ? table.rowsMax * columns + slots / KEYS_PER_CELL : named;
  const changed = changedCellsMax(table, sets, columns) + keys;
  if (!scans) return Math.min(named, changed);
  // A prefix is compared with every key; change bitmaps are read 32 rows at a time.
  return changed + slots / (prefixed ? KEYS_PER_CELL : KEYS_PER_CELL * 32);
}
