/** Hands publishes to one sink as sink.ts promises. Main only. */
import type { Table } from '../fabric/table.js';
import type { Logger } from '../model/log.js';
import type { Sink } from './sink.js';

/** Publishes that may wait for a sink that wants every one: each holds a pin. */
const WAITING_MAX = 1;

/** What a runner needs of the fabric. */
export interface PublishingFabric {
  readonly table: Table | null;
  onPublish(listener: (table: Table) => void): () => void;
}

export interface SinkRunnerOptions {
  /** Sources that matter to the sink; null: all. */
  readonly sources: readonly string[] | null;
  /** Pins what the sink reads of the current table. */
  readonly pin: () => () => void;
  readonly log: Logger;
}

export interface SinkCounts {
  readonly written: number;
  /** Publishes that the sink never saw: merged into a later one, or past the bound. */
  readonly dropped: number;
  readonly failed: number;
}

interface Waiting {
  readonly table: Table;
  sources: readonly string[];
  publishes: number;
  /** Of `every` only: `latest` reads the table of when it is written. */
  readonly release: (() => void) | null;
}

export class SinkRunner {
  readonly #sink: Sink;
  readonly #fabric: PublishingFabric;
  readonly #options: SinkRunnerOptions;
  readonly #waiting: Waiting[] = [];
  /** By source: what was seen last of it. */
  readonly #seen = new Map<string, string>();
  readonly #stopper = new AbortController();
  readonly #counts = { written: 0, dropped: 0, failed: 0 };
  readonly #unsubscribe: () => void;
  #running: Promise<void> | null = null;

  constructor(sink: Sink, fabric: PublishingFabric, options: SinkRunnerOptions) {
    this.#sink = sink;
    this.#fabric = fabric;
    this.#options = options;
    this.#unsubscribe = fabric.onPublish((table) => this.#published(table));
  }

  get counts(): SinkCounts {
    return { ...this.#counts };
  }

  #published(table: Table): void {
    if (this.#stopper.signal.aborted) return;
    const sources: string[] = [];
    for (const { ref } of table.parts) {
      if (this.#options.sources?.includes(ref.sourceId) === false) continue;
      const state = `${ref.generation} ${ref.version}`;
      if (this.#seen.get(ref.sourceId) === state) continue;
      this.#seen.set(ref.sourceId, state);
      sources.push(ref.sourceId);
    }
    if (sources.length === 0) return;
    this.#enqueue(table, sources);
    this.#running ??= this.#run();
  }

  #enqueue(table: Table, sources: readonly string[]): void {
    const [last] = this.#waiting;
    if (this.#sink.delivery === 'latest' && last) {
      last.sources = [...new Set([...last.sources, ...sources])];
      last.publishes++;
      this.#counts.dropped++;
    } else if (this.#running && this.#waiting.length >= WAITING_MAX) this.#counts.dropped++;
    else {
      const release = this.#sink.delivery === 'every' ? this.#options.pin() : null;
      this.#waiting.push({ table, sources, publishes: 1, release });
    }
  }

  async #run(): Promise<void> {
    // In a turn of its own: a publish has other listeners to tell first.
    await Promise.resolve();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (this.#stopper.signal.aborted) next.release?.();
      else await this.#write(next);
    }
    this.#running = null;
  }

  async #write({ table, sources, publishes, release }: Waiting): Promise<void> {
    const held = release ?? this.#options.pin();
    const now = release ? table : (this.#fabric.table ?? table);
    try {
      await this.#sink.write(now, { sources, publishes }, this.#stopper.signal);
      this.#counts.written++;
    } catch (error) {
      this.#counts.failed++;
      this.#options.log.error('sink.error', { sink: this.#sink.name, err: error });
    } finally {
      held();
    }
  }

  /** Writes no more; resolves when the write under way has settled. */
  async stop(): Promise<void> {
    this.#stopper.abort();
    this.#unsubscribe();
    await this.#running;
  }
}
