/**
 * Query strings of every route, and what stands in their parameters. Refused is refused with a
 * documented code; what is taken says the same when it is written down and read again.
 */
import { ERROR_STATUS, WeftError } from '../../src/model/errors.js';
import { parseSnapshotId } from '../../src/model/ids.js';
import { acceptsGzip, preferredFormat } from '../../src/query/accept.js';
import { parseCoverageQuery } from '../../src/query/coverage-query.js';
import { matchesEtag } from '../../src/query/etag.js';
import { locateQuery } from '../../src/query/get-metric.js';
import { parseCompareQuery, parseSeriesQuery } from '../../src/query/history-query.js';
import { parseListQuery } from '../../src/query/list-query.js';
import { decodePathSegment } from '../../src/query/params.js';
import { formatRows, parseRows } from '../../src/query/selector.js';
import { formatSort, parseSort } from '../../src/query/sort.js';
import { compileWhere, formatWhere, parseWhere } from '../../src/query/where.js';
import { formatCursor, parseCursor } from '../../src/view/cursor-token.js';
import { row, TableFixture } from '../fixtures/tables.js';
import { ensure, type FuzzTarget } from './target.js';

const RULES = { extra: ['dialect'], ignoreUnknown: false };
const LOOSE = { extra: ['dialect'], ignoreUnknown: true };
const WINDOW_MS = 3_600_000;

const fixture = new TableFixture({ sources: ['s1'] });
export const FUZZ_TABLE = fixture.publish('s1', [
  row('sw-1', { cpu: 1, temp: 0.5, name: 'up', tx: 2n ** 63n }),
  row('sw-2', { cpu: null, temp: -1.25, name: 'down', tx: 3 }),
  row("o'dd ü", { cpu: 7, temp: 1e300, name: '', tx: 0 }),
]);

/** Whether it was taken. Anything but a WeftError that blames the client is a finding. */
function taken(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const status = ERROR_STATUS[error.code];
    ensure(status >= 400 && status < 500, () => `${error.code}: ${error.message}`);
    ensure(
      error.message !== '' && error.message.length < 5_000,
      () => `a message of ${error.message.length}`,
    );
    return false;
  }
}

/** Written down and read again it says the same. */
function staysTheSame<T>(
  text: string,
  parse: (text: string, name: string) => T,
  format: (parsed: T) => string,
): void {
  const once = format(parse(text, 'fuzz'));
  if (once === '') return;
  let again: string;
  try {
    again = format(parse(once, 'fuzz'));
  } catch (error) {
    throw new Error(`finding: ${JSON.stringify(once)} is written and not read`, { cause: error });
  }
  ensure(again === once, () => `${JSON.stringify(once)} becomes ${JSON.stringify(again)}`);
}

function run(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString();
  const list = (dialect: 'page' | 'map' | null, rawMetric: string | null) => (): unknown =>
    parseListQuery({ rawQuery: text, rawMetric, accept: '', dialect, rules: dialect ? LOOSE : RULES });
  const parses = [
    list(null, null),
    list('page', 'cpu'),
    list('map', null),
    () => locateQuery(FUZZ_TABLE, text, RULES),
    () => parseSeriesQuery(text, '', WINDOW_MS, RULES),
    () => parseCompareQuery(text, WINDOW_MS, RULES),
    () => parseCoverageQuery(text, ['s1'], ['dialect']),
    () => staysTheSame(text, parseWhere, formatWhere),
    () => compileWhere(FUZZ_TABLE, parseWhere(text, 'fuzz')),
    () => staysTheSame(text, parseSort, formatSort),
  ];
  const isTaken = parses.map(taken).some((one) => one);
  taken(() => decodePathSegment(text, 'fuzz'));
  taken(() => formatRows(parseRows(text, 'fuzz')));
  preferredFormat(text);
  acceptsGzip(text);
  matchesEtag(text, 'abcd-1');
  const name = parseSnapshotId(text);
  ensure(!name || `${name.boot}-${name.fabricVersion}` === text, () => 'another snapshot id');
  const cursor = parseCursor(text);
  ensure(!cursor || formatCursor(cursor) === text, () => 'another cursor');
  return isTaken;
}

export const queryTarget: FuzzTarget = {
  name: 'query',
  tokens: [
    ...['fields=', 'metrics=', 'switches=', 'where=', 'sort=', 'limit=', 'offset=', 'format=', 'shape='],
    ...['int64=', 'view=', 'cursor=', 'switch_id=', 'metric=', 'window=', 'ago=', 'switch=', 'dialect=', '&'],
    ...['cpu', 'temp', 'tx', 'name', '@key', '@age_ms', 'switch_id', 'sw-1', 'sw-*', 'delta(tx)', 'rate(tx)'],
    ...[
      ' eq ',
      ' ne ',
      ' gt ',
      ' le ',
      ' in (',
      ' not in (',
      ' is null',
      ' is not null',
      ' prefix ',
      ' glob ',
    ],
    ...[
      ' and ',
      ' or ',
      "'",
      "''",
      '(',
      ')',
      ',',
      '-',
      '%20',
      '%2C',
      '%',
      '%C3%BC',
      '%FF',
      '+',
      '*',
      '?',
      '=',
    ],
    ...[
      '1',
      '1e400',
      '0x1',
      '18446744073709551615',
      '-0',
      '12m',
      '2h',
      'csv',
      'page',
      'map',
      'delta',
      'true',
    ],
  ],
  bytesMax: 600,
  covers: ['dist/src/query/', 'dist/src/model/ids', 'dist/src/model/duration', 'dist/src/view/cursor-token'],
  run,
};
