/**
 * Cursors: a list in pages of one snapshot, while newer ones are published. Main only.
 *
 * The first request orders the rows once and encodes all pages, in a worker unless they are few.
 * They are kept until they have not been asked for in CURSOR_TTL_MS, or until newer ones need their
 * room in CURSOR_CACHE_BYTES: least recently used first.
 */
import type { Clock, Random, Timer } from '../model/clock.js';
import { WeftError } from '../model/errors.js';
import type { JobRunner } from '../model/jobs.js';
import type { Fabric } from '../fabric/fabric.js';
import type { Table } from '../fabric/table.js';
import { requireTable } from '../query/freshness.js';
import { dependsOnAge, type ListRequest, type ListSelection } from '../query/list-query.js';
import { makeCursorId, parseCursor } from './cursor-token.js';
import { runEncodeJob } from './encode-job.js';
import {
  encodePages,
  PAGES_ADVICE,
  type EncodedPages,
  type PagesOrder,
  type PagesResult,
  type PagesTask,
} from './encode-pages.js';
import { isSmall, requireNames } from './list-work.js';
import { PageSet, type CursorPage, type PageSetOrigin } from './page-set.js';

export interface CursorOptions {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly random: Random;
  /** CURSOR_CACHE_BYTES. */
  readonly cursorBytesMax: number;
  /** CURSOR_TTL_MS. */
  readonly cursorTtlMs: number;
  /** MAX_LIST_BYTES. */
  readonly listBytesMax: number;
  /** Of one job's run. */
  readonly jobTimeoutMs: number;
}

/** Counts since start, and what is held now. */
export interface CursorStats {
  readonly started: number;
  /** Sets of pages dropped because nobody asked for them in time. */
  readonly expired: number;
  /** Sets of pages dropped because newer ones needed their room. */
  readonly evicted: number;
  readonly heldBytes: number;
  readonly heldSets: number;
}

export class CursorService {
  readonly #options: CursorOptions;
  /** By id, least recently used first. */
  readonly #sets = new Map<string, PageSet>();
  /** Ids by snapshot and selection: equal starts over one snapshot share their pages. */
  readonly #ids = new Map<string, string>();
  readonly #running = new Map<string, Promise<PageSet>>();
  readonly #counts = { started: 0, expired: 0, evicted: 0 };
  #bytes = 0;
  #sweep: Timer | null = null;

  constructor(options: CursorOptions) {
    this.#options = options;
  }

  get stats(): CursorStats {
    return { ...this.#counts, heldBytes: this.#bytes, heldSets: this.#sets.size };
  }

  /**
   * The first page of a selection over the current table; its limit is the size of a page.
   * `request`: what asked for it. Throws no_data, unknown_metric, unknown_switch, bad_value or
   * too_large; the promise rejects with too_large, overloaded, deadline or internal.
   */
  start(selection: ListSelection, request: ListRequest): CursorPage | Promise<CursorPage> {
    const table = requireTable(this.#options.fabric);
    const key = keyOf(table.snapshotId, selection);
    const known = this.#sets.get(this.#ids.get(key) ?? '');
    if (known && this.#isAlive(known)) return this.#use(known, 0);
    const running = this.#running.get(key);
    if (running) return running.then((set) => this.#use(set, 0));
    const fields = requireNames(table, selection);
    this.#counts.started++;
    const origin = this.#origin(table, selection, request);
    const order = this.#order(table, selection);
    if (isSmall(table, { ...selection, limit: null }, fields.length)) {
      return this.#use(this.#keep(origin, encodePages(table, order), key), 0);
    }
    const made = this.#run(table, order)
      .then((pages) => this.#keep(origin, pages, key))
      .finally(() => this.#running.delete(key));
    this.#running.set(key, made);
    return made.then((set) => this.#use(set, 0));
  }

  /** The request whose pages a token is of. Throws bad_value or cursor_expired. */
  requestOf(token: string): { readonly request: ListRequest; readonly selection: ListSelection } {
    return this.#find(token).set.origin;
  }

  /** The page of a token. Throws bad_value for what is none, cursor_expired when its pages are gone. */
  page(token: string): CursorPage {
    const { set, page } = this.#find(token);
    return this.#use(set, page);
  }

  #find(token: string): { readonly set: PageSet; readonly page: number } {
    const name = parseCursor(token);
    if (!name) throw malformed();
    const set = this.#sets.get(name.id);
    if (!set || !this.#isAlive(set)) {
      throw new WeftError(
        'cursor_expired',
        `The cursor has expired: pages are kept for ${this.#options.cursorTtlMs} ms (CURSOR_TTL_MS) after ` +
          'their last use, within CURSOR_CACHE_BYTES, and not over a restart. Begin again with cursor=start.',
      );
    }
    if (set.page(name.page) === undefined) throw malformed();
    return { set, page: name.page };
  }

  #isAlive(set: PageSet): boolean {
    return this.#options.clock.monotonicMs() - set.usedAtMs <= this.#options.cursorTtlMs;
  }

  #use(set: PageSet, page: number): CursorPage {
    const { id } = set.origin;
    set.usedAtMs = this.#options.clock.monotonicMs();
    // Evicted meanwhile: the page is served all the same, what follows it is gone.
    if (this.#sets.delete(id)) this.#sets.set(id, set);
    return set.page(page)!;
  }

  #origin(table: Table, selection: ListSelection, request: ListRequest): PageSetOrigin {
    const { fabric, random, clock } = this.#options;
    const nowMs = clock.nowMs();
    const dataTsMs = new Map(
      table.parts.map(({ ref }, part) => [ref.sourceId, fabric.statusOf(part).dataTsMs ?? nowMs]),
    );
    return { id: makeCursorId(random), snapshotId: table.snapshotId, selection, request, dataTsMs };
  }

  #order(table: Table, selection: ListSelection): PagesOrder {
    const { clock, fabric, listBytesMax, cursorBytesMax } = this.#options;
    const nowMs = clock.nowMs();
    const agesMs = table.parts.map((_, part) => fabric.statusOf(part).ageMs(nowMs) ?? 0);
    return { selection, listBytesMax, cursorBytesMax, agesMs };
  }

  async #run(table: Table, order: PagesOrder): Promise<EncodedPages> {
    const { fabric, jobs, jobTimeoutMs } = this.#options;
    const unpin = fabric.pin();
    const task: PagesTask = { table: table.ref(), ...order };
    const options = { what: 'encode the list', timeoutMs: jobTimeoutMs, unpin };
    const { pages } = await runEncodeJob<PagesResult>(jobs, 'encodePages', task, options);
    return pages;
  }

  /** Makes room, and keeps the set. Throws too_large when it alone does not fit. */
  #keep(origin: PageSetOrigin, pages: EncodedPages, key: string): PageSet {
    const { cursorBytesMax, clock } = this.#options;
    const set = new PageSet(origin, pages);
    if (set.cost > cursorBytesMax) {
      throw new WeftError(
        'too_large',
        `cannot keep pages of more than ${cursorBytesMax} bytes (CURSOR_CACHE_BYTES)${PAGES_ADVICE}`,
      );
    }
    for (const oldest of this.#sets.values()) {
      if (this.#bytes + set.cost <= cursorBytesMax) break;
      this.#drop(oldest);
      this.#counts.evicted++;
    }
    set.usedAtMs = clock.monotonicMs();
    this.#bytes += set.cost;
    this.#sets.set(origin.id, set);
    // Ages move while the snapshot stays: such pages are nobody else's.
    if (!dependsOnAge(origin.selection)) this.#ids.set(key, origin.id);
    this.#sweep ??= clock.schedule(this.#options.cursorTtlMs + 1, () => this.#sweepNow());
    return set;
  }

  #drop(set: PageSet): void {
    const { id, snapshotId, selection } = set.origin;
    this.#sets.delete(id);
    this.#bytes -= set.cost;
    const key = keyOf(snapshotId, selection);
    if (this.#ids.get(key) === id) this.#ids.delete(key);
  }

  #sweepNow(): void {
    const { clock, cursorTtlMs } = this.#options;
    this.#sweep = null;
    for (const set of this.#sets.values()) {
      if (this.#isAlive(set)) {
        // The least recently used of those that are left.
        const leftMs = cursorTtlMs - (clock.monotonicMs() - set.usedAtMs);
        this.#sweep = clock.schedule(leftMs + 1, () => this.#sweepNow());
        return;
      }
      this.#drop(set);
      this.#counts.expired++;
    }
  }
}

function keyOf(snapshotId: string, selection: ListSelection): string {
  return `${snapshotId} ${selection.key}`;
}

function malformed(): WeftError {
  return new WeftError(
    'bad_value',
    "Parameter 'cursor' must be 'start', or what weft sent as next_cursor, unchanged.",
  );
}
