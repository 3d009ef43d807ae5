/**
 * Tells reader threads of every table and of every source's freshness. Main only.
 *
 * News go out with the publish they belong to, in one message: a reader never has a table with the
 * age of another one. What a publish has replaced is given up when every reader has seen its news.
 */
import type { Clock, Timer } from '../model/clock.js';
import type { ReaderBoard } from '../snapshot/reader-board.js';
import type { Fabric } from './fabric.js';
import type { SourceStatus, StatusState } from './source-status.js';
import type { MergedRef, PartRef, Table } from './table.js';

/** A table as what is new of it. */
export interface TableNews {
  readonly snapshotId: string;
  /** Of each part, in order. */
  readonly generations: readonly number[];
  readonly versions: readonly number[];
  /** Parts of generations that were not told before; their `version` says nothing. */
  readonly fresh: readonly PartRef[];
  readonly merged: MergedRef | null;
}

/** A source as a reader must know it. */
export interface SourceNews {
  readonly id: string;
  readonly maxStaleMs: number;
}

export interface FabricNews {
  /** As announced on the board. */
  readonly number: number;
  /** All sources in order, where they are others than before; their `statuses` come with them. */
  readonly sources?: readonly SourceNews[];
  /** By place among the sources; those that changed. */
  readonly statuses: readonly (readonly [number, StatusState])[];
  /** Null: the table is the one before. */
  readonly table: TableNews | null;
}

/** Where a reader takes its news from: one end of a message channel. */
export interface NewsPort {
  postMessage(news: FabricNews): void;
}

interface Replaced {
  readonly news: number;
  readonly giveUp: () => void;
}

/** How often what waits for readers is looked at while nothing is published. */
const SWEEP_MS = 50;

export class TableFeed {
  readonly #fabric: Fabric;
  readonly #board: ReaderBoard;
  readonly #clock: Clock;
  readonly #ports = new Map<number, NewsPort>();
  /** Generations of the current table. */
  #told: ReadonlySet<number> = new Set();
  readonly #changed = new Set<SourceStatus>();
  #arranged = false;
  #replaced: Replaced[] = [];
  #flushing = false;
  #sweep: Timer | null = null;

  constructor(fabric: Fabric, board: ReaderBoard, clock: Clock) {
    this.#fabric = fabric;
    this.#board = board;
    this.#clock = clock;
    fabric.keepReplaced((giveUp) => this.#keep(giveUp));
    fabric.onPublish((table) => this.#post(this.#newsOf(table)));
    fabric.onArrange(() => {
      this.#arranged = true;
      this.#listen();
    });
    this.#listen();
  }

  #listen(): void {
    for (const source of this.#fabric.sources) {
      source.onChange(() => this.#touched(source));
      if (this.#arranged) this.#touched(source);
    }
  }

  /** A reader starts: it is told everything, and whatever comes. */
  attach(thread: number, port: NewsPort): void {
    const { table, sources } = this.#fabric;
    const { news } = this.#board;
    this.#board.saw(thread, news);
    port.postMessage({
      number: news,
      sources: sources.map(({ id, maxStaleMs }) => ({ id, maxStaleMs })),
      statuses: sources.map(({ state }, place) => [place, state] as const),
      table: table && { ...this.#newsOf(table), fresh: table.parts.map(({ ref }) => ref) },
    });
    this.#ports.set(thread, port);
  }

  /** A reader has ended: nothing waits for it any more. */
  detach(thread: number): void {
    this.#ports.delete(thread);
    this.#sweepNow();
  }

  /** Pieces of memory that wait for a reader. */
  get waiting(): number {
    return this.#replaced.length;
  }

  #keep(giveUp: () => void): void {
    this.#replaced.push({ news: this.#board.nextNews, giveUp });
  }

  /** What changes in one go goes out in one message: a publish takes it along. */
  #touched(source: SourceStatus): void {
    this.#changed.add(source);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#changed.size > 0) this.#post(null);
    });
  }

  #newsOf(table: Table): TableNews {
    const refs = table.parts.map(({ ref }) => ref);
    const fresh = refs.filter(({ generation }) => !this.#told.has(generation));
    this.#told = new Set(refs.map(({ generation }) => generation));
    return {
      snapshotId: table.snapshotId,
      generations: refs.map(({ generation }) => generation),
      versions: refs.map(({ version }) => version),
      fresh,
      merged: table.ref().merged,
    };
  }

  #post(table: TableNews | null): void {
    const { sources } = this.#fabric;
    const statuses = [...sources.entries()]
      .filter(([, source]) => this.#changed.has(source))
      .map(([place, { state }]) => [place, state] as const);
    this.#changed.clear();
    const news: FabricNews = {
      number: this.#board.nextNews,
      ...(this.#arranged && { sources: sources.map(({ id, maxStaleMs }) => ({ id, maxStaleMs })) }),
      statuses,
      table,
    };
    this.#arranged = false;
    for (const port of this.#ports.values()) port.postMessage(news);
    this.#board.announce();
    this.#sweepNow();
  }

  #sweepNow(): void {
    const waits = ({ news }: Replaced): boolean =>
      [...this.#ports.keys()].some((thread) => !this.#board.hasSeen(thread, news));
    const before = this.#replaced;
    this.#replaced = before.filter(waits);
    for (const one of before) if (!this.#replaced.includes(one)) one.giveUp();
    if (this.#replaced.length === 0 || this.#sweep) return;
    this.#sweep = this.#clock.schedule(SWEEP_MS, () => {
      this.#sweep = null;
      this.#sweepNow();
    });
  }
}
