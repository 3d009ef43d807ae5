/**
 * The generic cell rate algorithm: for each client one number, the time at which it will have used up
 * what it has taken. No window begins or ends, so nothing can be saved up for its border.
 *
 * Own code: it is thirty lines, and the libraries for it keep a timer or an object for each client and
 * do not bound how many clients they remember.
 */
import type { Rate } from '../../model/access.js';

export class Limiter {
  /** How much the last `take` left, and what must pass before all (or the next) is there again. */
  remaining = 0;
  resetMs = 0;
  /** 0 when the last `take` was allowed. */
  retryAfterMs = 0;
  readonly #keysMax: number;
  /** Least recently seen first: insertion order, and each use inserts anew. */
  readonly #usedUpMs = new Map<string, number>();

  /** A client that is forgotten because more than `keysMax` came after it begins anew. */
  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#usedUpMs.size;
  }

  /** Takes one request of `key`; false when its rate does not allow it. `nowMs` is monotonic. */
  take(key: string, { count, windowMs, burst }: Rate, nowMs: number): boolean {
    const eachMs = windowMs / count;
    const allMs = eachMs * burst;
    const before = Math.max(this.#usedUpMs.get(key) ?? nowMs, nowMs);
    const after = before + eachMs;
    this.#usedUpMs.delete(key);
    if (this.#usedUpMs.size >= this.#keysMax) this.#forgetOldest();
    // A rounding error must not cost the last request of a burst.
    const waitMs = after - allMs - nowMs;
    const isAllowed = waitMs <= eachMs / 1024;
    const usedUp = isAllowed ? after : before;
    this.#usedUpMs.set(key, usedUp);
    this.resetMs = usedUp - nowMs;
    this.remaining = Math.max(0, Math.floor((allMs - this.resetMs) / eachMs + 1 / 1024));
    this.retryAfterMs = isAllowed ? 0 : waitMs;
    return isAllowed;
  }

  #forgetOldest(): void {
    for (const key of this.#usedUpMs.keys()) {
      this.#usedUpMs.delete(key);
      return;
    }
  }
}
