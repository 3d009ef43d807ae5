/** What a subscription selects: rows by key, prefix, filter or rank; columns by name. */
import type { Table, TableSchema } from '../fabric/table.js';
import { WeftError } from '../model/errors.js';
import { ROWS_MAX } from '../model/limits.js';
import { RATE_VIEWS, type RateView } from '../model/rates.js';
import { unknownMetric, type RowSelector } from '../query/selector.js';
import { requireTracked } from '../query/rates.js';
import { checkSlice, type Slice } from '../query/slice.js';
import { parseSort, type SortKey } from '../query/sort.js';
import { parseWhere, type Where } from '../query/where.js';

/** What a frame with deltas or rates says last of each row: null, or the status of each cell not ok. */
export const STATUS_FIELD = '@status';

/** Plain data: crosses threads. */
export interface FrameSelection {
  /** null = all rows. */
  readonly rows: RowSelector | null;
  /** null = no filter. */
  readonly where: Where | null;
  /** Empty: the table's order. */
  readonly sort: readonly SortKey[];
  /** The first so many rows; null = all. */
  readonly limit: number | null;
  /** Deltas or rates instead of values, then with columns named; null: values. */
  readonly view: RateView | null;
  /** Column names in the order of frames; null = all columns. */
  readonly metrics: readonly string[] | null;
  /** Integers beyond 2^53 in quotes. */
  readonly int64AsString: boolean;
}

/** What a client says beside keys; null where it says nothing. */
export interface SliceTexts {
  readonly where: string | null;
  readonly sort: string | null;
  readonly limit: number | null;
  readonly view: string | null;
  readonly metrics: readonly string[] | null;
}

type LiveSlice = Pick<FrameSelection, 'where' | 'sort' | 'limit' | 'view' | 'metrics'>;

/**
 * Throws bad_value, out_of_range, or missing_parameter for an order of which nothing follows and for
 * deltas of columns that are not named.
 */
export function liveSlice({ where, sort, limit, view, metrics }: SliceTexts): LiveSlice {
  if (limit !== null && !(limit >= 1 && limit <= ROWS_MAX)) {
    throw new WeftError('out_of_range', `'limit' must be between 1 and ${ROWS_MAX}.`);
  }
  if (sort !== null && limit === null) {
    throw new WeftError(
      'missing_parameter',
      "Changes come without an order: 'sort' needs 'limit', the first so many rows.",
    );
  }
  const known = RATE_VIEWS.find((one) => one === view);
  if (view !== null && known === undefined) {
    throw new WeftError('bad_value', `'view' must be one of ${RATE_VIEWS.join(', ')}.`);
  }
  if (known !== undefined && metrics === null) {
    throw new WeftError(
      'missing_parameter',
      `A ${known} is sent of columns that are named: 'view' needs them.`,
    );
  }
  return {
    where: where === null ? null : parseWhere(where, 'where'),
    sort: sort === null ? [] : parseSort(sort, 'sort'),
    limit,
    view: known ?? null,
    metrics,
  };
}

/**
 * The slice of a selection whose rows depend on cells or on other rows; null when keys alone decide:
 * then a diff needs no look at rows that did not change. (A delta moves though no cell does.)
 */
export function sliceOf({ rows, where, sort, limit, view }: FrameSelection): Slice | null {
  if (where === null && limit === null && view === null) return null;
  return { rows, where, sort, limit, offset: 0, view };
}

/** Table column indices of the selected columns that exist, each once. */
export function selectedColumns(schema: TableSchema, selection: FrameSelection): number[] {
  if (selection.metrics === null) return schema.columns.map((_, index) => index);
  const columns = new Set<number>();
  for (const name of selection.metrics) {
    const index = schema.byName.get(name);
    if (index !== undefined) columns.add(index);
  }
  return [...columns];
}

/** Their names as they were asked for; a column that was named twice, by an alias too, has the first. */
export function selectedFields(schema: TableSchema, selection: FrameSelection): string[] {
  if (selection.metrics === null) return schema.columns.map(({ name }) => name);
  const fields = new Map<number, string>();
  for (const name of selection.metrics) {
    const index = schema.byName.get(name);
    if (index !== undefined && !fields.has(index)) fields.set(index, name);
  }
  return [...fields.values()];
}

/**
 * Why a selection cannot be served by a table: unknown_metric for a column that does not exist, or
 * bad_value for a filter that its column's kind does not have, or one by age, which moves without a publish.
 */
export function selectionProblem(table: Table, selection: FrameSelection): WeftError | undefined {
  const { metrics, view } = selection;
  const missing = metrics?.find((name) => !table.schema.byName.has(name));
  if (missing !== undefined) return unknownMetric(table, missing);
  const slice = sliceOf(selection);
  try {
    if (slice) checkSlice(table, slice);
    if (view) for (const name of metrics ?? []) requireTracked(table, table.schema.byName.get(name)!, view);
    return undefined;
  } catch (error) {
    if (error instanceof WeftError) return error;
    throw error;
  }
}
