/** When a source polls: a grid of slots on the monotonic clock. */

import type { Random } from '../model/clock.js';

/**
 * The first poll starts within this time, however long the interval: long enough that sources which
 * start together do not connect in one moment, short enough that nobody waits for it.
 */
const FIRST_POLL_MS_MAX = 100;
const BACKOFF_INTERVALS_MAX = 10;
const BACKOFF_MS_MAX = 60_000;

/** The longest pause that backoff may ask for. */
export function backoffCapMs(intervalMs: number): number {
  return Math.min(BACKOFF_INTERVALS_MAX * intervalMs, BACKOFF_MS_MAX);
}

export interface Slot {
  /** When to start, monotonic. */
  readonly atMs: number;
  /** Slots that passed while the poll before was still running. */
  readonly missed: number;
}

/**
 * Slot k stands at origin + k × interval, so delays never add up to a drift. The origin is random
 * over the interval: sources (and daemons) that start together poll at different times, and stay
 * so. One early poll, a whole number of tenths of a second before the origin, keeps start-up short.
 */
export class Schedule {
  /** Start of the first poll, monotonic. */
  readonly firstAtMs: number;
  readonly #intervalMs: number;
  readonly #originMs: number;
  /** The slot of the poll before; -1 is the early poll. */
  #slot: number;

  constructor(intervalMs: number, startMs: number, random: Random) {
    const phaseMs = random() * intervalMs;
    const firstMs = phaseMs % Math.min(intervalMs, FIRST_POLL_MS_MAX);
    this.#intervalMs = intervalMs;
    this.#originMs = startMs + phaseMs;
    this.firstAtMs = startMs + firstMs;
    this.#slot = firstMs === phaseMs ? 0 : -1;
  }

  /** The next slot of the grid, for a poll that ended at `nowMs`. */
  next(nowMs: number): Slot {
    const following = this.#slot + 1;
    const index = Math.max(following, Math.ceil((nowMs - this.#originMs) / this.#intervalMs));
    this.#slot = index;
    return { atMs: this.#at(index), missed: index - following };
  }

  /**
   * The slot after a failure: `pauseMs` later, rounded down to the grid so that the phase is kept,
   * but never before the next slot. Where the interval is longer than the cap of the backoff, the
   * retry leaves the grid and comes within that cap, not sooner than half of it.
   */
  nextAfterFailure(nowMs: number, pauseMs: number): Slot {
    const slot = this.next(nowMs);
    const capMs = backoffCapMs(this.#intervalMs);
    if (slot.atMs - nowMs > capMs) {
      this.#slot -= 1; // that slot is still to come
      return { atMs: nowMs + Math.max(pauseMs, capMs / 2), missed: slot.missed };
    }
    const index = Math.floor((nowMs + pauseMs - this.#originMs) / this.#intervalMs);
    this.#slot = Math.max(this.#slot, index);
    return { atMs: this.#at(this.#slot), missed: slot.missed };
  }

  #at(index: number): number {
    return this.#originMs + index * this.#intervalMs;
  }
}
