/**
 * Which cells of a row have changed. Bitmaps lie column by column, rows are asked for: the bits of 32
 * rows are turned at once, so that a scan costs as much as there are changes.
 */
import { lowestBit } from '../snapshot/bits.js';
import type { ChangeSet } from '../snapshot/change-set.js';
import type { Table, TableSchema } from './table.js';

/** What a run over the changes of a list of columns needs: kept with the list, for the next one. */
interface Room {
  readonly schema: TableSchema;
  readonly part: number;
  /** Where the part has the columns. */
  readonly inPart: Int32Array;
  /** Columns with changes, and their bits. */
  readonly columns: Int32Array;
  readonly bits: Int32Array;
  readonly rowCounts: Int32Array;
}

const rooms = new WeakMap<readonly number[], Room>();

function roomFor(schema: TableSchema, part: number, columns: readonly number[]): Room {
  const known = rooms.get(columns);
  if (known?.schema === schema && known.part === part) return known;
  const room = {
    schema,
    part,
    inPart: Int32Array.from(columns, (column) => schema.columns[column]!.inPart[part]!),
    columns: new Int32Array(columns.length),
    bits: new Int32Array(columns.length),
    rowCounts: new Int32Array(32),
  };
  rooms.set(columns, room);
  return room;
}

/** Of one part and a list of table columns, read 32 rows at a time. One run of a part and list at a time. */
export class ChangedCells {
  /** Columns with changes, and their bits: `#count` of them. */
  readonly #columns: Int32Array;
  readonly #bits: Int32Array;
  #count = 0;
  /** By row of the word, when all of them are asked for: its columns, and how many. */
  readonly #rows: Int32Array | null;
  readonly #rowCounts: Int32Array;
  readonly #set: ChangeSet;
  readonly #wanted: readonly number[];
  /** Where the part has them. */
  readonly #inPart: Int32Array;
  #word = -1;

  constructor(table: Table, set: ChangeSet, part: number, columns: readonly number[], allRows: boolean) {
    const room = roomFor(table.schema, part, columns);
    this.#set = set;
    this.#wanted = columns;
    this.#inPart = room.inPart;
    this.#columns = room.columns;
    this.#bits = room.bits;
    this.#rowCounts = room.rowCounts;
    this.#rows = allRows ? new Int32Array(columns.length * 32) : null;
  }

  /** The changed columns of a row, into the beginning of `into`; returns how many. */
  of(slot: number, into: Int32Array): number {
    if (slot >> 5 !== this.#word) this.#load(slot >> 5);
    if (this.#rows === null) return this.#pick(1 << (slot & 31), into);
    const start = (slot & 31) * this.#wanted.length;
    const count = this.#rowCounts[slot & 31]!;
    for (let i = 0; i < count; i++) into[i] = this.#rows[start + i]!;
    return count;
  }

  #pick(mask: number, into: Int32Array): number {
    let count = 0;
    for (let k = 0; k < this.#count; k++) {
      if ((this.#bits[k]! & mask) !== 0) into[count++] = this.#columns[k]!;
    }
    return count;
  }

  #load(word: number): void {
    this.#word = word;
    const bits = this.#bits;
    this.#set.cellBitsOf(this.#inPart, word, bits);
    let count = 0;
    for (let k = 0; k < bits.length; k++) {
      if (bits[k] === 0) continue;
      bits[count] = bits[k]!;
      this.#columns[count++] = this.#wanted[k]!;
    }
    this.#count = count;
    if (this.#rows !== null) this.#sortByRow(this.#rows);
  }

  #sortByRow(rows: Int32Array): void {
    const width = this.#wanted.length;
    const counts = this.#rowCounts.fill(0);
    for (let k = 0; k < this.#count; k++) {
      const column = this.#columns[k]!;
      for (let rest = this.#bits[k]!; rest !== 0; rest &= rest - 1) {
        const r = lowestBit(rest);
        rows[r * width + counts[r]!++] = column;
      }
    }
  }
}
