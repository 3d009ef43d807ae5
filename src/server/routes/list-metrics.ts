/** GET /telemetry/ListMetrics and /telemetry/schema: bodies that BodyService encodes. */
import type { Dialect } from '../../config/config.js';
import type { Fabric } from '../../fabric/fabric.js';
import type { Clock } from '../../model/clock.js';
import { PAGE_LIMIT_DEFAULT } from '../../model/limits.js';
import { acceptsGzip } from '../../query/accept.js';
import { matchesEtag } from '../../query/etag.js';
import { listFreshness, requireLiveTable } from '../../query/freshness.js';
import { pagedSelection, requireSame } from '../../query/cursor-query.js';
import {
  readList,
  SCHEMA_SELECTION,
  type ListReading,
  type ListRequest,
  type ListSelection,
} from '../../query/list-query.js';
import { QueryParams } from '../../query/params.js';
import type { BodyService } from '../../view/bodies.js';
import type { CursorService } from '../../view/cursors.js';
import type { ListBody } from '../../view/list-body.js';
import { requireNames } from '../../view/list-work.js';
import type { CursorPage } from '../../view/page-set.js';
import { dialectError } from '../dialect-errors.js';
import { OWN_RULES, rulesOf } from '../dialects.js';
import type { Exchange } from '../exchange.js';
import { headerLines } from '../header-block.js';
import { CONTENT_ENCODING, CONTENT_TYPE, LINK, X_NEXT_CURSOR } from '../header-names.js';
import type { QuickAnswer } from '../quick.js';
import type { RequestHead } from '../request-head.js';
import { KnownLists } from './known-lists.js';
import { QuickLists } from './quick-lists.js';
import { appendSnapshot } from '../snapshot-headers.js';

const ATTACHMENT = headerLines({ 'Content-Disposition': 'attachment; filename=metrics.csv' });
const JSON_HEAD = headerLines({ 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });

const encoder = new TextEncoder();

export interface ListDeps {
  readonly fabric: Fabric;
  readonly bodies: BodyService;
  readonly cursors: CursorService;
  readonly clock: Clock;
}

/** Lists in the words of one dialect (null: weft's own). */
export class ListRoute {
  readonly #deps: ListDeps;
  readonly #dialect: Dialect | null;
  readonly #known = new KnownLists();
  /** Null where the dialect has headers or words of its own. */
  readonly #quick: QuickLists | null;

  constructor(deps: ListDeps, dialect: Dialect | null) {
    this.#deps = deps;
    this.#dialect = dialect;
    this.#quick = dialect === null ? new QuickLists(deps) : null;
  }

  /** What `handle` answers a plain GET that it has answered before, while the snapshot stays. */
  quick(query: string, startMs: number, head: RequestHead): QuickAnswer | undefined {
    return this.#quick?.find(query, startMs, head);
  }

  handle(exchange: Exchange): void | Promise<void> {
    if (this.#dialect !== null) exchange.errorStyle = this.#dialect;
    try {
      const request = this.#request(exchange);
      const known = this.#known.get(request);
      const reading = known ? null : readList(request);
      if (reading && reading.cursor !== null) return answerPage(exchange, this.#deps, request, reading);
      const selection = known ?? reading!.selection();
      if (!known) this.#known.add(request, selection);
      if (this.#dialect !== null && this.#deps.fabric.table === null) {
        const empty = emptyBody(this.#dialect, selection);
        if (empty !== undefined) return answerEmpty(exchange, empty);
      }
      const keep = (body: ListBody): void => this.#quick?.keep(request, selection, body);
      const pending = answerList(exchange, this.#deps, selection, this.#dialect === 'plain', keep);
      return pending?.catch((error: unknown) => exchange.fail(this.#inWords(error, exchange)));
    } catch (error) {
      throw this.#inWords(error, exchange);
    }
  }

  #request(exchange: Exchange): ListRequest {
    return {
      rawQuery: exchange.query,
      rawMetric: exchange.target.segments[0] ?? null,
      accept: exchange.accept,
      dialect: this.#dialect,
      rules: rulesOf(this.#dialect),
    };
  }

  #inWords(error: unknown, exchange: Exchange): unknown {
    if (this.#dialect === null) return error;
    const { query, target } = exchange;
    const metrics = this.#deps.fabric.table?.schema.columns.map(({ name }) => name) ?? [];
    return dialectError(error, this.#dialect, { kind: 'list', query, segments: target.segments, metrics });
  }
}

/** /telemetry/schema. */
export function handleSchema(exchange: Exchange, deps: ListDeps): void | Promise<void> {
  new QueryParams(exchange.query, { names: OWN_RULES.extra, ignoreUnknown: false });
  return answerList(exchange, deps, SCHEMA_SELECTION, false);
}

/** Before the first sample these systems had lists, empty ones. */
function emptyBody(dialect: Dialect, { limit, offset, shape }: ListSelection): string | undefined {
  if (dialect === 'map' && shape === 'map') return '{}';
  if (dialect !== 'page' || shape !== 'page') return undefined;
  return JSON.stringify({ items: [], metrics: [], total: 0, limit: limit ?? PAGE_LIMIT_DEFAULT, offset });
}

function answerEmpty(exchange: Exchange, body: string): void {
  exchange.headers().append(JSON_HEAD);
  exchange.reply(200, encoder.encode(body));
}

function answerList(
  exchange: Exchange,
  deps: ListDeps,
  selection: ListSelection,
  attachment: boolean,
  keep: (body: ListBody) => void = () => {},
): void | Promise<void> {
  const { fabric, bodies, clock } = deps;
  const table = requireLiveTable(fabric, clock);
  if (exchange.ifNoneMatch !== '' && matchesEtag(exchange.ifNoneMatch, table.snapshotId)) {
    requireNames(table, selection);
    appendSnapshot(exchange.headers(), table.snapshotId, listFreshness(fabric, [], clock));
    exchange.replyEmpty(304);
    return;
  }
  const body = bodies.get(selection, acceptsGzip(exchange.acceptEncoding));
  const send = (made: ListBody): void => {
    sendList(exchange, deps, made, attachment);
    keep(made);
  };
  if (body instanceof Promise) return body.then(send);
  send(body);
}

/** A page of a cursor. Never compressed: it is kept as it is for whoever asks next. */
function answerPage(
  exchange: Exchange,
  deps: ListDeps,
  request: ListRequest,
  reading: ListReading,
): void | Promise<void> {
  const { fabric, clock, cursors } = deps;
  const token = reading.cursor!;
  if (token === 'start') {
    requireLiveTable(fabric, clock);
    const started = cursors.start(pagedSelection(reading.selection()), request);
    if (!(started instanceof Promise)) return sendPage(exchange, deps, started);
    return started
      .then((page) => sendPage(exchange, deps, page))
      .catch((error: unknown) => exchange.fail(error));
  }
  const { request: origin, selection } = cursors.requestOf(token);
  if (reading.selects) requireSame(request, origin, selection);
  sendPage(exchange, deps, cursors.page(token), exchange.ifNoneMatch);
}

function sendPage(
  exchange: Exchange,
  deps: ListDeps,
  { body, nextCursor, dataTsMs }: CursorPage,
  ifNoneMatch = '',
): void {
  const freshness = listFreshness(deps.fabric, body.sourceIds, deps.clock, dataTsMs);
  const block = exchange.headers();
  const known = matchesEtag(ifNoneMatch, body.snapshotId);
  if (!known) {
    block.append(CONTENT_TYPE);
    block.text(body.contentType);
  }
  if (nextCursor !== null) {
    block.append(X_NEXT_CURSOR);
    block.text(nextCursor);
    block.append(LINK);
    block.text(`</telemetry/ListMetrics?cursor=${nextCursor}>; rel="next"`);
  }
  appendSnapshot(block, body.snapshotId, freshness);
  if (known) exchange.replyEmpty(304);
  else exchange.replyChunks(200, [body.prefix, body.end(freshness)]);
}

function sendList(exchange: Exchange, deps: ListDeps, body: ListBody, attachment: boolean): void {
  const freshness = listFreshness(deps.fabric, body.sourceIds, deps.clock);
  const block = exchange.headers();
  block.append(CONTENT_TYPE);
  block.text(body.contentType);
  if (body.contentEncoding !== null) {
    block.append(CONTENT_ENCODING);
    block.text(body.contentEncoding);
  }
  if (attachment) block.append(ATTACHMENT);
  appendSnapshot(block, body.snapshotId, freshness);
  exchange.replyChunks(200, [body.prefix, body.end(freshness)]);
}
