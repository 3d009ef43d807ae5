/**
 * The actor of one source: takes its bodies one at a time, has a worker fill the bank that nobody
 * reads, validates the answer and publishes. Owns the source's segment, main only.
 *
 * A new schema, kinds that are too narrow or a full table make a new generation: the same bytes are
 * run once more into a new segment, which is published whole. Whatever fails leaves what is served
 * untouched. Memory that a lost worker may still write is kept aside until that thread's exit.
 */
import type { BodyBytes, BodyFormat } from '../model/body.js';
import { DeliveryError } from '../model/outcome.js';
import type { Segment } from '../snapshot/segment.js';
import { IngestRun } from './ingest-run.js';
import { PartJobs } from './part-jobs.js';
import type { IncomingBody, IngestDeps, IngestOptions, RunDeps, Served } from './ingest-types.js';

export class Ingest {
  readonly #options: IngestOptions;
  readonly #deps: RunDeps;
  #served: Served | null = null;
  #previous: BodyBytes | null = null;
  #previousFormat: BodyFormat = 'csv';
  #busy = false;

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
    const run = new IngestRun(this.#options, this.#deps, body, this.#served, previous);
    try {
      const outcome = await run.publish();
      this.#served = run.served;
      if (outcome === 'ok') this.#keep(body);
      else body.bytes.release();
      this.#busy = false;
      return outcome;
    } catch (error) {
      // Nothing of this run is touched before its thread, if one was lost, has really stopped.
      void run.ended.then(() => {
        run.abandon();
        body.bytes.release();
        this.#busy = false;
      });
      throw error;
    }
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
