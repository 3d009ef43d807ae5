/** What is counted of one source. */

import { OUTCOMES, isGoodExchange, type Outcome } from '../model/outcome.js';
import { Counters, SOURCE_COUNTERS, namesOf, type SourceCounter } from './counters.js';
import { LatencyHistogram } from './latency-histogram.js';

/** The end of one poll or push, as far as it is counted. */
export interface PollEnd {
  readonly outcome: Outcome;
  /** From the start of the exchange to the last byte. */
  readonly fetchMs: number;
  /** Bytes on the wire. */
  readonly wireBytes: number;
  /** Content-Length; null when none was announced. */
  readonly expectedBytes: number | null;
}

/** One publish, as far as it is counted. */
export interface PublishEnd {
  /** In the worker. */
  readonly parseMs: number;
  /** From body received to published. */
  readonly publishMs: number;
}

/** What a published body had to be repaired of, and what was odd about it. */
export interface BodyCounts {
  readonly rejectedCells: number;
  readonly rejectedRows: number;
  readonly duplicateRows: number;
  readonly latin1Cells: number;
  readonly headerRepeats: number;
  readonly heldRows: number;
  readonly counterResets: number;
}

/**
 * Call `published` before `polled` of the same poll, and `polled` exactly once for each poll.
 * Everything counts since start.
 */
export class SourceStats {
  readonly id: string;
  readonly fetchMs = new LatencyHistogram();
  readonly parseMs = new LatencyHistogram();
  readonly publishMs = new LatencyHistogram();
  readonly counters = new Counters<SourceCounter>(namesOf(SOURCE_COUNTERS));
  readonly #polls = new Counters<Outcome>(OUTCOMES);
  #isUp = false;
  #failures = 0;
  #lastPublishMs = 0;
  #lastCycleMs: number | null = null;
  #stringBytes = 0;
  #stringBytesMax = 0;

  constructor(id: string) {
    this.id = id;
  }

  polled({ outcome, fetchMs, wireBytes, expectedBytes }: PollEnd): void {
    this.#polls.add(outcome);
    // Whatever became of the body, it was received.
    this.counters.add('received_bytes', wireBytes);
    this.counters.add('expected_bytes', expectedBytes ?? 0);
    // A skipped poll is our own doing, a conflict is with what is served: neither says anything of the upstream.
    if (outcome === 'skipped' || outcome === 'conflict') return;
    const isGood = isGoodExchange(outcome);
    this.#isUp = isGood;
    this.#failures = isGood ? 0 : this.#failures + 1;
    this.fetchMs.recordMs(fetchMs);
    this.#lastCycleMs = fetchMs + (outcome === 'ok' ? this.#lastPublishMs : 0);
  }

  /** Polls that did not start because the one before had not ended. */
  skipped(polls: number): void {
    this.#polls.add('skipped', polls);
  }

  published({ parseMs, publishMs }: PublishEnd, counts: BodyCounts): void {
    this.parseMs.recordMs(parseMs);
    this.publishMs.recordMs(publishMs);
    this.#lastPublishMs = publishMs;
    this.counters.add('rejected_cells', counts.rejectedCells);
    this.counters.add('rejected_rows', counts.rejectedRows);
    this.counters.add('duplicate_rows', counts.duplicateRows);
    this.counters.add('latin1_cells', counts.latin1Cells);
    this.counters.add('header_repeats', counts.headerRepeats);
    this.counters.add('held_rows', counts.heldRows);
    this.counters.add('counter_resets', counts.counterResets);
  }

  generation(): void {
    this.counters.add('generations');
  }

  /** Fill of the string table that is served now. */
  setStringTable(bytes: number, bytesMax: number): void {
    this.#stringBytes = bytes;
    this.#stringBytesMax = bytesMax;
  }

  polls(outcome: Outcome): number {
    return this.#polls.get(outcome);
  }

  /** True when the last exchange was good. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Failed exchanges in a row; a 200 that was published or identical, or a 304, resets it. */
  get failures(): number {
    return this.#failures;
  }

  /** Fetch and publish of the last poll together; null before the first. */
  get lastCycleMs(): number | null {
    return this.#lastCycleMs;
  }

  get stringBytes(): number {
    return this.#stringBytes;
  }

  get stringBytesMax(): number {
    return this.#stringBytesMax;
  }

  close(): void {
    for (const histogram of [this.fetchMs, this.parseMs, this.publishMs]) histogram.close();
  }
}
