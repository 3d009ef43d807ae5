/**
 * The histories of all sources: what records them, and what reads of them are answered with. A row
 * that several sources hold has the past that the source remembers which serves it now.
 */
import type { Fabric } from '../fabric/fabric.js';
import type { Table } from '../fabric/table.js';
import type { Clock } from '../model/clock.js';
import { WeftError } from '../model/errors.js';
import type { JobName, JobRunner } from '../model/jobs.js';
import { Throttle } from '../log/throttle.js';
import type { Logger } from '../model/log.js';
import { locate } from '../query/get-metric.js';
import type { CompareQuery, SeriesQuery } from '../query/history-query.js';
import { resolveColumns, unknownMetric, unknownSwitch } from '../query/selector.js';
import { checkSlice } from '../query/slice.js';
import type { FreeList } from '../snapshot/free-list.js';
import { HistoryBudget } from '../snapshot/history-budget.js';
import { HistoryStore } from '../snapshot/history-store.js';
import { encodeComparison, type CompareTask } from '../view/comparison.js';
import { runEncodeJob } from '../view/encode-job.js';
import type { HistoryBody } from '../view/history-body.js';
import { encodeSeries, type SeriesTask } from '../view/series.js';
import { HistorySink } from './history-sink.js';
import { SinkRunner } from './sink-runner.js';

/** Frames that main may walk for one answer. */
const FRAMES_INLINE_MAX = 1_000;
/** Frames kept beyond the window: so that a sample as old as the window is there. */
const EDGE_INTERVALS = 2;

export interface HistorySettings {
  /** HISTORY_COLUMNS, not empty. */
  readonly columns: readonly string[];
  readonly windowMs: number;
  readonly bytesMax: number;
  readonly sources: readonly { readonly id: string; readonly intervalMs: number }[];
  /** Deadline of one job. */
  readonly jobTimeoutMs: number;
  readonly bodyBytesMax: number;
}

export interface HistoriesDeps {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  readonly free: FreeList;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Read at each scrape. */
export interface HistoryStats {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly frames: number;
  readonly rows: number;
  /** Samples of whole publishes that are in no history: merged, or without memory or a worker. */
  readonly dropped: number;
  readonly evictions: number;
}

export class Histories {
  readonly settings: HistorySettings;
  readonly #deps: HistoriesDeps;
  readonly #budget: HistoryBudget;
  readonly #stores = new Map<string, HistoryStore>();
  readonly #runners = new Map<string, SinkRunner>();
  readonly #warnings: Throttle;
  #skipped = 0;
  #isShort = false;

  constructor(settings: HistorySettings, deps: HistoriesDeps) {
    this.settings = settings;
    this.#deps = deps;
    this.#warnings = new Throttle(deps.clock);
    this.#budget = new HistoryBudget(deps.free, settings.bytesMax, () => this.#warnShort());
    for (const source of settings.sources) this.addSource(source);
  }

  addSource({ id, intervalMs }: HistorySettings['sources'][number]): void {
    const { columns, windowMs, jobTimeoutMs } = this.settings;
    const { fabric, log } = this.#deps;
    const store = new HistoryStore(columns, this.#budget, windowMs + EDGE_INTERVALS * intervalMs);
    this.#stores.set(id, store);
    const onSkipped = (reason: string): void => this.#onSkipped(id, reason);
    const sink = new HistorySink(id, store, { ...this.#deps, jobTimeoutMs, onSkipped });
    const pin = (): (() => void) => fabric.pinSource(id);
    this.#runners.set(id, new SinkRunner(sink, fabric, { sources: [id], pin, log }));
  }

  /** Its past is forgotten. */
  async removeSource(id: string): Promise<void> {
    const runner = this.#runners.get(id);
    this.#runners.delete(id);
    await runner?.stop();
    if (runner) this.#skipped += runner.counts.dropped + runner.counts.failed;
    this.#stores.get(id)?.close();
    this.#stores.delete(id);
  }

  get stats(): HistoryStats {
    let frames = 0;
    let rows = 0;
    let dropped = this.#skipped;
    for (const store of this.#stores.values()) {
      frames += store.frames;
      rows += store.slots;
    }
    for (const { counts } of this.#runners.values()) dropped += counts.dropped + counts.failed;
    const { bytes, bytesMax, evictions } = this.#budget;
    return { bytes, bytesMax, frames, rows, dropped, evictions };
  }

  #onSkipped(source: string, reason: string): void {
    this.#skipped++;
    const withheld = this.#warnings.admit(`${source} ${reason}`);
    if (withheld === undefined) return;
    this.#deps.log.warn('history.skipped', { source, reason, withheld }, 'a sample is in no history');
  }

  #warnShort(): void {
    if (this.#isShort) return;
    this.#isShort = true;
    this.#deps.log.warn(
      'history.short',
      { max_bytes: this.settings.bytesMax },
      'more rows than HISTORY_ROWS says: the history reaches less far back than HISTORY_WINDOW (raise HISTORY_BYTES)',
    );
  }

  /** Throws bad_value where a column that exists has no history. */
  #requireTracked(table: Table, metric: string): void {
    if (!this.settings.columns.includes(metric)) {
      if (!table.schema.byName.has(metric)) throw unknownMetric(table, metric);
      const tracked = this.settings.columns.join(', ');
      throw new WeftError(
        'bad_value',
        `Metric '${metric}' has no history: HISTORY_COLUMNS names ${tracked === '' ? 'none' : tracked}.`,
      );
    }
    const column = table.schema.columns[resolveColumns(table, [metric])[0]!]!;
    if (column.kind === 'text') {
      throw new WeftError('bad_value', `Metric '${metric}' is text: a history holds numbers.`);
    }
  }

  /** Throws unknown_switch, unknown_metric or bad_value; the promise rejects as a list's does. */
  series(table: Table, query: SeriesQuery): SeriesAnswer {
    const { part, column } = this.#address(table, query);
    const store = this.#storeOf(table, part, query.switchId);
    const { kind } = table.schema.columns[column]!;
    const sinceMs = store?.sinceMs ?? null;
    const newestMs = store?.newestMs ?? null;
    const windowKept = sinceMs !== null && newestMs !== null && sinceMs <= newestMs - query.windowMs;
    const order = { query, kind, windowKept, bodyBytesMax: this.settings.bodyBytesMax };
    const reader = store?.reader ?? null;
    if (!store || !reader || Math.min(reader.frames, query.limit ?? Infinity) <= FRAMES_INLINE_MAX) {
      return { part, body: encodeSeries(reader, order) };
    }
    const task: SeriesTask = { history: reader.ref, ...order };
    return { part, body: this.#job('encodeSeries', task, [store.pin()]) };
  }

  /** The row where it is served, or where it was when it is no longer: its past is still there. */
  #address(table: Table, { switchId, metric }: SeriesQuery): { part: number; column: number } {
    this.#requireTracked(table, metric);
    const column = table.schema.byName.get(metric)!;
    try {
      return { part: locate(table, switchId, metric).part, column };
    } catch (error) {
      const known = table.parts.findIndex(({ ref }) => this.#remembers(ref.sourceId, switchId));
      if (known < 0) throw error;
      return { part: known, column };
    }
  }

  #remembers(sourceId: string, switchId: string): boolean {
    return (this.#stores.get(sourceId)?.reader?.findKey(switchId) ?? -1) >= 0;
  }

  #storeOf(table: Table, part: number, switchId: string): HistoryStore | undefined {
    const { sourceId } = table.parts[part]!.ref;
    return this.#remembers(sourceId, switchId) ? this.#stores.get(sourceId) : undefined;
  }

  /** Throws unknown_switch, unknown_metric or bad_value; the promise rejects as a list's does. */
  compare(table: Table, query: CompareQuery): Uint8Array | Promise<Uint8Array> {
    for (const metric of query.metrics) this.#requireTracked(table, metric);
    checkSlice(table, query.slice);
    const row = { part: 0, slot: -1 };
    for (const id of query.slice.rows?.exact ?? []) if (!table.find(id, row)) throw unknownSwitch(id);
    const stores = table.parts.map(({ ref }) => this.#stores.get(ref.sourceId));
    const readers = stores.map((store) => store?.reader ?? null);
    const { bodyBytesMax } = this.settings;
    const frames = Math.max(0, ...readers.map((reader) => reader?.frames ?? 0));
    const { rows } = query.slice;
    const keys = rows === null || rows.prefixes.length > 0 ? Infinity : rows.exact.length;
    if (keys * (query.metrics.length + 1) * Math.max(1, frames) <= FRAMES_INLINE_MAX * 2) {
      return encodeComparison(table, readers, query, bodyBytesMax);
    }
    const pins = [this.#deps.fabric.pin()];
    stores.forEach((store, part) => {
      if (store && readers[part]) pins.push(store.pin());
    });
    const histories = readers.map((reader) => reader && reader.ref);
    const task: CompareTask = { table: table.ref(), histories, query, bodyBytesMax };
    return this.#job('encodeComparison', task, pins);
  }

  async #job(name: JobName, task: unknown, pins: readonly (() => void)[]): Promise<Uint8Array> {
    const unpin = (): void => {
      for (const pin of pins) pin();
    };
    const options = { what: 'read the history', timeoutMs: this.settings.jobTimeoutMs, unpin };
    const { bytes } = await runEncodeJob<HistoryBody>(this.#deps.jobs, name, task, options);
    return bytes;
  }

  /** Records no more. */
  async stop(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
  }
}

/** A series, and the part of the table whose source remembers it. */
export interface SeriesAnswer {
  readonly part: number;
  readonly body: Uint8Array | Promise<Uint8Array>;
}
