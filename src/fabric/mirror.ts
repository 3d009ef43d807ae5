/**
 * The fabric as a reader thread sees it: main's tables over the same memory, told by news
 * (table-feed.ts). Nothing here waits, and main waits for nobody here.
 *
 * A request begins with `refresh`: from then on the table is main's, however late its message would
 * have been delivered. The bank that it reads may be filled again before it has read all; `confirm`
 * finds that out, and the request begins again.
 */
import type { Clock } from '../model/clock.js';
import { bug } from '../model/errors.js';
import type { ReaderBoard } from '../snapshot/reader-board.js';
import { SegmentReader } from '../snapshot/reader.js';
import type { FabricView } from './fabric-view.js';
import { SourceStatus } from './source-status.js';
import type { FabricNews, SourceNews, TableNews } from './table-feed.js';
import { Table, unionSchema, type Part, type PartRef, type TableSchema } from './table.js';

/** Thrown by `confirm`: begin again with `refresh`. */
export class TableMoved extends Error {
  override readonly name = 'TableMoved';
}

export interface MirrorDeps {
  readonly board: ReaderBoard;
  /** Which thread of the board this is. */
  readonly thread: number;
  /** In configuration order. */
  readonly sources: readonly SourceNews[];
  /** Its monotonic time is main's. */
  readonly clock: Clock;
  /** The next news that waits, in the order main posted them; undefined when there are none. */
  readonly take: () => FabricNews | undefined;
}

export class FabricMirror implements FabricView {
  readonly #deps: MirrorDeps;
  readonly #generations = new Map<number, { readonly ref: PartRef; readonly reader: SegmentReader }>();
  #applied: number | null = null;
  /** Not announced yet. */
  readonly #early: FabricNews[] = [];
  #table: Table | null = null;
  #sources: readonly SourceStatus[] = [];
  #statuses: readonly SourceStatus[] = [];

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
    this.#arrange(deps.sources);
  }

  get sources(): readonly SourceStatus[] {
    return this.#sources;
  }

  /** Those that were there before stay what they are: the table goes on to name them. */
  #arrange(sources: readonly SourceNews[]): void {
    this.#sources = sources.map(({ id, maxStaleMs }) => {
      const known = this.#sources.find((source) => source.id === id);
      if (!known) return new SourceStatus(id, maxStaleMs, this.#deps.clock);
      known.maxStaleMs = maxStaleMs;
      return known;
    });
  }

  get table(): Table | null {
    return this.#table;
  }

  statusOf(part: number): SourceStatus {
    return this.#statuses[part]!;
  }

  /**
   * Takes all news that main has announced. Call it where nothing of an earlier table is in use.
   * Returns false when some wait to be announced.
   */
  refresh(): boolean {
    const { board, take } = this.#deps;
    while (this.#applied === null || board.isBehind(this.#applied)) {
      const news = this.#early.shift() ?? take();
      if (news === undefined) break;
      this.#apply(news);
    }
    return this.#early.length === 0;
  }

  /**
   * News that came by themselves. Before they are announced nobody may be answered from them: another
   * thread, asked next, may not know them.
   */
  offer(news: FabricNews): void {
    this.#early.push(news);
  }

  confirm(): void {
    if (this.hasMoved) throw new TableMoved('the table moved while it was read');
  }

  /** True when what was read since `refresh` may not be of one table. */
  get hasMoved(): boolean {
    return this.#applied === null || !this.#deps.board.confirm(this.#applied);
  }

  #apply({ number, sources, statuses, table }: FabricNews): void {
    if (sources) this.#arrange(sources);
    for (const [place, state] of statuses) this.sources[place]!.load(state);
    if (table) this.#move(table);
    this.#applied = number;
    this.#deps.board.saw(this.#deps.thread, number);
  }

  #move({ snapshotId, generations, versions, fresh, merged }: TableNews): void {
    for (const ref of fresh) {
      this.#generations.set(ref.generation, { ref, reader: new SegmentReader(ref.segment) });
    }
    for (const known of this.#generations.keys()) {
      if (!generations.includes(known)) this.#generations.delete(known);
    }
    const parts = generations.map((generation, i): Part => {
      const { ref, reader } = this.#generations.get(generation) ?? bug(`news of generation ${generation}`);
      const version = versions[i]!;
      return { ref: { ...ref, version }, reader, bank: reader.bank(version) };
    });
    this.#statuses = parts.map(({ ref }) => this.sources.find(({ id }) => id === ref.sourceId)!);
    this.#table = new Table(snapshotId, parts, this.#schemaOf(parts), merged);
  }

  #schemaOf(parts: readonly Part[]): TableSchema {
    const known = this.#table?.schema;
    const same =
      known?.generations.length === parts.length &&
      parts.every(({ ref }, i) => ref.generation === known.generations[i]);
    return same ? known : unionSchema(parts.map(({ ref }) => ref));
  }
}
