/** Growing, randomised pauses between attempts. */

import type { Random } from './clock.js';

export interface BackoffOptions {
  /** Upper end of the first pause. */
  readonly baseMs: number;
  /** No pause is longer than this. */
  readonly capMs: number;
}

/**
 * Full jitter: each pause is uniform between 0 and a ceiling that doubles up to a cap. Peers that
 * failed together therefore do not come back together.
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #random: Random;
  #attempt = 0;

  constructor(options: BackoffOptions, random: Random) {
    const { baseMs, capMs } = options;
    if (!(baseMs > 0) || !(capMs >= baseMs) || !Number.isFinite(capMs)) {
      throw new RangeError(`cannot back off: 0 < baseMs <= capMs must hold, got ${baseMs} and ${capMs}`);
    }
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#random = random;
  }

  /** How many pauses were handed out since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The next pause in milliseconds, at least 0 and below the ceiling. */
  next(): number {
    // 2 ** 1024 is Infinity and Math.min still yields the cap, so a long outage cannot overflow.
    const ceilingMs = Math.min(this.#capMs, this.#baseMs * 2 ** this.#attempt);
    this.#attempt += 1;
    return this.#random() * ceilingMs;
  }

  /** Call after a success: the next pause starts small again. */
  reset(): void {
    this.#attempt = 0;
  }
}
