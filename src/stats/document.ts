/** The JSON document of GET /stats. docs/endpoints.md. */

import { OUTCOMES, type Outcome } from '../model/outcome.js';
import type { ColumnSpec } from '../model/schema.js';
import type { LatencySummary } from './latency-histogram.js';
import type { LoopDelaySummary } from './loop-delay.js';
import type { SourceStats } from './source-stats.js';
import type { Stats } from './stats.js';

/** The last poll or push that failed, recovered from or not. */
export interface SourceFailure {
  readonly outcome: Outcome;
  readonly message: string;
  /** Epoch ms. */
  readonly atMs: number;
  /** Failures since the last good exchange; 0 once there was one. */
  readonly inARow: number;
}

/** What the composition root knows of one source at this moment. */
export interface SourceStateView {
  /** Of its breaker and schedule; one word. */
  readonly state: string;
  /** Moves by one at each publish; 0 before the first. */
  readonly version: number;
  readonly generation: number;
  readonly rows: number;
  readonly columns: readonly ColumnSpec[];
  readonly ageMs: number | null;
  /** The upstream's clock minus ours. */
  readonly skewMs: number | null;
  /** null while all is well. */
  readonly lastError: string | null;
  readonly failure?: SourceFailure | null;
  /** Rows that the source reported before and does not report now, as far as they are remembered. */
  readonly goneRows?: number;
}

/** One thread that serves. */
export interface ReaderDocument {
  /** `main`, `reader-1`, … */
  readonly thread: string;
  readonly state: string;
  readonly connections: number;
  /** Answered, whoever made the answer. */
  readonly requests: number;
  /** Of these: answered by main. */
  readonly handed_on: number;
  readonly restarts: number;
}

/** What /stats and /metrics show beside what Stats itself counts. */
export interface StatsView {
  /** undefined for a source that has not started. */
  readonly source: (id: string) => SourceStateView | undefined;
  /** Shared buffers, in use or free. */
  readonly sharedBytes: () => number;
  /** Absent: one thread serves. */
  readonly readers?: () => readonly ReaderDocument[];
}

export interface SourceDocument {
  readonly state: string;
  readonly version: number;
  readonly generation: number;
  readonly rows: number;
  readonly columns: readonly ColumnSpec[];
  readonly age_ms: number | null;
  readonly skew_ms: number | null;
  readonly polls: Readonly<Record<Outcome, number>>;
  readonly last_error: string | null;
  readonly fetch_ms: LatencySummary;
  readonly parse_ms: LatencySummary;
  readonly publish_ms: LatencySummary;
  readonly rejected_cells: number;
  readonly rejected_rows: number;
  readonly counter_resets: number;
}

export interface StatsDocument {
  readonly uptime_s: number;
  /** Of the slowest source; null before the first poll. */
  readonly poll_last_cycle_ms: number | null;
  /** Of the source that has failed most often in a row. */
  readonly poll_retry_count: number;
  readonly endpoints: Readonly<Record<string, LatencySummary>>;
  readonly sources: Readonly<Record<string, SourceDocument>>;
  readonly live: {
    readonly subscribers: number;
    readonly frames_sent: number;
    readonly conflated: number;
    readonly resyncs: number;
  };
  readonly loop_delay_ms: LoopDelaySummary;
  /** Absent: one thread serves. */
  readonly readers?: readonly ReaderDocument[];
  readonly memory: { readonly rss_bytes: number; readonly shared_bytes: number };
}

const NOT_STARTED: SourceStateView = {
  state: 'starting',
  version: 0,
  generation: 0,
  rows: 0,
  columns: [],
  ageMs: null,
  skewMs: null,
  lastError: null,
};

/** Costs some microseconds for each histogram; nothing is cached. */
export function snapshotDocument(stats: Stats, view: StatsView): StatsDocument {
  const { sources, live } = stats;
  const cycles = sources.map(({ lastCycleMs }) => lastCycleMs).filter((ms) => ms !== null);
  return {
    uptime_s: Math.floor(stats.uptimeMs / 1000),
    poll_last_cycle_ms: cycles.length === 0 ? null : roundMs(Math.max(...cycles)),
    poll_retry_count: Math.max(0, ...sources.map(({ failures }) => failures)),
    endpoints: Object.fromEntries(
      [...stats.endpoints].map(([name, histogram]) => [name, histogram.summary()]),
    ),
    sources: Object.fromEntries(
      sources.map((source) => [source.id, describe(stats, source, view.source(source.id) ?? NOT_STARTED)]),
    ),
    live: {
      subscribers: live.subscribers,
      frames_sent: live.framesSent,
      conflated: live.conflated,
      resyncs: live.resyncs,
    },
    loop_delay_ms: stats.loopDelay.summary(),
    ...(view.readers && { readers: view.readers() }),
    memory: { rss_bytes: process.memoryUsage.rss(), shared_bytes: view.sharedBytes() },
  };
}

function describe(stats: Stats, source: SourceStats, view: SourceStateView): SourceDocument {
  return {
    state: view.state,
    version: view.version,
    generation: view.generation,
    rows: view.rows,
    columns: view.columns.map(({ name, kind }) => ({ name, kind })),
    age_ms: view.ageMs,
    skew_ms: view.skewMs,
    polls: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, source.polls(outcome)])) as Record<
      Outcome,
      number
    >,
    last_error: view.lastError === null ? null : stats.redactor.text(view.lastError),
    fetch_ms: source.fetchMs.summary(),
    parse_ms: source.parseMs.summary(),
    publish_ms: source.publishMs.summary(),
    rejected_cells: source.counters.get('rejected_cells'),
    rejected_rows: source.counters.get('rejected_rows'),
    counter_resets: source.counters.get('counter_resets'),
  };
}

/** Microseconds are the finest that is meant. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
