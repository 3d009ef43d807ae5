/**
 * The order of a list: `-symbol_errors,switch_id`. Several keys, each ascending or (`-`) descending.
 *
 * Missing stands last in both directions. Text by its UTF-8 bytes; numbers exactly, whatever the
 * kinds of their columns; numbers before text where sources differ. Ties keep the table's order.
 */
import { WeftError } from '../model/errors.js';
import { SORT_KEYS_MAX } from '../model/limits.js';
import type { RateView } from '../model/rates.js';
import type { Table } from '../fabric/table.js';
import { compareCells } from './compare-cells.js';
import { AGE_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD } from './pseudo-fields.js';
import { orderByRate } from './rate-order.js';
import type { RowOrder } from './row-order.js';
import { resolveColumns } from './selector.js';
import { compareBytes } from './text-tests.js';
import { formatRef, KEY_FIELD, Tokens, type FieldRef } from './tokens.js';

/** Plain data that crosses threads. */
export interface SortKey extends FieldRef {
  readonly descending: boolean;
}

/** Reads a sort. `name`: the parameter, for errors. Throws bad_value or too_large. */
export function parseSort(text: string, name: string): SortKey[] {
  const tokens = new Tokens(text, name);
  const keys: SortKey[] = [];
  do {
    const start = tokens.at;
    const descending = tokens.take('-');
    const ref = tokens.ref();
    if (keys.some(({ field, view }) => field === ref.field && view === ref.view)) {
      throw tokens.fault(`${formatRef(ref)} is named twice`, start);
    }
    keys.push({ ...ref, descending });
  } while (tokens.take(','));
  if (!tokens.atEnd) throw tokens.error("',' or the end");
  if (keys.length > SORT_KEYS_MAX) {
    throw new WeftError(
      'too_large',
      `Parameter '${name}' has ${keys.length} keys, the limit is ${SORT_KEYS_MAX}.`,
    );
  }
  return keys;
}

/** Canonical text: parseSort of it gives the same keys. */
export function formatSort(keys: readonly SortKey[]): string {
  return keys.map((key) => `${key.descending ? '-' : ''}${formatRef(key)}`).join(',');
}

/** A value of each part, compared as text or as a number. */
function byPart<T extends string | number>(values: readonly T[], descending: boolean): RowOrder {
  const sign = descending ? -1 : 1;
  return (partA, _a, partB) => {
    const a = values[partA]!;
    const b = values[partB]!;
    return a < b ? -sign : a > b ? sign : 0;
  };
}

function byKey(table: Table, descending: boolean): RowOrder {
  const readers = table.parts.map(({ reader }) => reader);
  const sign = descending ? -1 : 1;
  return (partA, slotA, partB, slotB) => {
    const a = readers[partA]!;
    const b = readers[partB]!;
    return (
      sign *
      compareBytes(a.u8, a.keyStart(slotA), a.keyLength(slotA), b.u8, b.keyStart(slotB), b.keyLength(slotB))
    );
  };
}

function byTime(table: Table, descending: boolean): RowOrder {
  const sign = descending ? -1 : 1;
  const time = (part: number, slot: number): number => {
    const { reader, bank } = table.parts[part]!;
    return reader.rowTimeMs(bank, slot);
  };
  return (partA, slotA, partB, slotB) => sign * (time(partA, slotA) - time(partB, slotB));
}

/** `shown`: what the list shows of numbers; text it shows as it is. */
function byColumn(table: Table, key: SortKey, shown: RateView | null): RowOrder {
  const { field, descending } = key;
  const [index] = resolveColumns(table, [field]) as [number];
  const isText = table.schema.columns[index]!.kind === 'text';
  const view = key.view ?? (isText ? null : shown);
  if (view !== null) return orderByRate(table, index, view, descending);
  const columns = table.parts.map((_, part) => table.columnView(index, part));
  const readers = table.parts.map(({ reader }) => reader);
  return (partA, slotA, partB, slotB) =>
    compareCells(readers[partA]!, columns[partA], slotA, readers[partB]!, columns[partB], slotB, descending);
}

function orderOf(
  table: Table,
  key: SortKey,
  agesMs: readonly number[] | undefined,
  view: RateView | null,
): RowOrder {
  const { field, descending } = key;
  switch (field) {
    case KEY_FIELD:
      return byKey(table, descending);
    case SOURCE_FIELD:
      return byPart(
        table.parts.map(({ ref }) => ref.sourceId),
        descending,
      );
    case TIMESTAMP_FIELD:
      return byTime(table, descending);
    case AGE_FIELD:
      if (agesMs === undefined) {
        throw new WeftError(
          'bad_value',
          `cannot sort by '${AGE_FIELD}': the age of a row changes without an update`,
        );
      }
      return byPart(agesMs, descending);
    default:
      return byColumn(table, key, view);
  }
}

/**
 * The order of a table's rows. `agesMs`: age of each part's data, for `@age_ms`; without it that is
 * refused (bad_value). `view`: numbers stand by their deltas or rates. Throws unknown_metric for a
 * column that does not exist, bad_value for one without deltas and rates.
 */
export function compileSort(
  table: Table,
  keys: readonly SortKey[],
  agesMs?: readonly number[],
  view: RateView | null = null,
): RowOrder {
  const orders = keys.map((key) => orderOf(table, key, agesMs, view));
  if (orders.length === 1) return orders[0]!;
  return (partA, slotA, partB, slotB) => {
    for (let i = 0; i < orders.length; i++) {
      const order = orders[i]!(partA, slotA, partB, slotB);
      if (order !== 0) return order;
    }
    return 0;
  };
}
