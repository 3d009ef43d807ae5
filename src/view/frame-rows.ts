/** Rows of frames: whole ones as an array or an object, changed ones as the cells that changed. */
import type { Table, TableSchema } from '../fabric/table.js';
import type { ColumnView } from '../snapshot/reader.js';
import { utf8Bytes, type ByteWriter } from './bytes.js';
import { writeJsonCell } from './cell.js';
import { STATUS_FIELD } from './frame-selection.js';
import type { RateFields } from './rate-fields.js';
import { writeJsonText } from './text.js';

const COMMA = 44;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

const STATUS_NAME = utf8Bytes(`${JSON.stringify(STATUS_FIELD)}:`);

const names = new WeakMap<TableSchema, Uint8Array[]>();

/** By table column: its name as a JSON string with a colon. Made once a schema. */
export function columnNames(schema: TableSchema): readonly Uint8Array[] {
  let known = names.get(schema);
  if (!known) {
    known = schema.columns.map(({ name }) => utf8Bytes(`${JSON.stringify(name)}:`));
    names.set(schema, known);
  }
  return known;
}

/** The same where columns were asked for by the names `fields`, some of which may be aliases. */
export function fieldNames(
  schema: TableSchema,
  columns: readonly number[],
  fields: readonly string[],
): readonly Uint8Array[] {
  const own = columnNames(schema);
  if (fields.every((name, i) => schema.columns[columns[i]!]!.name === name)) return own;
  const asked = [...own];
  fields.forEach((name, i) => (asked[columns[i]!] = utf8Bytes(`${JSON.stringify(name)}:`)));
  return asked;
}

/** Writes rows of one table and one list of columns; counts what it wrote. */
export class RowWriter {
  readonly #table: Table;
  readonly #columns: readonly number[];
  /** Per part, once it was needed: where the cells of `columns` are. */
  readonly #views: (ColumnView | undefined)[][] = [];
  readonly #names: readonly Uint8Array[];
  readonly #int64AsString: boolean;
  readonly #rates: RateFields | null;
  cells = 0;
  rows = 0;
  /** Bytes of the values alone, and of the keys alone: what a snapshot would also have. */
  valueBytes = 0;
  keyBytes = 0;

  /** `names` by table column, with quotes and colon; `rates` of the same columns, when deltas or rates are sent. */
  constructor(
    table: Table,
    columns: readonly number[],
    int64AsString: boolean,
    names = columnNames(table.schema),
    rates: RateFields | null = null,
  ) {
    this.#rates = rates;
    this.#table = table;
    this.#columns = columns;
    this.#int64AsString = int64AsString;
    this.#names = names;
  }

  #viewsOf(part: number): readonly (ColumnView | undefined)[] {
    return (this.#views[part] ??= this.#columns.map((column) => this.#table.columnView(column, part)));
  }

  writeKey(out: ByteWriter, part: number, slot: number): void {
    const { reader } = this.#table.parts[part]!;
    const before = out.at;
    writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
    this.keyBytes += out.at - before;
    this.rows++;
  }

  /** `["sw-000",34.1,null]`; with rates, the statuses stand last. */
  writeArray(out: ByteWriter, part: number, slot: number): void {
    const { reader } = this.#table.parts[part]!;
    out.byte(OPEN_ARRAY);
    this.writeKey(out, part, slot);
    if (this.#rates) {
      this.#writeRates(out, this.#rates, part, slot, null);
      return;
    }
    for (const view of this.#viewsOf(part)) {
      out.byte(COMMA);
      writeJsonCell(out, reader, view, slot, this.#int64AsString);
    }
    out.byte(CLOSE_ARRAY);
    this.cells += this.#columns.length;
  }

  /** `["sw-000",{"cpu_util_pct":34.1,"temp_c":null}]` with every selected column. */
  writeWhole(out: ByteWriter, part: number, slot: number): void {
    if (this.#rates) {
      out.byte(OPEN_ARRAY);
      this.writeKey(out, part, slot);
      this.#writeRates(out, this.#rates, part, slot, this.#names);
      return;
    }
    this.writeObject(out, part, slot, this.#columns, this.#columns.length);
  }

  /** Deltas or rates of a row whose key is written: bare values, or an object when names are given. */
  #writeRates(
    out: ByteWriter,
    rates: RateFields,
    part: number,
    slot: number,
    names: readonly Uint8Array[] | null,
  ): void {
    const before = out.at;
    out.byte(COMMA);
    if (names) out.byte(OPEN_OBJECT);
    this.#columns.forEach((column, i) => {
      if (i > 0) out.byte(COMMA);
      if (names) out.append(names[column]!);
      rates.writeJson(out, i, part, slot);
    });
    if (this.#columns.length > 0) out.byte(COMMA);
    if (names) out.append(STATUS_NAME);
    rates.writeRowStatus(out);
    if (names) out.byte(CLOSE_OBJECT);
    out.byte(CLOSE_ARRAY);
    this.cells += this.#columns.length;
    this.valueBytes += out.at - before;
  }

  /** The same with columns[from ... end - 1] only. */
  writeObject(
    out: ByteWriter,
    part: number,
    slot: number,
    columns: ArrayLike<number>,
    end: number,
    from = 0,
  ): void {
    const { reader } = this.#table.parts[part]!;
    out.byte(OPEN_ARRAY);
    this.writeKey(out, part, slot);
    out.byte(COMMA);
    out.byte(OPEN_OBJECT);
    for (let i = from; i < end; i++) {
      const column = columns[i]!;
      if (i > from) out.byte(COMMA);
      out.append(this.#names[column]!);
      const before = out.at;
      writeJsonCell(out, reader, this.#table.columnView(column, part), slot, this.#int64AsString);
      this.valueBytes += out.at - before;
    }
    out.byte(CLOSE_OBJECT);
    out.byte(CLOSE_ARRAY);
    this.cells += end - from;
  }
}
