/** Every path that weft answers, and who answers it. */
import type { Dialect } from '../../config/config.js';
import type { ServerContext } from '../context.js';
import type { ServerCore } from '../core.js';
import type { Stats } from '../../stats/stats.js';
import { DialectChooser, DIALECTS } from '../dialects.js';
import type { Endpoint, EndpointName } from '../endpoint.js';
import type { Exchange } from '../exchange.js';
import type { RouteCost } from '../guards/guard.js';
import { replyJson, replyText, smallHead } from '../json.js';
import type { QuickHandler } from '../quick.js';
import { Routes, type Handler } from '../route.js';
import { STREAM_PATH } from '../upgrades.js';
import { handleChanges } from './changes.js';
import { handleCoverage } from './coverage.js';
import { MetricChoice, MetricRoute, type MetricDeps } from './get-metric.js';
import { HistoryRoute } from './history.js';
import {
  handleHealth,
  handleLive,
  handlePageHealth,
  handleReady,
  handleRoot,
  handleTelemetryHealth,
} from './health.js';
import { handleSchema, ListRoute } from './list-metrics.js';
import { handleIngest } from './ingest.js';
import { handleEnvelopeStats, handleMetrics, handleStats, Observation } from './observe.js';

const METRIC = '/telemetry/GetMetric';
const LIST = '/telemetry/ListMetrics';

/** The read paths that each earlier system had: under `/dialects/<name>` they are all there is. */
const MOUNTED: Readonly<Record<Dialect, readonly string[]>> = {
  page: ['/telemetry/health', `${METRIC}/*/*`, `${LIST}/*`],
  map: [METRIC, LIST],
  envelope: [METRIC, LIST, '/stats', '/health'],
  plain: ['/', METRIC, LIST],
};

const EMPTY_HTML = smallHead('text/html; charset=utf-8');

type Spoken = Readonly<Partial<Record<Dialect, Handler>>>;

export interface RouteTable {
  readonly routes: Routes;
  /** Upgrades of /telemetry/stream are counted under it. */
  readonly stream: Endpoint;
  /** Requests that lead nowhere. */
  readonly unknown: Endpoint;
}

/** What every route needs. */
interface TableContext {
  readonly options: Pick<ServerContext['options'], 'defaultDialect'>;
  readonly stats: Stats;
  /** Around every handler; default: nothing. */
  readonly around?: Around;
}

/** Makes handlers of handlers. */
export interface Around {
  handle(inner: Handler): Handler;
  quick(inner: QuickHandler): QuickHandler;
}

const AS_IT_IS: Around = { handle: (inner) => inner, quick: (inner) => inner };

/** Fills the table: one line a path below, its dialects' mounts follow by themselves. */
class TableBuilder {
  readonly routes = new Routes();
  readonly chooser: DialectChooser;
  readonly #context: TableContext;
  readonly #endpoints = new Map<string, Endpoint>();

  constructor(context: TableContext) {
    this.#context = context;
    this.chooser = new DialectChooser(context.options.defaultDialect);
  }

  endpoint(name: EndpointName, cost: RouteCost): Endpoint {
    const known = this.#endpoints.get(name);
    if (known) return known;
    const made = { name, cost, latency: this.#context.stats.endpoint(name) };
    this.#endpoints.set(name, made);
    return made;
  }

  /** `own` answers without a dialect, and for dialects that say nothing else here. */
  add(path: string, endpoint: Endpoint, own: Handler, spoken: Spoken = {}, quick?: QuickHandler): void {
    const choose = (exchange: Exchange): void | Promise<void> => {
      const dialect = this.chooser.of(exchange);
      return ((dialect === null ? undefined : spoken[dialect]) ?? own)(exchange);
    };
    const handle = Object.keys(spoken).length === 0 ? own : choose;
    // Where another dialect is the default, what was answered as weft's own may have said so in a header.
    const isOwnByDefault = this.chooser.of({ query: '', dialect: '' }) === null;
    this.addChosen(path, endpoint, handle, spoken, isOwnByDefault ? quick : undefined);
  }

  /** The same where `handle` chooses the dialect by itself. */
  addChosen(
    path: string,
    endpoint: Endpoint,
    handle: Handler,
    spoken: Spoken,
    quick: QuickHandler | undefined = undefined,
  ): void {
    const { around = AS_IT_IS } = this.#context;
    const ready = quick && around.quick(quick);
    this.routes.add({
      path,
      endpoint,
      errorStyle: 'json',
      handle: around.handle(handle),
      ...(ready && { quick: ready }),
    });
    for (const dialect of DIALECTS) {
      const own = spoken[dialect];
      if (own === undefined || !MOUNTED[dialect].includes(path)) continue;
      const mounted = `/dialects/${dialect}${path}`;
      this.routes.add({ path: mounted, endpoint, errorStyle: dialect, handle: around.handle(own) });
    }
  }
}

function perDialect<T>(make: (dialect: Dialect) => T): Readonly<Record<Dialect, T>> {
  return { page: make('page'), map: make('map'), envelope: make('envelope'), plain: make('plain') };
}

function addMetric(table: TableBuilder, context: MetricDeps): void {
  const metric = table.endpoint('GetMetric', 'cheap');
  const metrics = perDialect((dialect) => new MetricRoute(context, dialect));
  const spokenMetrics = perDialect<Handler>((dialect) => (exchange) => metrics[dialect].handle(exchange));
  const choice = new MetricChoice(table.chooser, new MetricRoute(context, null), metrics);
  const metricHandler: Handler = (exchange) => choice.handle(exchange);
  table.addChosen(METRIC, metric, metricHandler, spokenMetrics, choice.quick);
  table.addChosen(`${METRIC}/*/*`, metric, metricHandler, spokenMetrics);
}

function addLists(table: TableBuilder, context: ServerContext): void {
  const list = table.endpoint('ListMetrics', 'expensive');
  const ownList = new ListRoute(context, null);
  const spokenLists = perDialect<Handler>((dialect) => {
    const route = new ListRoute(context, dialect);
    return (exchange) => route.handle(exchange);
  });
  const listHandler: Handler = (exchange) => ownList.handle(exchange);
  table.add(LIST, list, listHandler, spokenLists, (...asked) => ownList.quick(...asked));
  table.add(`${LIST}/*`, list, listHandler, spokenLists);

  const schema = table.endpoint('schema', 'expensive');
  table.add('/telemetry/schema', schema, (exchange) => handleSchema(exchange, context));
  const changes = table.endpoint('changes', 'expensive');
  table.add('/telemetry/changes', changes, (exchange) => handleChanges(exchange, context));
  const coverage = table.endpoint('coverage', 'expensive');
  table.add('/telemetry/coverage', coverage, (exchange) => handleCoverage(exchange, context));
  const history = new HistoryRoute(context);
  const series = table.endpoint('History', 'expensive');
  table.add('/telemetry/History', series, (exchange) => history.series(exchange));
  const comparisons = table.endpoint('Compare', 'expensive');
  table.add('/telemetry/Compare', comparisons, (exchange) => history.compare(exchange));
}

interface HealthContext extends MetricDeps {
  readonly options: Pick<ServerContext['options'], 'version'>;
}

/** What any thread knows of itself. */
function addLocalHealth(table: TableBuilder, context: HealthContext, core: ServerCore): void {
  const { fabric, clock, options } = context;
  const deps = { fabric, clock, core, version: options.version };
  const health = table.endpoint('health', 'exempt');
  const plainRoot: Handler = (exchange) => replyText(exchange, EMPTY_HTML, '');
  table.add('/', health, (exchange) => handleRoot(exchange, deps), { plain: plainRoot });
  table.add('/telemetry/health', health, (exchange) => handleTelemetryHealth(exchange, deps), {
    page: handlePageHealth,
  });
  table.add('/health/live', health, handleLive);
  table.add('/health/ready', health, (exchange) => handleReady(exchange, deps));
}

/** What main alone knows. */
function addHealth(table: TableBuilder, { isStateDegraded }: ServerContext): void {
  const health = table.endpoint('health', 'exempt');
  table.add('/health', health, (exchange) => handleHealth(exchange, isStateDegraded), {
    envelope: (exchange) => replyJson(exchange, 200, { ok: true }),
  });
}

function addObservation(table: TableBuilder, { stats, statsView, collect }: ServerContext): void {
  const observation = new Observation(stats, statsView, collect ?? null);
  table.add('/stats', table.endpoint('stats', 'exempt'), (exchange) => handleStats(exchange, observation), {
    envelope: (exchange) => handleEnvelopeStats(exchange, observation),
  });
  table.add('/metrics', table.endpoint('metrics', 'exempt'), (exchange) =>
    handleMetrics(exchange, observation),
  );
}

/** What a request gets that asks for the stream without an upgrade. */
function refusePlainStream(exchange: Exchange): void {
  exchange.refuse({
    allow: false,
    status: 426,
    error: 'bad_request',
    message: `cannot stream over plain HTTP: open a WebSocket at ${STREAM_PATH}`,
    headers: { Upgrade: 'websocket' },
  });
}

function addIngest(table: TableBuilder, { pushes, fabric, clock }: ServerContext, core: ServerCore): void {
  if (pushes === undefined) return;
  const deps = { desk: pushes, fabric, clock, head: core.head };
  const endpoint = table.endpoint('ingest', 'expensive');
  const handle: Handler = (exchange) => handleIngest(exchange, deps);
  table.routes.add({ path: '/telemetry/ingest/*', endpoint, errorStyle: 'json', handle, isPost: true });
}

/** What a reader thread answers by itself: point reads and health. */
export interface LocalContext extends HealthContext, TableContext {
  readonly options: HealthContext['options'] & TableContext['options'];
}

export function buildLocalRoutes(context: LocalContext, core: ServerCore): Routes {
  const table = new TableBuilder(context);
  addMetric(table, context);
  addLocalHealth(table, context, core);
  return table.routes;
}

export function buildRoutes(context: ServerContext, core: ServerCore): RouteTable {
  const table = new TableBuilder(context);
  addMetric(table, context);
  addLists(table, context);
  addLocalHealth(table, context, core);
  addHealth(table, context);
  addObservation(table, context);
  addIngest(table, context, core);
  const stream = table.endpoint('stream', 'cheap');
  table.add(STREAM_PATH, stream, refusePlainStream);
  return { routes: table.routes, stream, unknown: table.endpoint('other', 'cheap') };
}
