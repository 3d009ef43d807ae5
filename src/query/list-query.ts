/**
 * ListMetrics: from a request's spelling to a selection. What decides the shape, in this order: the
 * dialect, then `format`, `shape` and Accept, then the spelling (path: page, `metrics=`: csv, else
 * envelope).
 */
import type { Dialect } from '../config/config.js';
import { WeftError } from '../model/errors.js';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, ROWS_MAX } from '../model/limits.js';
import type { RateView } from '../model/rates.js';
import { preferredFormat, type ListFormat } from './accept.js';
import type { RouteRules } from './get-metric.js';
import { decodePathSegment, QueryParams } from './params.js';
import { AGE_FIELD } from './pseudo-fields.js';
import { rateViewOf, VIEW_PARAMETER } from './rates.js';
import { formatRows, parseNames, parseRows } from './selector.js';
import type { Slice } from './slice.js';
import { formatSort, parseSort, type SortKey } from './sort.js';
import { KEY_FIELD } from './tokens.js';
import { formatWhere, parseWhere } from './where.js';

const JSON_SHAPES = ['envelope', 'map', 'columns', 'page'] as const;
/** What a client can ask for; `schema` is /telemetry/schema. */
export type ListShape = (typeof JSON_SHAPES)[number] | 'csv' | 'ndjson' | 'schema';

/** Name of the row key in a body. */
export type IdHeader = 'switch_id' | 'SwitchId';

/** One list, fully said. Plain data that crosses threads; equal requests have equal keys. */
export interface ListSelection extends Slice {
  /** Canonical text of all the rest: what bodies are cached by. */
  readonly key: string;
  readonly shape: ListShape;
  /** In the order asked for, pseudo-columns included; null: all columns. */
  readonly fields: readonly string[] | null;
  readonly int64AsString: boolean;
  readonly idHeader: IdHeader;
  /** Deltas or rates instead of values; null: values. */
  readonly view: RateView | null;
  /** Without the members that the earlier system did not have. */
  readonly bare: boolean;
}

/** Parameters of ListMetrics beside those that every route takes. */
const LIST_PARAMETERS = [
  'fields',
  'switches',
  'where',
  'sort',
  'cursor',
  'metrics',
  'limit',
  'offset',
  'shape',
  'format',
  'int64',
  VIEW_PARAMETER,
] as const;

/** The earlier systems knew them not: under a dialect they are ignored like any other. */
const OWN_PARAMETERS: readonly string[] = ['where', 'sort', 'cursor', VIEW_PARAMETER];

const OFFSET_MAX = 2 ** 31 - 1;

/** Pages come by switch id when nothing else is asked for. */
const PAGE_SORT: readonly SortKey[] = [{ field: KEY_FIELD, descending: false }];

/** A selection with everything at its default but what is given. */
export function listSelection(given: Partial<Omit<ListSelection, 'key'>>): ListSelection {
  const shape = given.shape ?? 'envelope';
  const all = {
    shape,
    fields: given.fields ?? null,
    rows: given.rows ?? null,
    where: given.where ?? null,
    sort: given.sort ?? (shape === 'page' ? PAGE_SORT : []),
    offset: given.offset ?? 0,
    limit: given.limit ?? null,
    int64AsString: given.int64AsString ?? false,
    idHeader: given.idHeader ?? 'switch_id',
    view: given.view ?? null,
    bare: given.bare ?? false,
  } as const;
  const key = JSON.stringify([
    all.shape,
    all.fields,
    formatRows(all.rows),
    all.where && formatWhere(all.where),
    formatSort(all.sort),
    all.offset,
    all.limit,
    all.int64AsString,
    all.idHeader,
    all.view,
    all.bare,
  ]);
  return { key, ...all };
}

/** True when the body changes while the snapshot stays: it must not be cached. */
export function dependsOnAge({ fields, where, sort }: ListSelection): boolean {
  return (
    (fields?.includes(AGE_FIELD) ?? false) ||
    (where?.clauses.some(({ field }) => field === AGE_FIELD) ?? false) ||
    sort.some(({ field }) => field === AGE_FIELD)
  );
}

/** What /telemetry/schema lists. */
export const SCHEMA_SELECTION = listSelection({ shape: 'schema' });

export interface ListRequest {
  readonly rawQuery: string;
  /** The raw path segment of `/ListMetrics/{metric}`, null without one. */
  readonly rawMetric: string | null;
  /** The Accept header, empty without one. */
  readonly accept: string;
  readonly dialect: Dialect | null;
  readonly rules: RouteRules;
}

interface Form {
  readonly shape: ListShape;
  /** Pages have a small limit of their own. */
  readonly paged: boolean;
}

/** The shape under a dialect: Accept, format and shape do not matter there. */
function dialectShape(dialect: Dialect, path: boolean, metrics: boolean): ListShape | undefined {
  if (path) return 'page';
  if (dialect === 'plain' || metrics) return 'csv';
  // The page system has no bare list: the request's spelling decides.
  return dialect === 'page' ? undefined : dialect;
}

function formOf(params: QueryParams, request: ListRequest): Form {
  const path = request.rawMetric !== null;
  const metrics = params.has('metrics');
  if (request.dialect) {
    const shape = dialectShape(request.dialect, path, metrics);
    if (shape) return { shape, paged: path };
  }
  const shape = params.choice('shape', JSON_SHAPES);
  const format = params.choice<ListFormat>('format', ['json', 'csv', 'ndjson']);
  if (shape && format && format !== 'json') {
    throw new WeftError('contradictory_parameter', `Parameter 'shape' is of JSON, 'format' says ${format}.`);
  }
  if (shape) return { shape, paged: path || shape === 'page' };
  const named = format ?? preferredFormat(request.accept);
  if (named === 'csv' || named === 'ndjson') return { shape: named, paged: path };
  if (path) return { shape: 'page', paged: true };
  return { shape: metrics && named !== 'json' ? 'csv' : 'envelope', paged: false };
}

/** The requested columns; at most one of path, `metrics=` and `fields=` may say them. */
function fieldsOf(params: QueryParams, request: ListRequest, form: Form): readonly string[] | null {
  if (request.dialect === 'plain' && request.rawMetric === null) params.required('metrics');
  const said = ['fields', 'metrics'].filter((name) => params.has(name));
  if (said.length + (request.rawMetric === null ? 0 : 1) > 1) {
    throw new WeftError(
      'contradictory_parameter',
      `The columns are said twice: by ${request.rawMetric === null ? '' : 'the path and '}'${said.join("' and '")}'.`,
    );
  }
  if (request.rawMetric !== null) return [decodePathSegment(request.rawMetric, 'the metric')];
  const name = said[0];
  if (name === undefined) {
    if (form.shape !== 'page') return null;
    throw new WeftError('missing_parameter', "A page is of one metric: name it in the path or by 'metrics'.");
  }
  const names = parseNames(params.required(name), name);
  if (form.shape === 'page' && names.length !== 1) {
    throw new WeftError('bad_value', `A page is of one metric, '${name}' names ${names.length}.`);
  }
  return names;
}

/** A request whose parameters are known by name, not yet by meaning. */
export interface ListReading {
  /** `start`, a token, or null without one. */
  readonly cursor: string | null;
  /** True when the request says anything about the list beside its cursor. */
  readonly selects: boolean;
  /**
   * Columns and switches are not looked up yet. Throws missing_parameter, duplicate_parameter,
   * contradictory_parameter, bad_value, out_of_range or too_large.
   */
  selection(): ListSelection;
}

/** Throws what QueryParams throws. */
export function readList(request: ListRequest): ListReading {
  const { rules, dialect } = request;
  const params = new QueryParams(request.rawQuery, {
    names: [...LIST_PARAMETERS.filter((name) => !dialect || !OWN_PARAMETERS.includes(name)), ...rules.extra],
    ignoreUnknown: rules.ignoreUnknown,
  });
  const named = LIST_PARAMETERS.some((name) => name !== 'cursor' && params.has(name));
  return {
    cursor: params.get('cursor') ?? null,
    selects: named || request.rawMetric !== null,
    selection: () => selectionOf(params, request),
  };
}

/** The selection of a request. Throws what `readList` and its selection throw. */
export function parseListQuery(request: ListRequest): ListSelection {
  return readList(request).selection();
}

function selectionOf(params: QueryParams, request: ListRequest): ListSelection {
  const { dialect } = request;
  const form = formOf(params, request);
  const limit = params.integer('limit', 1, form.paged ? PAGE_LIMIT_MAX : ROWS_MAX);
  const switches = params.get('switches');
  const where = params.get('where');
  const sort = params.get('sort');
  return listSelection({
    shape: form.shape,
    fields: fieldsOf(params, request, form),
    rows: switches === undefined ? null : parseRows(switches, 'switches'),
    where: where === undefined ? null : parseWhere(where, 'where'),
    ...(sort === undefined ? {} : { sort: parseSort(sort, 'sort') }),
    offset: params.integer('offset', 0, OFFSET_MAX) ?? 0,
    limit: limit ?? (form.paged ? PAGE_LIMIT_DEFAULT : null),
    int64AsString: params.choice('int64', ['number', 'string']) === 'string',
    idHeader: dialect === 'plain' ? 'SwitchId' : 'switch_id',
    view: rateViewOf(params),
    bare: dialect !== null,
  });
}
