/** One selection over one table, resolved: what a View encodes. */
import type { Table } from '../fabric/table.js';
import type { ListSelection, ListShape } from '../query/list-query.js';
import { AGE_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD } from '../query/pseudo-fields.js';
import type { RowVisitor } from '../query/row-visitor.js';
import { resolveColumns } from '../query/selector.js';
import { visitSlice } from '../query/slice.js';
import type { ColumnView, SegmentReader } from '../snapshot/reader.js';
import type { ByteWriter } from './bytes.js';
import { writeCsvCell, writeJsonCell } from './cell.js';
import { writeIsoTime } from './time.js';

const PSEUDO_FIELDS = [AGE_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD];

/** Rows from whose size that of the body is guessed, and how much is added to the guess. */
const SAMPLE_ROWS = 64;
const SLACK = 1.06;

/** A column of the body: of the table, or a pseudo-column (`column` -1). */
export interface Field {
  readonly name: string;
  readonly column: number;
}

/** Member names of a row that a column must not repeat: what weft writes there wins. */
function reservedName(shape: ListShape, idHeader: string): (name: string) => boolean {
  if (shape === 'map') return (name) => name === 'timestamp';
  if (shape === 'envelope' || shape === 'ndjson') return (name) => name === idHeader;
  return () => false;
}

/** The body's columns in their order. Throws unknown_metric. */
export function resolveFields(table: Table, selection: ListSelection): Field[] {
  const { columns } = table.schema;
  const names = selection.fields ?? columns.map((column) => column.name);
  const reserved = reservedName(selection.shape, selection.idHeader);
  const fields: Field[] = [];
  for (const name of names) {
    if (PSEUDO_FIELDS.includes(name)) fields.push({ name, column: -1 });
    else {
      const [column] = resolveColumns(table, [name]) as [number];
      if (!reserved(name)) fields.push({ name, column });
    }
  }
  return fields;
}

/** Visits rows in their order; returns how many the selection has in all. */
export type RowSource = (visit: RowVisitor) => number;

export class Listing {
  readonly table: Table;
  readonly selection: ListSelection;
  readonly fields: readonly Field[];
  /** Per part: the view of each field, undefined where the part lacks it or the field is pseudo. */
  readonly #columns: readonly (readonly (ColumnView | undefined)[])[];
  readonly #agesMs: readonly number[];
  readonly #used: Uint8Array;
  readonly #rows: RowSource;

  /**
   * `agesMs`: age of each part's data, for `@age_ms`. `rows`: instead of those that the selection
   * names. Throws unknown_metric.
   */
  constructor(table: Table, selection: ListSelection, agesMs: readonly number[], rows?: RowSource) {
    this.table = table;
    this.selection = selection;
    this.fields = resolveFields(table, selection);
    this.#columns = table.parts.map((_, part) =>
      this.fields.map(({ column }) => (column < 0 ? undefined : table.columnView(column, part))),
    );
    this.#agesMs = agesMs;
    this.#rows = rows ?? ((visit) => visitSlice(table, selection, visit, agesMs));
    this.#used = new Uint8Array(table.parts.length);
  }

  /**
   * Visits the selected rows in the shape's order; returns how many there are beyond any limit.
   * `out` is what `visit` writes to: its room is made from the size of the first rows.
   */
  forEachRow(out: ByteWriter, visit: RowVisitor): number {
    const used = this.#used;
    const start = out.at;
    let rows = 0;
    const marking: RowVisitor = (part, slot) => {
      used[part] = 1;
      visit(part, slot);
      if (++rows === SAMPLE_ROWS) out.expect(((out.at - start) / SAMPLE_ROWS) * this.#rowsLeft() * SLACK);
    };
    return this.#rows(marking);
  }

  /** Rows that may follow the sample; with a filter nobody knows. */
  #rowsLeft(): number {
    const { rows, where, limit } = this.selection;
    return rows || where ? 0 : Math.min(limit ?? Infinity, this.table.rowsMax) - SAMPLE_ROWS;
  }

  /** Sources whose rows were visited. */
  get sourceIds(): string[] {
    return this.table.parts.filter((_, part) => this.#used[part] === 1).map((part) => part.ref.sourceId);
  }

  reader(part: number): SegmentReader {
    return this.table.parts[part]!.reader;
  }

  /** Epoch ms of a row: its own time, else its source's. */
  rowTimeMs(part: number, slot: number): number {
    const { reader, bank } = this.table.parts[part]!;
    return reader.rowTimeMs(bank, slot);
  }

  /** Per field: where a part's cells are; undefined where the part lacks it, and for pseudo-columns. */
  columnsOf(part: number): readonly (ColumnView | undefined)[] {
    return this.#columns[part]!;
  }

  /** Field `index` of a row as a JSON value. */
  writeJson(out: ByteWriter, index: number, part: number, slot: number): void {
    const column = this.#columns[part]![index];
    if (column === undefined) this.writeAbsentJson(out, index, part, slot);
    else writeJsonCell(out, this.table.parts[part]!.reader, column, slot, this.selection.int64AsString);
  }

  /** A field for which `columnsOf` has nothing, as a JSON value. */
  writeAbsentJson(out: ByteWriter, index: number, part: number, slot: number): void {
    if (this.fields[index]!.column < 0) this.#writePseudo(out, index, part, slot, true);
    else out.ascii('null');
  }

  /** Field `index` of a row as a CSV field. */
  writeCsv(out: ByteWriter, index: number, part: number, slot: number): void {
    const column = this.#columns[part]![index];
    if (column !== undefined) writeCsvCell(out, this.table.parts[part]!.reader, column, slot);
    else if (this.fields[index]!.column < 0) this.#writePseudo(out, index, part, slot, false);
  }

  #writePseudo(out: ByteWriter, index: number, part: number, slot: number, json: boolean): void {
    const { name } = this.fields[index]!;
    if (name === AGE_FIELD) {
      out.ascii(String(this.#agesMs[part] ?? 0));
      return;
    }
    if (name === SOURCE_FIELD) {
      // Source ids are of [A-Za-z0-9._-]: neither format escapes them.
      const { sourceId } = this.table.parts[part]!.ref;
      out.utf8(json ? `"${sourceId}"` : sourceId);
      return;
    }
    writeIsoTime(out, this.rowTimeMs(part, slot), json);
  }
}
