/**
 * List bodies, each encoded once a snapshot and only when somebody asks. Main only.
 *
 * Small selections are encoded on the spot. Others are one worker job, shared by all requests that
 * ask for the same meanwhile, and kept in a cache until the next publish.
 */
import type { Clock } from '../model/clock.js';
import type { JobRunner } from '../model/jobs.js';
import type { Fabric } from '../fabric/fabric.js';
import type { Table } from '../fabric/table.js';
import { requireTable } from '../query/freshness.js';
import { dependsOnAge, type ListSelection } from '../query/list-query.js';
import { BodyCache } from './body-cache.js';
import { runEncodeJob } from './encode-job.js';
import { encodeOrder, type ListOrder, type ListResult, type ListTask } from './encode-list.js';
import { ListBody } from './list-body.js';
import { isSmall, requireNames } from './list-work.js';

/** Smaller bodies are sent as they are: compressing them saves no packet. */
const GZIP_BYTES_MIN = 1400;

export interface BodyServiceOptions {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  /** BODY_CACHE_BYTES. */
  readonly bodyCacheBytes: number;
  /** MAX_LIST_BYTES. */
  readonly listBytesMax: number;
  /** Of one job's run. */
  readonly jobTimeoutMs: number;
}

/** Counts since start. */
export interface BodyStats {
  readonly hits: number;
  /** Requests that waited for a job that another one had started. */
  readonly shared: number;
  readonly inline: number;
  readonly jobs: number;
  readonly failures: number;
  readonly cachedBytes: number;
  readonly cachedBodies: number;
}

export class BodyService {
  readonly #options: BodyServiceOptions;
  readonly #cache: BodyCache;
  readonly #running = new Map<string, Promise<ListBody>>();
  readonly #counts = { hits: 0, shared: 0, inline: 0, jobs: 0, failures: 0 };

  constructor(options: BodyServiceOptions) {
    this.#options = options;
    this.#cache = new BodyCache(options.bodyCacheBytes);
    options.fabric.onPublish(() => this.#cache.clear());
  }

  get stats(): BodyStats {
    return { ...this.#counts, cachedBytes: this.#cache.bytes, cachedBodies: this.#cache.size };
  }

  /**
   * The body of a selection over the current table. `gzip`: the client takes it; small bodies come
   * plain all the same. Throws no_data, unknown_metric, unknown_switch or too_large; the promise
   * rejects with too_large, overloaded (503), deadline (504) or internal.
   */
  get(selection: ListSelection, gzip: boolean): ListBody | Promise<ListBody> {
    const table = requireTable(this.#options.fabric);
    const key = `${table.snapshotId} ${selection.key}`;
    const known = this.#known(gzip ? `${key} gzip` : key);
    if (known) return known;
    const fields = requireNames(table, selection);
    if (!isSmall(table, selection, fields.length)) return this.#job(table, selection, gzip, key);
    const plain = this.#cache.get(key) ?? this.#inline(table, selection, key);
    // Main never compresses. Without a free worker the plain body is as good.
    if (!gzip || plain.byteLength < GZIP_BYTES_MIN) return plain;
    return this.#job(table, selection, true, key, plain);
  }

  /** A body was sent again by somebody who keeps it for that. */
  countHit(): void {
    this.#counts.hits++;
  }

  #known(key: string): ListBody | Promise<ListBody> | undefined {
    const cached = this.#cache.get(key);
    if (cached) {
      this.#counts.hits++;
      return cached;
    }
    const running = this.#running.get(key);
    if (running) this.#counts.shared++;
    return running;
  }

  #order(table: Table, selection: ListSelection, gzip: boolean): ListOrder {
    const { clock, fabric, listBytesMax } = this.#options;
    const nowMs = clock.nowMs();
    const agesMs = table.parts.map((_, part) => fabric.statusOf(part).ageMs(nowMs) ?? 0);
    return { selection, gzip, listBytesMax, agesMs };
  }

  #inline(table: Table, selection: ListSelection, key: string): ListBody {
    this.#counts.inline++;
    const encoded = encodeOrder(table, this.#order(table, selection, false));
    const body = new ListBody(table.snapshotId, encoded, selection.bare);
    if (!dependsOnAge(selection)) this.#cache.add(key, body);
    return body;
  }

  /** Starts a job that equal requests share; `instead` serves them all when it fails. */
  #job(
    table: Table,
    selection: ListSelection,
    gzip: boolean,
    plainKey: string,
    instead?: ListBody,
  ): Promise<ListBody> {
    const key = gzip ? `${plainKey} gzip` : plainKey;
    const keep = !dependsOnAge(selection);
    const encoded = this.#run(table, selection, gzip).then((body) => {
      if (keep && this.#options.fabric.table?.snapshotId === body.snapshotId) this.#cache.add(key, body);
      return body;
    });
    const served = instead ? encoded.catch(() => instead) : encoded;
    if (!keep) return served;
    const done = served.finally(() => this.#running.delete(key));
    this.#running.set(key, done);
    return done;
  }

  async #run(table: Table, selection: ListSelection, gzip: boolean): Promise<ListBody> {
    const { fabric, jobs, jobTimeoutMs } = this.#options;
    this.#counts.jobs++;
    const unpin = fabric.pin();
    const task: ListTask = { table: table.ref(), ...this.#order(table, selection, gzip) };
    const options = { what: 'encode the list', timeoutMs: jobTimeoutMs, unpin };
    try {
      const { list } = await runEncodeJob<ListResult>(jobs, 'encodeList', task, options);
      return new ListBody(table.snapshotId, list, selection.bare);
    } catch (error) {
      this.#counts.failures++;
      throw error;
    }
  }
}
