/**
 * GET /telemetry/coverage: which source reports which rows, what is gone and what is old. It answers
 * 200 whatever the sources do: it is where one looks when they fail.
 *
 * Ages, states and errors move while the snapshot stays: they stand first and are made for each
 * response, the lists behind them are cached bytes. So there is no ETag.
 */
import type { Fabric } from '../../fabric/fabric.js';
import type { SourceStatus } from '../../fabric/source-status.js';
import type { Clock } from '../../model/clock.js';
import type { CoverageTotals, PartCoverage } from '../../query/coverage.js';
import { parseCoverageQuery, type CoverageQuery } from '../../query/coverage-query.js';
import type { SourceStateView, StatsView } from '../../stats/document.js';
import type { Stats } from '../../stats/stats.js';
import type { Coverage, CoverageService } from '../../view/coverage-service.js';
import { OWN_RULES } from '../dialects.js';
import type { Exchange } from '../exchange.js';
import { headerLines } from '../header-block.js';
import { smallHead } from '../json.js';

const JSON_HEAD = smallHead('application/json');
const CSV_HEAD = headerLines({
  'Content-Type': 'text/csv; charset=utf-8',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
});

const encoder = new TextEncoder();
const SHARED = encoder.encode(',"shared":');
const END = encoder.encode('}');

export interface CoverageDeps {
  readonly fabric: Fabric;
  readonly coverage: CoverageService;
  readonly clock: Clock;
  readonly stats: Stats;
  readonly statsView: StatsView;
}

const NO_ROWS = {
  rows: 0,
  ownRows: 0,
  sharedRows: 0,
  servedRows: 0,
  heldRows: 0,
  missingRows: 0,
  movedRows: 0,
  forgottenRows: 0,
};

export function handleCoverage(exchange: Exchange, deps: CoverageDeps): void | Promise<void> {
  const ids = deps.fabric.sources.map(({ id }) => id);
  const query = parseCoverageQuery(exchange.query, ids, OWN_RULES.extra);
  const made = deps.coverage.get(query);
  if (made instanceof Promise) return made.then((coverage) => send(exchange, deps, query, coverage));
  send(exchange, deps, query, made);
}

function send(exchange: Exchange, deps: CoverageDeps, query: CoverageQuery, coverage: Coverage): void {
  const block = exchange.headers();
  if (query.format === 'csv') {
    block.append(CSV_HEAD);
    exchange.replyChunks(200, [coverage.missing]);
    return;
  }
  const head = JSON.stringify(headOf(deps, query, coverage));
  const opening = encoder.encode(`${head.slice(0, -1)},"missing":`);
  block.append(JSON_HEAD);
  exchange.replyChunks(200, [opening, coverage.missing, SHARED, coverage.shared, END]);
}

/** All members but the two lists. */
function headOf(deps: CoverageDeps, query: CoverageQuery, { snapshotId, totals }: Coverage): object {
  const asked = deps.fabric.sources.filter(({ id }) => query.source === null || id === query.source);
  const monotonicMs = deps.clock.monotonicMs();
  const parts = new Map(totals.parts.map((part) => [part.sourceId, part]));
  const stale = asked.filter((source) => source.isStale(monotonicMs));
  const only = query.source === null ? totals : (parts.get(query.source) ?? NO_ROWS);
  return {
    snapshot_id: snapshotId,
    ...counts(only, totals.parts, asked),
    stale_rows: stale.reduce((sum, { id }) => sum + (parts.get(id)?.servedRows ?? 0), 0),
    sources: asked.map((source) => describe(deps, source, parts.get(source.id), monotonicMs)),
    limit: query.limit,
    offset: query.offset,
  };
}

function counts(
  { rows, sharedRows, missingRows }: Pick<CoverageTotals, 'rows' | 'sharedRows' | 'missingRows'>,
  parts: readonly PartCoverage[],
  asked: readonly SourceStatus[],
): object {
  const forgotten = parts
    .filter(({ sourceId }) => asked.some(({ id }) => id === sourceId))
    .reduce((sum, part) => sum + part.forgottenRows, 0);
  return { rows, shared_rows: sharedRows, missing_rows: missingRows, missing_forgotten: forgotten };
}

function describe(
  { clock, stats, statsView }: CoverageDeps,
  source: SourceStatus,
  part: PartCoverage | undefined,
  monotonicMs: number,
): object {
  const state = statsView.source(source.id);
  const counted = part ?? NO_ROWS;
  return {
    id: source.id,
    state: state?.state ?? 'starting',
    rows: counted.rows,
    own_rows: counted.ownRows,
    shared_rows: counted.sharedRows,
    served_rows: counted.servedRows,
    held_rows: counted.heldRows,
    missing_rows: counted.missingRows,
    moved_rows: counted.movedRows,
    missing_forgotten: counted.forgottenRows,
    age_ms: source.ageMs(clock.nowMs()),
    stale: source.isStale(monotonicMs),
    max_stale_ms: source.maxStaleMs,
    last_good_at: iso(source.lastGoodMs),
    last_error: lastError(state, stats),
  };
}

/** The last failure, also after the source has recovered: then there are none in a row. */
function lastError(state: SourceStateView | undefined, { redactor }: Stats): object | null {
  const failure = state?.failure;
  if (!failure) return null;
  return {
    outcome: failure.outcome,
    message: redactor.text(failure.message),
    at: iso(failure.atMs),
    failures_in_a_row: failure.inARow,
  };
}

function iso(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
