/** The parameters of /telemetry/coverage. */
import { WeftError } from '../model/errors.js';
import { shown } from './echo.js';
import { QueryParams } from './params.js';

const COVERAGE_LIMIT_DEFAULT = 100;
const COVERAGE_LIMIT_MAX = 10_000;
/** Rows that can be paged over. */
const OFFSET_MAX = 1e9;

export interface CoverageQuery {
  /** Of both lists. */
  readonly limit: number;
  readonly offset: number;
  /** A configured source: what concerns it alone. null: all. */
  readonly source: string | null;
  /** csv: the list of missing rows only. */
  readonly format: 'json' | 'csv';
}

/** `sources`: ids there are. `extra`: parameters that every route takes. Throws as QueryParams does. */
export function parseCoverageQuery(
  rawQuery: string,
  sources: readonly string[],
  extra: readonly string[],
): CoverageQuery {
  const names = ['limit', 'offset', 'source', 'format', ...extra];
  const params = new QueryParams(rawQuery, { names, ignoreUnknown: false });
  const source = params.get('source') ?? null;
  if (source !== null && !sources.includes(source)) {
    const known = sources.slice(0, 50).join(', ');
    throw new WeftError(
      'bad_value',
      `Parameter 'source' names no source: ${shown(source)}; there are ${known}.`,
    );
  }
  return {
    limit: params.integer('limit', 1, COVERAGE_LIMIT_MAX) ?? COVERAGE_LIMIT_DEFAULT,
    offset: params.integer('offset', 0, OFFSET_MAX) ?? 0,
    source,
    format: params.choice('format', ['json', 'csv']) ?? 'json',
  };
}
