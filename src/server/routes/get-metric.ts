/** GET /telemetry/GetMetric: one cell. The hottest path there is; it never waits. */
import type { Dialect } from '../../config/config.js';
import type { FabricView } from '../../fabric/fabric-view.js';
import type { Table } from '../../fabric/table.js';
import type { Clock } from '../../model/clock.js';
import { matchesEtag } from '../../query/etag.js';
import { requireTable, rowFreshness, type Freshness } from '../../query/freshness.js';
import {
  locatePath,
  locateQuery,
  METRIC_PARAMETERS,
  metricParameters,
  MetricCache,
  type LocatedMetric,
} from '../../query/get-metric.js';
import { QueryParams } from '../../query/params.js';
import { dialectError } from '../dialect-errors.js';
import { rulesOf, type DialectChooser } from '../dialects.js';
import type { ErrorStyle } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { replyJson } from '../json.js';
import type { QuickAnswer, QuickHandler } from '../quick.js';
import { RecentWall } from '../recent-wall.js';
import { appendSnapshot, SnapshotPrefix } from '../snapshot-headers.js';
import { mapTimestamp } from './map-timestamp.js';
import { MetricBodies } from './metric-bodies.js';

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';
/** Cells that each dialect remembers; weft's own form remembers as many as MetricCache does. */
const DIALECT_CELLS_MAX = 4096;
const NONE: readonly string[] = [];
const TEXT_ASKED = /(?:^|&)format=text(?:&|$)/;

export interface MetricDeps {
  readonly fabric: FabricView;
  readonly clock: Clock;
}

/** GetMetric in the words of one dialect (null: weft's own). */
export class MetricRoute {
  readonly #deps: MetricDeps;
  readonly #dialect: Dialect | null;
  readonly #bodies: MetricBodies;
  readonly #wall: RecentWall;
  readonly #cache: MetricCache;
  /** By part: headers of JSON and of text. */
  readonly #json: SnapshotPrefix[] = [];
  readonly #text: SnapshotPrefix[] = [];
  readonly #quick: QuickAnswer;

  constructor(deps: MetricDeps, dialect: Dialect | null) {
    this.#deps = deps;
    this.#dialect = dialect;
    this.#bodies = new MetricBodies(dialect === null || dialect === 'plain' ? 'full' : dialect);
    this.#wall = new RecentWall(deps.clock);
    this.#cache = dialect === null ? new MetricCache() : new MetricCache(DIALECT_CELLS_MAX);
    const prefix = new SnapshotPrefix(JSON_TYPE);
    this.#quick = { prefix, snapshotId: '', ageMs: 0, dataTsMs: 0, body: new Uint8Array(0) };
  }

  /** The cell of an earlier request of this very text, if there was one: no parsing at all. */
  known(exchange: Exchange): LocatedMetric | undefined {
    const { table } = this.#deps.fabric;
    return table === null ? undefined : this.#cache.find(keyOf(exchange), table);
  }

  handle(exchange: Exchange, known = this.known(exchange)): void {
    exchange.errorStyle = this.#errorStyle(exchange, known);
    try {
      const table = this.#table(exchange);
      const time = this.#dialect === 'map' && !known ? mapTimestamp(exchange, table) : undefined;
      if (time !== undefined) {
        this.#deps.fabric.confirm();
        return replyJson(exchange, 200, time);
      }
      const located = known ?? this.#locate(exchange, table);
      this.#answer(exchange, table, located);
    } catch (error) {
      throw this.#inWords(error, exchange);
    }
  }

  #errorStyle(exchange: Exchange, known: LocatedMetric | undefined): ErrorStyle {
    if (this.#dialect !== null) return this.#dialect;
    // What cannot be read in full may still say how it wants to be told so.
    return known?.request.format ?? (TEXT_ASKED.test(exchange.query) ? 'text' : 'json');
  }

  /** Before the first publish a mistake of the client is told all the same. */
  #table(exchange: Exchange): Table {
    const { fabric } = this.#deps;
    if (fabric.table === null && exchange.target.segments.length === 0) {
      const rules = metricParameters(METRIC_PARAMETERS, rulesOf(this.#dialect));
      const params = new QueryParams(exchange.query, rules);
      params.required('switch_id');
      params.required('metric');
    }
    return requireTable(fabric);
  }

  #locate(exchange: Exchange, table: Table): LocatedMetric {
    const { segments } = exchange.target;
    const rules = rulesOf(this.#dialect);
    const [first, second] = segments;
    const located =
      first === undefined || second === undefined
        ? locateQuery(table, exchange.query, rules)
        : locatePath(table, first, second, exchange.query, rules);
    this.#cache.add(keyOf(exchange), located);
    return located;
  }

  #answer(exchange: Exchange, table: Table, located: LocatedMetric): void {
    const { snapshotId } = table;
    const freshness = this.#freshness(exchange, located.part);
    if (exchange.ifNoneMatch !== '' && matchesEtag(exchange.ifNoneMatch, snapshotId)) {
      this.#deps.fabric.confirm();
      appendSnapshot(exchange.headers(), snapshotId, freshness);
      exchange.replyEmpty(304);
      return;
    }
    const asText = this.#asText(located);
    const body = this.#body(table, located, freshness.ageMs);
    this.#deps.fabric.confirm();
    this.#prefix(asText, located.part).append(exchange.headers(), snapshotId, freshness);
    exchange.reply(200, body);
  }

  #asText(located: LocatedMetric): boolean {
    return this.#dialect === 'plain' || (this.#dialect === null && located.request.format === 'text');
  }

  #body(table: Table, located: LocatedMetric, ageMs: number): Uint8Array {
    if (this.#asText(located)) return this.#bodies.text(table, located);
    return this.#bodies.json(table, located, ageMs);
  }

  /** What `handle` answers a plain GET, when the cell is known and nothing speaks against it. */
  quick(query: string, startMs: number): QuickAnswer | undefined {
    const { fabric } = this.#deps;
    const { table } = fabric;
    if (table === null) return undefined;
    const located = this.#cache.find(query, table);
    if (located === undefined) return undefined;
    const source = fabric.statusOf(located.part);
    const { dataTsMs } = source;
    if (dataTsMs === null || source.isStale(startMs)) return undefined;
    const ageMs = source.ageMs(this.#wall.at(startMs)) ?? 0;
    const answer = this.#quick;
    answer.body = this.#body(table, located, ageMs);
    answer.prefix = this.#prefix(this.#asText(located), located.part);
    answer.snapshotId = table.snapshotId;
    answer.ageMs = ageMs;
    answer.dataTsMs = dataTsMs;
    return answer;
  }

  /** As rowFreshness, with the clock that the exchange has read already. Throws stale. */
  #freshness({ startMs }: Exchange, part: number): Freshness {
    const { fabric, clock } = this.#deps;
    const source = fabric.statusOf(part);
    const { dataTsMs } = source;
    if (dataTsMs === null || source.isStale(startMs)) return rowFreshness(fabric, part, clock);
    return { ageMs: source.ageMs(this.#wall.at(startMs)) ?? 0, dataTsMs, staleSources: NONE };
  }

  #prefix(asText: boolean, part: number): SnapshotPrefix {
    if (!asText) return (this.#json[part] ??= new SnapshotPrefix(JSON_TYPE));
    return (this.#text[part] ??= new SnapshotPrefix(this.#dialect === 'plain' ? HTML_TYPE : TEXT_TYPE));
  }

  #inWords(error: unknown, exchange: Exchange): unknown {
    if (this.#dialect === null) return error;
    const { query, target } = exchange;
    const metrics = this.#deps.fabric.table?.schema.columns.map(({ name }) => name) ?? [];
    return dialectError(error, this.#dialect, { kind: 'metric', query, segments: target.segments, metrics });
  }
}

/** What a request is remembered by. A raw query holds no space, so that no two kinds are mixed up. */
function keyOf(exchange: Exchange): string {
  const { segments, path } = exchange.target;
  return segments.length === 0 ? exchange.query : `${path} ${exchange.query}`;
}

/** GetMetric without a prefix: weft's own, or the dialect that the request names. */
export class MetricChoice {
  readonly #chooser: DialectChooser;
  readonly #own: MetricRoute;
  readonly #dialects: Readonly<Record<Dialect, MetricRoute>>;
  readonly #ownByDefault: boolean;

  constructor(chooser: DialectChooser, own: MetricRoute, dialects: Readonly<Record<Dialect, MetricRoute>>) {
    this.#chooser = chooser;
    this.#own = own;
    this.#dialects = dialects;
    this.#ownByDefault = chooser.of({ query: '', dialect: '' }) === null;
  }

  /** Of queries that were served as weft's own: they name no dialect. */
  get quick(): QuickHandler | undefined {
    return this.#ownByDefault ? (query, startMs) => this.#own.quick(query, startMs) : undefined;
  }

  handle(exchange: Exchange): void {
    // A query that was served as weft's own names no dialect: nothing to choose.
    const known = this.#ownByDefault && exchange.dialect === '' ? this.#own.known(exchange) : undefined;
    if (known) return this.#own.handle(exchange, known);
    const dialect = this.#chooser.of(exchange);
    const route = dialect === null ? this.#own : this.#dialects[dialect];
    route.handle(exchange);
  }
}
