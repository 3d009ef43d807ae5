/**
 * What the polls of one source must keep to, said once more in plain arithmetic: one counted outcome
 * each, on a grid, with growing pauses after failures and none left over from before a success.
 */
import { isGoodExchange, type Outcome } from '../../src/model/outcome.js';
import type { PollEnd } from '../../src/stats/source-stats.js';
import type { Answer } from './sim-answers.js';
import type { SimReport } from './sim-report.js';

const FAILURES_TO_OPEN = 5;
/** The first poll of a run comes within this. */
const FIRST_MS_MAX = 100;
/** What sums of fractions may be off by. */
const EPSILON_MS = 1e-6;

interface Due {
  readonly fromMs: number;
  readonly toMs: number;
  /** Slots of the grid that passed meanwhile. */
  readonly skipped: number;
}

export class PollRules {
  readonly id: string;
  /** Polls that began, by how they ended. */
  begun = 0;
  ended = 0;
  /** Ended by the end of a run: counted nowhere. */
  cutShort = 0;
  skippedSlots = 0;
  receivedBytes = 0;
  /** When the last good exchange was counted, monotonic; NaN: not known. */
  lastGoodMs: number | null = null;
  #exchangeBytes = 0;
  readonly #report: SimReport;
  readonly #nowMs: () => number;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #originMs = 0;
  /** The slot of the poll before; null before the first one of a run. */
  #slot = 0;
  #due: Due | null = null;
  #answer: Answer | null = null;
  #isPending = false;
  #mayRetry = false;
  /** In a row, of the upstream and of weft. */
  #failures = 0;
  #skippedBefore = 0;
  #etag: string | null = null;

  constructor(id: string, intervalMs: number, timeoutMs: number, nowMs: () => number, report: SimReport) {
    this.id = id;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#nowMs = nowMs;
    this.#report = report;
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  get failures(): number {
    return this.#failures;
  }

  /** A run begins; `phase` is what its random numbers begin with. */
  started(phase: number): void {
    const phaseMs = phase * this.#intervalMs;
    const firstMs = phaseMs % Math.min(this.#intervalMs, FIRST_MS_MAX);
    this.#originMs = this.#nowMs() + phaseMs;
    this.#slot = firstMs === phaseMs ? 0 : -1;
    const atMs = this.#nowMs() + firstMs;
    this.#due = { fromMs: atMs, toMs: atMs, skipped: 0 };
    this.#failures = 0;
    this.#etag = null;
    this.#skippedBefore = this.skippedSlots;
  }

  /** The run has ended: what was under way is nobody's any more. */
  stopped(): void {
    if (this.#isPending) this.cutShort++;
    // A body under way may be published all the same; nobody says so.
    if (this.#isPending) this.lastGoodMs = NaN;
    this.#isPending = false;
    this.#due = null;
  }

  /**
   * A request. `isStale`: it goes out on a connection that will break before any answer, as one does
   * that was closed while it stood idle; so it comes once more, at once, on another.
   */
  dispatched(etag: string | null, answer: Answer, isStale: boolean): void {
    const report = this.#report;
    report.check(etag === this.#etag, () => `${this.id} asks if not ${etag}, it serves ${this.#etag}`);
    if (this.#isPending) {
      report.check(this.#mayRetry, () => `${this.id} asks twice at once`);
      this.#mayRetry = false;
      this.#answer = answer;
      return;
    }
    this.#isPending = true;
    this.#mayRetry = isStale;
    this.#answer = answer;
    this.#exchangeBytes = 0;
    this.begun++;
    this.#checkStart();
  }

  #checkStart(): void {
    const atMs = this.#nowMs();
    const due = this.#due;
    if (!due) return this.#report.broken(`${this.id} polls after its end`);
    const isDue = atMs >= due.fromMs - EPSILON_MS && atMs <= due.toMs + EPSILON_MS;
    this.#report.check(isDue, () => `${this.id} polls at ${atMs}, due from ${due.fromMs} to ${due.toMs}`);
    if (atMs > due.fromMs + this.#intervalMs / 2) this.#report.note('pause beyond a slot');
    const skipped = this.skippedSlots - this.#skippedBefore;
    this.#report.check(skipped === due.skipped, () => `${this.id} counts ${skipped} slots of ${due.skipped}`);
    this.#skippedBefore = this.skippedSlots;
    const slots = (atMs - this.#originMs) / this.#intervalMs;
    const isOnGrid = Math.abs(slots - Math.round(slots)) * this.#intervalMs < 1e-3;
    if (due.fromMs !== due.toMs || isOnGrid) this.#slot = Math.round(slots);
    this.#report.check(this.#slot === -1 || isOnGrid, () => `${this.id} leaves its grid at ${atMs}`);
  }

  received(bytes: number): void {
    this.#exchangeBytes += bytes;
  }

  /** The poll was counted. `breaker`: what its source says of itself then. */
  polled({ outcome, wireBytes, fetchMs }: PollEnd, breaker: string): void {
    const report = this.#report;
    report.note(`outcome ${outcome}`);
    report.trace(() => `${this.id} ends as ${outcome}`);
    if (!this.#isPending) return report.broken(`${this.id} counts a poll that did not begin: ${outcome}`);
    this.#isPending = false;
    this.ended++;
    const isOver = !this.#mayRetry || outcome === 'timeout';
    report.check(isOver, () => `${this.id} gives up with a connection that stood idle`);
    report.check(fetchMs <= this.#timeoutMs + EPSILON_MS, () => `${this.id} takes ${fetchMs} ms to fetch`);
    const answer = this.#answer;
    const isFit = answer?.outcomes.includes(outcome) || outcome === 'timeout';
    report.check(isFit, () => `${this.id}: ${answer?.what} ended as ${outcome}`);
    report.check(
      wireBytes === this.#exchangeBytes,
      () => `${this.id} counts ${wireBytes} bytes of ${this.#exchangeBytes}`,
    );
    this.receivedBytes += this.#exchangeBytes;
    if (outcome === 'ok' || outcome === 'identical') this.#etag = answer!.etag;
    if (isGoodExchange(outcome)) this.lastGoodMs = this.#nowMs();
    if (isGoodExchange(outcome)) this.#failures = 0;
    else if (outcome !== 'skipped') this.#failures++;
    const isOpen = breaker === 'open';
    report.check(
      isOpen === this.#failures >= FAILURES_TO_OPEN,
      () => `${this.id} is ${breaker} after ${this.#failures}`,
    );
    if (isOpen) report.note('breaker open');
    this.#plan(outcome);
  }

  /** When the next poll may begin. */
  #plan(outcome: Outcome): void {
    const nowMs = this.#nowMs();
    const following = this.#slot + 1;
    const at = (slot: number): number => this.#originMs + slot * this.#intervalMs;
    const next = Math.max(following, Math.ceil((nowMs - this.#originMs) / this.#intervalMs));
    const skipped = next - following;
    let last = next;
    if (!isGoodExchange(outcome) && outcome !== 'skipped') {
      const capMs = Math.min(10 * this.#intervalMs, 60_000);
      const ceilingMs = Math.min(capMs, this.#intervalMs * 2 ** (this.#failures - 1));
      last = Math.max(next, Math.floor((nowMs + ceilingMs - this.#originMs) / this.#intervalMs));
    }
    this.#due = { fromMs: at(next), toMs: at(last), skipped };
    if (skipped > 0) this.#report.note('slots skipped');
  }

  /** All polls are over: each one that began has one outcome. */
  checkCounts(counted: number, receivedBytes: number): void {
    const { begun, ended, cutShort, skippedSlots } = this;
    const report = this.#report;
    report.check(
      begun === ended + cutShort,
      () => `${this.id}: ${begun} polls began, ${ended} ended, ${cutShort} were cut`,
    );
    report.check(
      counted === ended + skippedSlots,
      () => `${this.id}: ${counted} outcomes are counted of ${ended} polls and ${skippedSlots} slots`,
    );
    report.check(
      receivedBytes === this.receivedBytes,
      () => `${this.id}: ${receivedBytes} bytes are counted of ${this.receivedBytes}`,
    );
  }
}
