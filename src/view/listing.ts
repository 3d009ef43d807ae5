/** One selection over one table, resolved: what a View encodes. */
import type { Table } from '../fabric/table.js';
import { WeftError } from '../model/errors.js';
import type { ListSelection } from '../query/list-query.js';
import { AGE_FIELD, INTERVAL_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD } from '../query/pseudo-fields.js';
import { isTracked, requireAnyTracked, requireTracked } from '../query/rates.js';
import type { RowVisitor } from '../query/row-visitor.js';
import { resolveColumns } from '../query/selector.js';
import { visitSlice } from '../query/slice.js';
import type { ColumnView, SegmentReader } from '../snapshot/reader.js';
import type { BlockRows } from './block-rows.js';
import type { BlockStrips } from './block-strips.js';
import type { ByteWriter } from './bytes.js';
import { writeCsvCell, writeJsonCell } from './cell.js';
import { RateFields } from './rate-fields.js';
import { writeIsoTime } from './time.js';

const PSEUDO_FIELDS = [AGE_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD];

/** What stands beside deltas and rates that are not plainly `ok`. */
export const STATUS_MEMBER = '@status';

/** A column of the body: of the table, or a pseudo-column (`column` -1). */
export interface Field {
  readonly name: string;
  readonly column: number;
}

/** Member names of a row that a column must not repeat: what weft writes there wins. */
function reservedName({ shape, idHeader, view }: ListSelection): (name: string) => boolean {
  const own = shape === 'map' ? 'timestamp' : shape === 'envelope' || shape === 'ndjson' ? idHeader : '';
  return (name) => name === own || (view !== null && name === STATUS_MEMBER);
}

/**
 * The body's columns in their order. With a view, columns that are named must have deltas and rates;
 * of those that are not, text stays as it is and numbers without are left out. Throws
 * unknown_metric, bad_value.
 */
export function resolveFields(table: Table, selection: ListSelection): Field[] {
  const { view } = selection;
  const reserved = reservedName(selection);
  const fields: Field[] = [];
  if (view !== null && selection.fields === null) requireAnyTracked(table, view);
  for (const name of selection.fields ?? table.schema.columns.map((column) => column.name)) {
    if (PSEUDO_FIELDS.includes(name) || (view !== null && name === INTERVAL_FIELD)) {
      fields.push({ name, column: -1 });
      continue;
    }
    if (name === INTERVAL_FIELD) {
      throw new WeftError('bad_value', `Field '${name}' needs 'view': it says what a delta or rate spans.`);
    }
    const [column] = resolveColumns(table, [name]) as [number];
    if (view !== null && selection.fields !== null) requireTracked(table, column, view);
    const isServed =
      view === null || isTracked(table, column) || table.schema.columns[column]!.kind === 'text';
    if (isServed && !reserved(name)) fields.push({ name, column });
  }
  return fields;
}

/** Visits rows in their order; returns how many the selection has in all. */
export type RowSource = (visit: RowVisitor) => number;

export class Listing {
  readonly table: Table;
  readonly selection: ListSelection;
  readonly fields: readonly Field[];
  /** What stands for deltas and rates; null without a view. */
  readonly rates: RateFields | null;
  /** Fields that are no columns: pseudo-columns, deltas and rates. */
  readonly extras: readonly number[];
  /** Per part: the view of each field, undefined where the part lacks it, and for fields not of its cells. */
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
    const { view, int64AsString } = selection;
    const rates = view && new RateFields(table, view, this.fields, int64AsString);
    this.rates = rates;
    this.extras = this.fields.flatMap(({ column }, i) => (column < 0 || rates?.has(i) ? [i] : []));
    this.#columns = table.parts.map((_, part) =>
      this.fields.map(({ column }, i) =>
        column < 0 || rates?.has(i) ? undefined : table.columnView(column, part),
      ),
    );
    this.#agesMs = agesMs;
    this.#rows = rows ?? ((visit) => visitSlice(table, selection, visit, agesMs));
    this.#used = new Uint8Array(table.parts.length);
  }

  /** Visits the selected rows in the shape's order; returns how many there are beyond any limit. */
  forEachRow(visit: RowVisitor): number {
    const used = this.#used;
    return this.#rows((part, slot) => {
      used[part] = 1;
      visit(part, slot);
    });
  }

  /** Rows that are about to come; with a filter nobody knows: 0. */
  get rowsExpected(): number {
    const { rows, where, limit } = this.selection;
    return rows || where ? 0 : Math.min(limit ?? Infinity, this.table.rowsTotal);
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

  /** Per field: where a part's cells are; undefined where the part lacks it, for pseudo-columns, deltas and rates. */
  columnsOf(part: number): readonly (ColumnView | undefined)[] {
    return this.#columns[part]!;
  }

  get #isCsv(): boolean {
    return this.selection.shape === 'csv';
  }

  /** Puts field `index` of rows that are together, where all that is to be said is a value: 1 by row; null: nowhere. */
  putTogether(strips: BlockStrips, index: number, rows: BlockRows, strip = index): Uint8Array | null {
    return this.rates?.has(index) ? this.rates.putTogether(strips, strip, index, rows) : null;
  }

  /** Puts field `index`, which is no column, into a strip of a block. */
  putExtra(
    strips: BlockStrips,
    index: number,
    lane: number,
    part: number,
    slot: number,
    strip = index,
  ): void {
    if (this.rates?.has(index)) this.rates.put(strips, strip, index, lane, part, slot);
    else {
      strips.texts.put((out) => this.#writePseudo(out, index, part, slot));
      strips.putText(strip, lane);
    }
  }

  /** Field `index` of a row as it stands in a body of the selection's shape. */
  writeCell(out: ByteWriter, index: number, part: number, slot: number): void {
    const column = this.#columns[part]![index];
    const { reader } = this.table.parts[part]!;
    if (column === undefined && this.rates?.has(index)) this.rates.write(out, index, part, slot, this.#isCsv);
    else if (this.fields[index]!.column < 0) this.#writePseudo(out, index, part, slot);
    else if (this.#isCsv) writeCsvCell(out, reader, column, slot);
    else writeJsonCell(out, reader, column, slot, this.selection.int64AsString);
  }

  #writePseudo(out: ByteWriter, index: number, part: number, slot: number): void {
    const json = !this.#isCsv;
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
    if (name === INTERVAL_FIELD) this.rates?.writeInterval(out, part, slot, json);
    else writeIsoTime(out, this.rowTimeMs(part, slot), json);
  }
}
