/** The wall clock, read now and then: two clocks a request cost as much as half of its own work. */
import type { Clock } from '../model/clock.js';

/** A step of the system's time shows after so long at the latest. */
const TRUSTED_MS = 100;

export class RecentWall {
  readonly #clock: Clock;
  #offsetMs = 0;
  #readMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Epoch ms of a moment just past on the monotonic clock. */
  at(monotonicMs: number): number {
    if (monotonicMs - this.#readMs >= TRUSTED_MS) {
      this.#readMs = this.#clock.monotonicMs();
      this.#offsetMs = this.#clock.nowMs() - this.#readMs;
    }
    return monotonicMs + this.#offsetMs;
  }
}
