/** Records each publish of one source into its history, in a worker. */
import type { Table } from '../fabric/table.js';
import type { Clock } from '../model/clock.js';
import type { JobRunner } from '../model/jobs.js';
import type { HistoryStore } from '../snapshot/history-store.js';
import type { RecordAnswer } from '../snapshot/history-task.js';
import type { Sink } from './sink.js';

/** A first table, larger tables, a new block: more attempts mean a defect. */
const ATTEMPTS_MAX = 6;

export interface HistorySinkDeps {
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly jobTimeoutMs: number;
  /** A sample could not be kept, and why. */
  readonly onSkipped: (reason: string) => void;
}

export class HistorySink implements Sink {
  readonly name: string;
  readonly delivery = 'latest';
  readonly #sourceId: string;
  readonly #store: HistoryStore;
  readonly #deps: HistorySinkDeps;

  constructor(sourceId: string, store: HistoryStore, deps: HistorySinkDeps) {
    this.name = `history of ${sourceId}`;
    this.#sourceId = sourceId;
    this.#store = store;
    this.#deps = deps;
  }

  async write(table: Table, _changes: unknown, signal: AbortSignal): Promise<void> {
    const part = table.parts.find(({ ref }) => ref.sourceId === this.#sourceId);
    if (!part) return;
    const { ref, bank, reader } = part;
    const atMs = this.#deps.clock.nowMs();
    const recorded = {
      segment: ref.segment,
      version: ref.version,
      rows: bank.rows,
      keyBytes: reader.keyByteCount,
    };
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (!(await this.#store.whenWritable(signal))) return;
      const task = this.#store.plan(recorded);
      if (!task) return this.#deps.onSkipped('no_memory');
      const result = await this.#deps.jobs.run<RecordAnswer>('recordHistory', task, {
        jobClass: 'refresh',
        timeoutMs: this.#deps.jobTimeoutMs,
      });
      if (!result.ok) {
        // Until its thread has ended the job may still write.
        await result.exited;
        this.#store.abandon();
        if (result.reason !== 'closed') this.#deps.onSkipped(result.message);
        return;
      }
      const outcome = this.#store.finish(result.value, atMs);
      if (outcome === 'no_memory') this.#deps.onSkipped(outcome);
      if (outcome !== 'again') return;
    }
    this.#deps.onSkipped('the tables do not settle');
  }
}
