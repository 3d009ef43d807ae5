/**
 * One cell: from what a client asked to where it lies. A hot request costs a Map lookup by its raw
 * query string and two bit tests; only the first of its kind is decoded and resolved.
 */
import { bug } from '../model/errors.js';
import type { RateView } from '../model/rates.js';
import type { RowAddress, Table, TableSchema } from '../fabric/table.js';
import { findRow } from './keys.js';
import { decodePathSegment, QueryParams, type QueryRules } from './params.js';
import { rateViewOf, requireTracked, VIEW_PARAMETER } from './rates.js';
import { unknownMetric, unknownSwitch } from './selector.js';

/** Where a cell lies: a part, a slot there, and a table column. */
export interface CellAddress {
  readonly part: number;
  readonly slot: number;
  readonly column: number;
}

/** What a request asks for, apart from the dialect. */
export interface MetricRequest {
  readonly switchId: string;
  readonly metric: string;
  readonly format: 'json' | 'text';
  readonly int64AsString: boolean;
  /** The delta or the rate instead of the value; null: the value. */
  readonly view: RateView | null;
}

/** Parameters of GetMetric beside those that every route takes. */
export const METRIC_PARAMETERS = ['switch_id', 'metric', 'format', 'int64'] as const;
/** Parameters that weft's own form takes and the dialects ignore. */
const OWN_PARAMETERS = [VIEW_PARAMETER] as const;
const PATH_PARAMETERS = ['format', 'int64'] as const;

/** What a query may name: `names`, and what the rules add. */
export function metricParameters(names: readonly string[], rules: RouteRules): QueryRules {
  const { extra, ignoreUnknown } = rules;
  return { names: [...names, ...(ignoreUnknown ? [] : OWN_PARAMETERS), ...extra], ignoreUnknown };
}

/** Parameters that a route takes beside its own, such as `dialect`, and whether others are ignored. */
export interface RouteRules {
  readonly extra: readonly string[];
  readonly ignoreUnknown: boolean;
}

/** The cell of a switch and a metric. Throws unknown_switch or unknown_metric. */
export function locate(table: Table, switchId: string, metric: string): CellAddress {
  const row: RowAddress = { part: 0, slot: -1 };
  if (!findRow(table, switchId, row)) throw unknownSwitch(switchId);
  const column = table.schema.byName.get(metric);
  if (column === undefined) throw unknownMetric(table, metric);
  return { part: row.part, slot: row.slot, column };
}

/** The body of a cell in one snapshot, with room for the age of each response. */
export interface KeptBody {
  snapshotId: string;
  bytes: Uint8Array;
  /** Where the age goes; -1: the body has none. */
  ageAt: number;
  /** The age that stands there now, and the body with it. */
  ageMs: number;
  view: Uint8Array;
}

/** A cell that was found, with what it takes to know it is still there. Held by MetricCache. */
export class LocatedMetric {
  readonly request: MetricRequest;
  readonly column: number;
  /** First bytes of the body, kept by the view that writes it, for `headShape`. */
  head: Uint8Array | null = null;
  headShape = '';
  /** Kept by the route that answers with it, as long as this entry is. */
  body: KeptBody | null = null;
  #part: number;
  #slot: number;
  // Not the table itself: an entry must not keep retired segments alive.
  readonly #schema: TableSchema;
  #snapshotId: string;

  constructor(table: Table, request: MetricRequest) {
    const { part, slot, column } = locate(table, request.switchId, request.metric);
    if (request.view !== null) requireTracked(table, column, request.view);
    // The key that the row has: a GUID may have been asked for in another spelling.
    this.request = { ...request, switchId: table.keyText(part, slot) };
    this.column = column;
    this.#part = part;
    this.#slot = slot;
    this.#schema = table.schema;
    this.#snapshotId = table.snapshotId;
  }

  get part(): number {
    return this.#part;
  }

  get slot(): number {
    return this.#slot;
  }

  /** True when the cell is part of `table` too; moves to the part that holds the newest sample. */
  stillIn(table: Table): boolean {
    if (this.#schema !== table.schema) return false;
    if (table.parts.length === 1) {
      const { reader, bank } = table.parts[0]!;
      return reader.isPresent(bank, this.#slot);
    }
    if (this.#snapshotId === table.snapshotId) return true;
    const row: RowAddress = { part: 0, slot: -1 };
    if (!table.findSame(this.#part, this.#slot, row)) return false;
    this.#part = row.part;
    this.#slot = row.slot;
    this.#snapshotId = table.snapshotId;
    return true;
  }
}

function requestOf(params: QueryParams, switchId: string, metric: string): MetricRequest {
  return {
    switchId,
    metric,
    format: params.choice('format', ['json', 'text']) ?? 'json',
    int64AsString: params.choice('int64', ['number', 'string']) === 'string',
    view: rateViewOf(params),
  };
}

/** `?switch_id=&metric=`. Throws what QueryParams throws, missing_parameter, or what `locate` throws. */
export function locateQuery(table: Table, rawQuery: string, rules: RouteRules): LocatedMetric {
  const params = new QueryParams(rawQuery, metricParameters(METRIC_PARAMETERS, rules));
  const request = requestOf(params, params.required('switch_id'), params.required('metric'));
  return new LocatedMetric(table, request);
}

/**
 * `/{first}/{second}`: metric and switch, or switch and metric when only that order fits. Raw path
 * segments. Throws unknown_switch or unknown_metric for the reading that fits best.
 */
export function locatePath(
  table: Table,
  first: string,
  second: string,
  rawQuery: string,
  rules: RouteRules,
): LocatedMetric {
  const params = new QueryParams(rawQuery, metricParameters(PATH_PARAMETERS, rules));
  const a = decodePathSegment(first, 'the first name');
  const b = decodePathSegment(second, 'the second name');
  return new LocatedMetric(
    table,
    switchFirst(table, a, b) ? requestOf(params, a, b) : requestOf(params, b, a),
  );
}

/** True when a is the switch and b the metric, false for the usual order. Throws when neither fits. */
function switchFirst(table: Table, a: string, b: string): boolean {
  const row: RowAddress = { part: 0, slot: -1 };
  const aMetric = table.schema.byName.has(a);
  const bMetric = table.schema.byName.has(b);
  const aSwitch = findRow(table, a, row);
  const bSwitch = findRow(table, b, row);
  if (aMetric && bSwitch) return false;
  if (bMetric && aSwitch) return true;
  if (aMetric) throw unknownSwitch(b);
  if (bMetric && !bSwitch) throw unknownSwitch(a);
  throw unknownMetric(table, aSwitch && !bSwitch ? b : a);
}

/** Longer request texts are not kept: the cache is bounded by entries, so entries must be small. */
const KEY_CHARACTERS_MAX = 256;

/** Request text to cell, bounded; survives publishes. One cache for each route and dialect. */
export class MetricCache {
  readonly #entries = new Map<string, LocatedMetric>();
  readonly #entriesMax: number;

  constructor(entriesMax = 32_768) {
    if (entriesMax < 1) bug('a metric cache of no entries');
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The cell of an earlier request of this text, if it is in `table` too. */
  find(key: string, table: Table): LocatedMetric | undefined {
    const entry = this.#entries.get(key);
    return entry?.stillIn(table) ? entry : undefined;
  }

  /** Keeps a cell for `find`; the oldest entry makes room. */
  add(key: string, located: LocatedMetric): void {
    if (key.length > KEY_CHARACTERS_MAX) return;
    // Deleted first, so that a re-resolved entry counts as new.
    this.#entries.delete(key);
    if (this.#entries.size >= this.#entriesMax) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, located);
  }
}
