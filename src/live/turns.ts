/**
 * Spreads work over turns of the event loop: a publish that concerns a thousand subscribers must
 * not keep reads waiting. First in, first out; nobody is served twice before all others once.
 */
import type { Clock } from '../model/clock.js';

/** Of one turn: whichever is used up first ends it. */
const TURN_MS = 2;
const TURN_BYTES = 1024 * 1024;

export interface Step {
  /** Owned by Turns: true while the step waits. */
  queued: boolean;
  /** Does one bounded piece of work; returns the bytes it handed on. */
  step(): number;
}

/** Calls `fn` in a later turn of the loop. */
export type Defer = (fn: () => void) => void;

export class Turns {
  readonly #clock: Clock;
  readonly #defer: Defer;
  readonly #afterTurn: () => void;
  #waiting: Step[] = [];
  #next = 0;
  #scheduled = false;

  constructor(clock: Clock, defer: Defer, afterTurn: () => void) {
    this.#clock = clock;
    this.#defer = defer;
    this.#afterTurn = afterTurn;
  }

  /** Queues a step, unless it waits already. It runs in a later turn, never within this call. */
  add(step: Step): void {
    if (step.queued) return;
    step.queued = true;
    this.#waiting.push(step);
    this.#schedule();
  }

  get idle(): boolean {
    return this.#next === this.#waiting.length;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const endMs = this.#clock.monotonicMs() + TURN_MS;
    let bytes = 0;
    try {
      while (!this.idle && bytes < TURN_BYTES) {
        const step = this.#waiting[this.#next++]!;
        step.queued = false;
        bytes += step.step();
        if (this.#clock.monotonicMs() >= endMs) break;
      }
    } finally {
      this.#compact();
      this.#afterTurn();
      if (!this.idle) this.#schedule();
    }
  }

  /** Forgets what ran, without moving the queue at each step. */
  #compact(): void {
    if (this.#next < 1024 && !this.idle) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
