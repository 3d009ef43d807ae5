/** GET /telemetry/History and /telemetry/Compare: the past of chosen columns. */
import { WeftError } from '../../model/errors.js';
import type { Fabric } from '../../fabric/fabric.js';
import type { Clock } from '../../model/clock.js';
import { listFreshness, requireLiveTable, requireTable } from '../../query/freshness.js';
import { parseCompareQuery, parseSeriesQuery } from '../../query/history-query.js';
import type { Histories } from '../../sink/histories.js';
import { OWN_RULES } from '../dialects.js';
import type { Exchange } from '../exchange.js';
import { headerLines } from '../header-block.js';
import { appendAge } from '../snapshot-headers.js';

/** A history is recorded a moment after its publish: an answer belongs to no snapshot, and has no ETag. */
const FIXED = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };
const JSON_HEAD = headerLines({ 'Content-Type': 'application/json', ...FIXED });
const CSV_HEAD = headerLines({ 'Content-Type': 'text/csv; charset=utf-8', Vary: 'Accept', ...FIXED });

export interface HistoryDeps {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly histories?: Histories | null;
}

export class HistoryRoute {
  readonly #deps: HistoryDeps;

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  /** Throws not_found when no column has a history. */
  get #histories(): Histories {
    const { histories } = this.#deps;
    if (histories) return histories;
    throw new WeftError('not_found', 'No column has a history: HISTORY_COLUMNS names none.');
  }

  async series(exchange: Exchange): Promise<void> {
    const histories = this.#histories;
    const query = parseSeriesQuery(exchange.query, exchange.accept, histories.settings.windowMs, OWN_RULES);
    const table = requireTable(this.#deps.fabric);
    const { part, body } = histories.series(table, query);
    const { sourceId } = table.parts[part]!.ref;
    const bytes = await body;
    this.#send(exchange, [sourceId], query.format === 'csv' ? CSV_HEAD : JSON_HEAD, bytes);
  }

  async compare(exchange: Exchange): Promise<void> {
    const histories = this.#histories;
    const query = parseCompareQuery(exchange.query, histories.settings.windowMs, OWN_RULES);
    const table = requireLiveTable(this.#deps.fabric, this.#deps.clock);
    const bytes = await histories.compare(table, query);
    this.#send(exchange, [], JSON_HEAD, bytes);
  }

  #send(exchange: Exchange, sourceIds: readonly string[], head: Uint8Array, body: Uint8Array): void {
    const { fabric, clock } = this.#deps;
    const block = exchange.headers();
    block.append(head);
    appendAge(block, listFreshness(fabric, sourceIds, clock));
    exchange.replyChunks(200, [body]);
  }
}
