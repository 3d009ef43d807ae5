/** Which columns can be asked for as delta or rate, and what is said of the others. */
import type { Table } from '../fabric/table.js';
import { WeftError } from '../model/errors.js';
import { RATE_VIEWS, ROLE_NONE, type RateView } from '../model/rates.js';
import { shown } from './echo.js';
import type { QueryParams } from './params.js';

/** The parameter that asks for deltas or rates. */
export const VIEW_PARAMETER = 'view';

/** `view=` of a request; null without it. Throws bad_value. */
export function rateViewOf(params: QueryParams): RateView | null {
  return params.choice(VIEW_PARAMETER, RATE_VIEWS) ?? null;
}

/** True when some source keeps previous samples of the table column. */
export function isTracked(table: Table, column: number): boolean {
  return table.parts.some((_, part) => (table.columnView(column, part)?.previous ?? null) !== null);
}

/** Throws bad_value unless the table column has deltas and rates; the message names what to change. */
export function requireTracked(table: Table, column: number, view: RateView): void {
  if (isTracked(table, column)) return;
  const { name, kind, inPart } = table.schema.columns[column]!;
  const asked = `Column ${shown(name)} has no ${view}`;
  if (kind === 'text') {
    throw new WeftError(
      'bad_value',
      `${asked}: it is text. The key 'rates' of a source names columns that have one.`,
    );
  }
  for (const [part, c] of inPart.entries()) {
    const plan = c < 0 ? undefined : table.parts[part]!.ref.segment.spec.rates;
    if (plan && plan.bytesRefused > 0 && (plan.roles[c] ?? ROLE_NONE) !== ROLE_NONE) {
      throw new WeftError('bad_value', `${asked}: ${tooLarge(table, part)}.`);
    }
  }
  throw new WeftError('bad_value', `${asked}: neither 'rates' of its source nor RATE_COLUMNS names it.`);
}

/** Throws bad_value when no column at all has deltas and rates. */
export function requireAnyTracked(table: Table, view: RateView): void {
  if (table.schema.columns.some((_, column) => isTracked(table, column))) return;
  const part = table.parts.findIndex(({ ref }) => (ref.segment.spec.rates?.bytesRefused ?? 0) > 0);
  const why = part < 0 ? "neither 'rates' of a source nor RATE_COLUMNS names any" : tooLarge(table, part);
  throw new WeftError('bad_value', `No column has a ${view}: ${why}.`);
}

function tooLarge(table: Table, part: number): string {
  const { sourceId, segment } = table.parts[part]!.ref;
  const { bytesRefused, bytesMax } = segment.spec.rates!;
  return (
    `the previous samples of source '${sourceId}' need ${bytesRefused} bytes, RATE_BYTES_MAX allows ${bytesMax} ` +
    `(fewer columns in 'rates' need less)`
  );
}
