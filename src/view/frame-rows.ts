/** Rows of frames: whole ones as an array or an object, changed ones as the cells that changed. */
import type { Table } from '../fabric/table.js';
import type { ColumnView } from '../snapshot/reader.js';
import { utf8Bytes, type ByteWriter } from './bytes.js';
import { writeJsonCell } from './cell.js';
import { writeJsonText } from './text.js';

const COMMA = 44;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Writes rows of one table and one list of columns; counts what it wrote. */
export class RowWriter {
  readonly #table: Table;
  readonly #columns: readonly number[];
  /** Per part, in the order of `columns`: where the cells are, undefined where the part lacks them. */
  readonly #views: readonly (readonly (ColumnView | undefined)[])[];
  /** By table column: `"name":`. */
  readonly #names: Uint8Array[] = [];
  readonly #int64AsString: boolean;
  cells = 0;
  rows = 0;
  /** Bytes of the values alone, and of the keys alone: what a snapshot would also have. */
  valueBytes = 0;
  keyBytes = 0;

  constructor(table: Table, columns: readonly number[], int64AsString: boolean) {
    this.#table = table;
    this.#columns = columns;
    this.#int64AsString = int64AsString;
    this.#views = table.parts.map((_, part) => columns.map((column) => table.columnView(column, part)));
    for (const column of columns) {
      this.#names[column] = utf8Bytes(`${JSON.stringify(table.schema.columns[column]!.name)}:`);
    }
  }

  writeKey(out: ByteWriter, part: number, slot: number): void {
    const { reader } = this.#table.parts[part]!;
    const before = out.at;
    writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
    this.keyBytes += out.at - before;
    this.rows++;
  }

  /** `["sw-000",34.1,null]` */
  writeArray(out: ByteWriter, part: number, slot: number): void {
    const { reader } = this.#table.parts[part]!;
    out.byte(OPEN_ARRAY);
    this.writeKey(out, part, slot);
    for (const view of this.#views[part]!) {
      out.byte(COMMA);
      writeJsonCell(out, reader, view, slot, this.#int64AsString);
    }
    out.byte(CLOSE_ARRAY);
    this.cells += this.#columns.length;
  }

  /** `["sw-000",{"cpu_util_pct":34.1,"temp_c":null}]` with every selected column. */
  writeWhole(out: ByteWriter, part: number, slot: number): void {
    this.writeObject(out, part, slot, this.#columns, this.#columns.length);
  }

  /** The same with columns[0 ... count - 1] only. */
  writeObject(out: ByteWriter, part: number, slot: number, columns: ArrayLike<number>, count: number): void {
    const { reader } = this.#table.parts[part]!;
    out.byte(OPEN_ARRAY);
    this.writeKey(out, part, slot);
    out.byte(COMMA);
    out.byte(OPEN_OBJECT);
    for (let i = 0; i < count; i++) {
      const column = columns[i]!;
      if (i > 0) out.byte(COMMA);
      out.append(this.#names[column]!);
      const before = out.at;
      writeJsonCell(out, reader, this.#table.columnView(column, part), slot, this.#int64AsString);
      this.valueBytes += out.at - before;
    }
    out.byte(CLOSE_OBJECT);
    out.byte(CLOSE_ARRAY);
    this.cells += count;
  }
}
