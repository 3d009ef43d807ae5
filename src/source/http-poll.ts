/** A source that polls one HTTP endpoint: schedule, conditional GET, backoff and breaker. */

import { Backoff } from '../model/backoff.js';
import type { AllocateBody } from '../model/body.js';
import { sleep, type Clock, type Random } from '../model/clock.js';
import { bug } from '../model/errors.js';
import { DeliveryError, type Outcome } from '../model/outcome.js';
import { Breaker, type BreakerState } from './breaker.js';
import type { Exchanged } from './exchange/attempt.js';
import type { Wire } from './exchange/connection.js';
import { HttpExchange, type Exchange } from './exchange/fetch-body.js';
import type { ExchangeFacts, HttpPollOptions, PollObserver } from './poll-report.js';
import { backoffCapMs, Schedule, type Slot } from './schedule.js';
import type { Body, Deliver, Source } from './source.js';

export interface HttpPollTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly allocate: AllocateBody;
  readonly observer: PollObserver;
  /** Replaces the network: by a file, or by a script in tests of schedules. */
  readonly openExchange?: () => Exchange;
  /** Replaces the network below the exchange: HTTP itself, simulated. */
  readonly openWire?: () => Wire;
}

/** Polls until told to stop. What it remembers (ETag, breaker, backoff) lives as long as one run. */
export class HttpPollSource implements Source {
  readonly id: string;
  readonly #options: HttpPollOptions;
  readonly #tools: HttpPollTools;
  #poller: Poller | null = null;

  constructor(options: HttpPollOptions, tools: HttpPollTools) {
    this.id = options.id;
    this.#options = options;
    this.#tools = tools;
  }

  get breakerState(): BreakerState {
    return this.#poller?.breaker.state ?? 'closed';
  }

  async run(deliver: Deliver, signal: AbortSignal): Promise<void> {
    if (this.#poller) bug(`source ${this.id} runs twice at once`);
    const poller = new Poller(this.#options, this.#tools, deliver, signal);
    this.#poller = poller;
    try {
      await poller.run();
    } finally {
      this.#poller = null;
    }
  }
}

/** How a poll ended, apart from its facts. */
interface Ending {
  readonly outcome: Outcome;
  readonly message: string | null;
}

class Poller {
  readonly breaker: Breaker;
  readonly #tools: HttpPollTools;
  readonly #deliver: Deliver;
  readonly #signal: AbortSignal;
  readonly #exchange: Exchange;
  readonly #schedule: Schedule;
  readonly #backoff: Backoff;
  /** Of the body that is published, or of one found identical to it. */
  #etag: string | null = null;

  constructor(options: HttpPollOptions, tools: HttpPollTools, deliver: Deliver, signal: AbortSignal) {
    const { intervalMs } = options;
    const { clock, random, observer } = tools;
    const capMs = backoffCapMs(intervalMs);
    this.#tools = tools;
    this.#deliver = deliver;
    this.#signal = signal;
    this.breaker = new Breaker((state) => observer.breaker(state));
    this.#exchange =
      tools.openExchange?.() ?? new HttpExchange(options, clock, tools.allocate, tools.openWire?.());
    this.#schedule = new Schedule(intervalMs, clock.monotonicMs(), random);
    this.#backoff = new Backoff({ baseMs: Math.min(intervalMs, capMs), capMs }, random);
  }

  async run(): Promise<void> {
    try {
      let atMs = this.#schedule.firstAtMs;
      while (await this.#reached(atMs)) {
        this.breaker.begin();
        const ending = await this.#poll();
        if (!ending) break;
        const slot = this.#nextSlot(ending);
        if (slot.missed > 0) this.#tools.observer.skipped(slot.missed);
        atMs = slot.atMs;
      }
    } finally {
      await this.#exchange.close();
    }
  }

  /** Waits for a moment of the monotonic clock; false when the source is to stop. */
  async #reached(atMs: number): Promise<boolean> {
    const { clock } = this.#tools;
    await sleep(clock, Math.max(0, atMs - clock.monotonicMs()), this.#signal);
    return !this.#signal.aborted;
  }

  /** One exchange and its delivery; null when the end of the run cut it short. */
  async #poll(): Promise<Ending | null> {
    const exchanged = await this.#exchange.fetch(this.#etag, this.#signal);
    if (this.#signal.aborted) {
      if (exchanged.kind === 'body') exchanged.body.bytes.release();
      return null;
    }
    const ending = await this.#conclude(exchanged);
    if (ending) this.#report(exchanged.facts, ending);
    return ending;
  }

  async #conclude(exchanged: Exchanged): Promise<Ending | null> {
    switch (exchanged.kind) {
      case 'not_modified':
        return { outcome: 'not_modified', message: null };
      case 'body':
        return this.#handOver(exchanged.body, exchanged.etag, exchanged.facts);
      case 'failed':
        return exchanged;
    }
  }

  async #handOver(body: Body, etag: string | null, facts: ExchangeFacts): Promise<Ending | null> {
    try {
      const { outcome } = await this.#deliver(body, this.#signal);
      // Only now: an ETag kept for a body that was refused would turn the next 304 into stale data.
      this.#etag = etag;
      return { outcome, message: null };
    } catch (error) {
      if (error instanceof DeliveryError) return { outcome: error.outcome, message: error.message };
      if (this.#signal.aborted) return null;
      this.#report(facts, { outcome: 'worker', message: `cannot deliver the body: ${String(error)}` });
      throw error;
    }
  }

  /** `skipped` is our own doing: it says nothing about the upstream, good or bad. */
  #report(facts: ExchangeFacts, ending: Ending): void {
    const { outcome, message } = ending;
    if (message === null) this.breaker.succeeded();
    else if (outcome === 'skipped') this.breaker.abandoned();
    else this.breaker.failed();
    const attempt = this.breaker.failures;
    this.#tools.observer.polled({ ...facts, outcome, attempt, message });
  }

  #nextSlot(ending: Ending): Slot {
    const nowMs = this.#tools.clock.monotonicMs();
    if (ending.outcome === 'skipped') return this.#schedule.next(nowMs);
    if (ending.message !== null) return this.#schedule.nextAfterFailure(nowMs, this.#backoff.next());
    this.#backoff.reset();
    return this.#schedule.next(nowMs);
  }
}
