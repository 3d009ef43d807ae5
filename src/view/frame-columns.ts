/** The columns of a selection as frames need them: made once a schema, however often a frame is asked for. */
import type { TableSchema } from '../fabric/table.js';
import { utf8Bytes } from './bytes.js';
import { columnNames, fieldNames } from './frame-rows.js';
import { selectedColumns, selectedFields, STATUS_FIELD, type FrameSelection } from './frame-selection.js';

export interface FrameColumns {
  /** Of the table, in the order of frames. */
  readonly columns: readonly number[];
  /** Their names as they were asked for. */
  readonly fields: readonly string[];
  /** By table column: the name with quotes and colon. */
  readonly names: readonly Uint8Array[];
  /** The same by field, with a comma before. */
  readonly labels: readonly Uint8Array[];
  /** Bytes of the names of all fields together. */
  readonly nameBytes: number;
  /** By table column: its field, -1 where it is none. */
  readonly fieldOf: Int32Array;
  /** What a snapshot says of its fields. */
  readonly json: string;
}

/** Of one schema. */
const KNOWN_MAX = 4096;
const known = new WeakMap<TableSchema, Map<string, FrameColumns>>();

/** `key` names the selection among all of this thread; absent: nothing is remembered. */
export function frameColumns(
  schema: TableSchema,
  selection: FrameSelection,
  key: string | undefined,
): FrameColumns {
  if (selection.metrics !== null && key === undefined) return make(schema, selection);
  let cache = known.get(schema);
  if (!cache) known.set(schema, (cache = new Map<string, FrameColumns>()));
  const name = selection.metrics === null ? `:${selection.view ?? ''}` : key!;
  let columns = cache.get(name);
  if (columns === undefined) {
    if (cache.size >= KNOWN_MAX) cache.clear();
    cache.set(name, (columns = make(schema, selection)));
  }
  return columns;
}

function make(schema: TableSchema, selection: FrameSelection): FrameColumns {
  const columns = selectedColumns(schema, selection);
  const fields = selectedFields(schema, selection);
  const names = selection.metrics === null ? columnNames(schema) : fieldNames(schema, columns, fields);
  const fieldOf = new Int32Array(schema.columns.length).fill(-1);
  columns.forEach((column, field) => (fieldOf[column] = field));
  return {
    columns,
    fields,
    names,
    labels: fields.map((field) => utf8Bytes(`,${JSON.stringify(field)}:`)),
    nameBytes: columns.reduce((sum, column) => sum + names[column]!.length, 0),
    fieldOf,
    json: JSON.stringify(selection.view ? [...fields, STATUS_FIELD] : fields),
  };
}
