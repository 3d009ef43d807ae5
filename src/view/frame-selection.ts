/** What a subscription selects: rows by key or prefix, columns by name. */
import type { Table, TableSchema } from '../fabric/table.js';
import type { WeftError } from '../model/errors.js';
import { unknownMetric, type RowSelector } from '../query/selector.js';

/** Plain data: crosses threads. */
export interface FrameSelection {
  /** null = all rows. */
  readonly rows: RowSelector | null;
  /** Column names in the order of frames; null = all columns. */
  readonly metrics: readonly string[] | null;
  /** Integers beyond 2^53 in quotes. */
  readonly int64AsString: boolean;
}

/** Table column indices of the selected columns that exist. */
export function selectedColumns(schema: TableSchema, selection: FrameSelection): number[] {
  if (selection.metrics === null) return schema.columns.map((_, index) => index);
  const columns: number[] = [];
  for (const name of selection.metrics) {
    const index = schema.byName.get(name);
    if (index !== undefined) columns.push(index);
  }
  return columns;
}

export function selectedFields(schema: TableSchema, selection: FrameSelection): string[] {
  return selectedColumns(schema, selection).map((column) => schema.columns[column]!.name);
}

/** The error unknown_metric when a selected column does not exist. */
export function missingMetric(table: Table, selection: FrameSelection): WeftError | undefined {
  const missing = selection.metrics?.find((name) => !table.schema.byName.has(name));
  return missing === undefined ? undefined : unknownMetric(table, missing);
}
