/**
 * The actor of one source: takes its bodies one at a time, has a worker fill the bank that nobody
 * reads, validates the answer and publishes. Owns the source's segment, main only.
 *
 * A new schema, kinds that are too narrow or a full table make a new generation: the same bytes are
 * run once more into a new segment, which is published whole. Whatever fails leaves what is served
 * untouched. Memory that a lost worker may still write is kept aside until that thread's exit.
 */
import { isDeepStrictEqual } from 'node:util';
import type { BodyBytes, BodyFormat } from '../model/body.js';
import { DeliveryError } from '../model/outcome.js';
import type { Segment } from '../snapshot/segment.js';
import { IngestRun } from './ingest-run.js';
import { PartJobs } from './part-jobs.js';
import type { IncomingBody, IngestDeps, IngestOptions, RunDeps, Served } from './ingest-types.js';

export class Ingest {
  #options: IngestOptions;
  readonly #deps: RunDeps;
  #served: Served | null = null;
  #previous: BodyBytes | null = null;
  #previousFormat: BodyFormat = 'csv';
  #busy = false;
  /** What is served was read by other rules: the next body makes a generation of its own. */
  #renews = false;
  #waiters: (() => void)[] = [];

  constructor(options: IngestOptions, deps: IngestDeps) {
    this.#options = options;
    const { jobs, parts: rule, wantedKinds, observer } = deps;
    const onSplit = (why: string | null): void => observer.split?.(why);
    this.#deps = { ...deps, parse: new PartJobs({ jobs, rule, wantedKinds, onSplit }) };
  }

  /** Generation served now, 0 before the first publish. */
  get generation(): number {
    return this.#served?.generation ?? 0;
  }

  get segment(): Segment | null {
    return this.#served?.segment ?? null;
  }

  /**
   * Resolves when the body was published or found identical. Rejects with DeliveryError otherwise;
   * `skipped` when an earlier job of this source may still be running.
   */
  async deliver(body: IncomingBody): Promise<'ok' | 'identical'> {
    if (this.#busy) {
      body.bytes.release();
      throw new DeliveryError('skipped', `the previous job of ${this.#options.sourceId} has not ended`, true);
    }
    this.#busy = true;
    const isComparable = this.#previousFormat === (body.format ?? 'csv');
    const previous = isComparable ? this.#previous : null;
    const options = this.#options;
    const run = new IngestRun(options, this.#deps, body, this.#served, previous, this.#renews);
    try {
      const outcome = await run.publish();
      this.#served = run.served;
      if (outcome === 'ok') this.#keep(body);
      else body.bytes.release();
      // Read by rules that were replaced meanwhile: still to be renewed.
      if (options.policy === this.#options.policy && options.rates === this.#options.rates)
        this.#renews = false;
      this.#rest();
      return outcome;
    } catch (error) {
      // Nothing of this run is touched before its thread, if one was lost, has really stopped.
      void run.ended.then(() => {
        run.abandon();
        body.bytes.release();
        this.#rest();
      });
      throw error;
    }
  }

  #rest(): void {
    this.#busy = false;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Bodies are read by these rules from the next one on. */
  reconfigure(options: IngestOptions): void {
    const { policy, rates } = this.#options;
    const isSame = isDeepStrictEqual([policy, rates], [options.policy, options.rates]);
    this.#options = options;
    if (!isSame) this.#renews = this.#served !== null || this.#busy;
  }

  /** Delivers no more: resolves when no job of this source is left. What is served is the fabric's. */
  async close(): Promise<void> {
    while (this.#busy) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#previous?.release();
    this.#previous = null;
  }

  /**
   * A published body stays to be compared with the next one, which costs as much memory as it has
   * bytes. An upstream with ETags rarely repeats itself: its bodies are compared cell by cell.
   */
  #keep(body: IncomingBody): void {
    this.#previous?.release();
    this.#previous = body.hasEtag ? null : body.bytes;
    this.#previousFormat = body.format ?? 'csv';
    if (body.hasEtag) body.bytes.release();
  }
}
