/** Keeps a repeating event from filling the log: once per window and key, with what was left out. */

import type { Clock } from '../model/clock.js';

const WINDOW_MS = 60_000;
const KEYS_MAX = 1024;
/** All keys beyond the limit share this one: a flood of new keys is still one line a window. */
const OVERFLOW_KEY = '';

interface Entry {
  windowEndMs: number;
  withheld: number;
}

/** Holds at most 1,025 keys, whatever it is asked. */
export class Throttle {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, windowMs: number = WINDOW_MS) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** undefined: keep quiet. A number: speak, and so many were kept quiet since the last time. */
  admit(key: string): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#entry(key, nowMs);
    if (nowMs < entry.windowEndMs) {
      entry.withheld += 1;
      return undefined;
    }
    const { withheld } = entry;
    entry.windowEndMs = nowMs + this.#windowMs;
    entry.withheld = 0;
    return withheld;
  }

  #entry(key: string, nowMs: number): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= KEYS_MAX) this.#forgetQuiet(nowMs);
    const place = this.#entries.size >= KEYS_MAX ? OVERFLOW_KEY : key;
    const existing = this.#entries.get(place);
    if (existing !== undefined) return existing;
    const entry = { windowEndMs: nowMs, withheld: 0 };
    this.#entries.set(place, entry);
    return entry;
  }

  /** Keys whose window is over and that owe no count. */
  #forgetQuiet(nowMs: number): void {
    for (const [key, { windowEndMs, withheld }] of this.#entries) {
      if (withheld === 0 && nowMs >= windowEndMs) this.#entries.delete(key);
    }
  }
}
