/** What /telemetry/History and /telemetry/Compare are asked for. Names are not looked up yet. */
import { parseDuration, formatDuration } from '../model/duration.js';
import { WeftError } from '../model/errors.js';
import { ROWS_MAX } from '../model/limits.js';
import { preferredFormat } from './accept.js';
import { shown } from './echo.js';
import type { RouteRules } from './get-metric.js';
import { QueryParams } from './params.js';
import { parseNames, parseRows } from './selector.js';
import type { Slice } from './slice.js';
import { parseSort, type SortKey } from './sort.js';
import { parseWhere } from './where.js';

const SERIES_PARAMETERS = ['switch_id', 'metric', 'window', 'limit', 'format', 'int64'] as const;
const COMPARE_PARAMETERS = [
  'metrics',
  'ago',
  'switches',
  'where',
  'sort',
  'limit',
  'offset',
  'int64',
] as const;
const OFFSET_MAX = 2 ** 31 - 1;
const SAMPLES_MAX = 10_000_000;

export interface SeriesQuery {
  readonly switchId: string;
  readonly metric: string;
  readonly windowMs: number;
  /** The newest so many samples; null: all of the window. */
  readonly limit: number | null;
  readonly format: 'json' | 'csv';
  readonly int64AsString: boolean;
}

/** Plain data that crosses threads. */
export interface CompareQuery {
  readonly metrics: readonly string[];
  readonly agoMs: number;
  /** Which rows; without sort, offset and limit when `order` is given. */
  readonly slice: Slice;
  /** By difference, missing last; null: the slice's order. */
  readonly order: { readonly metric: string; readonly descending: boolean } | null;
  readonly offset: number;
  readonly limit: number | null;
  readonly int64AsString: boolean;
}

/** A duration of 1 ms to `maxMs`. Throws bad_value, or out_of_range, which names the knob. */
function duration(text: string, name: string, maxMs: number): number {
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new WeftError(
      'bad_value',
      `Parameter '${name}' must be a duration such as 90s, 12m, 2h or milliseconds, not ${shown(text)}.`,
    );
  }
  if (ms < 1 || ms > maxMs) {
    const limit = formatDuration(maxMs);
    throw new WeftError(
      'out_of_range',
      `Parameter '${name}' must be between 1ms and ${limit} (HISTORY_WINDOW).`,
    );
  }
  return ms;
}

/** `?switch_id=&metric=&window=&limit=&format=&int64=`. Throws what QueryParams throws. */
export function parseSeriesQuery(
  rawQuery: string,
  accept: string,
  windowMs: number,
  rules: RouteRules,
): SeriesQuery {
  const params = new QueryParams(rawQuery, {
    names: [...SERIES_PARAMETERS, ...rules.extra],
    ignoreUnknown: rules.ignoreUnknown,
  });
  const window = params.get('window');
  const named = params.choice('format', ['json', 'csv']) ?? preferredFormat(accept);
  return {
    switchId: params.required('switch_id'),
    metric: params.required('metric'),
    windowMs: window === undefined ? windowMs : duration(window, 'window', windowMs),
    limit: params.integer('limit', 1, SAMPLES_MAX) ?? null,
    format: named === 'csv' ? 'csv' : 'json',
    int64AsString: params.choice('int64', ['number', 'string']) === 'string',
  };
}

/** One sort key that names a compared column: the order is of differences. */
function orderOf(keys: readonly SortKey[], metrics: readonly string[]): CompareQuery['order'] {
  const [first] = keys;
  if (!first || !metrics.includes(first.field)) return null;
  if (keys.length > 1) {
    throw new WeftError('bad_value', `Parameter 'sort' takes one compared column, not ${keys.length} keys.`);
  }
  return { metric: first.field, descending: first.descending };
}

/** `?metrics=&ago=&switches=&where=&sort=&limit=&offset=&int64=`. Throws as parseListQuery. */
export function parseCompareQuery(rawQuery: string, windowMs: number, rules: RouteRules): CompareQuery {
  const params = new QueryParams(rawQuery, {
    names: [...COMPARE_PARAMETERS, ...rules.extra],
    ignoreUnknown: rules.ignoreUnknown,
  });
  const metrics = parseNames(params.required('metrics'), 'metrics');
  const agoMs = duration(params.required('ago'), 'ago', windowMs);
  const switches = params.get('switches');
  const where = params.get('where');
  const sort = params.get('sort');
  const keys = sort === undefined ? [] : parseSort(sort, 'sort');
  const order = orderOf(keys, metrics);
  const offset = params.integer('offset', 0, OFFSET_MAX) ?? 0;
  const limit = params.integer('limit', 1, ROWS_MAX) ?? null;
  return {
    metrics,
    agoMs,
    slice: {
      rows: switches === undefined ? null : parseRows(switches, 'switches'),
      where: where === undefined ? null : parseWhere(where, 'where'),
      sort: order === null ? keys : [],
      offset: order === null ? offset : 0,
      limit: order === null ? limit : null,
    },
    order,
    offset,
    limit,
    int64AsString: params.choice('int64', ['number', 'string']) === 'string',
  };
}
