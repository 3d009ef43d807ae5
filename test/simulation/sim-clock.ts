/** Time of one simulated world: nothing happens but what was scheduled, and in one order. */
import type { Clock, Timer } from '../../src/model/clock.js';

interface Event {
  readonly atMs: number;
  /** Events of the same moment run in the order in which they were scheduled. */
  readonly order: number;
  fn: (() => void) | null;
}

const WALL_MS = Date.UTC(2026, 0, 1);

/**
 * Whatever promises can go on do so; no part under simulation waits for anything else. A tick comes
 * once they all have, and costs a tenth of a turn of the loop.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

export class SimClock implements Clock {
  /** A heap: the next event first. */
  readonly #events: Event[] = [];
  #nowMs = 0;
  #wallOffsetMs = WALL_MS;
  #order = 0;
  /** Events that ran. */
  ran = 0;

  /** As a system has it: whole milliseconds. */
  nowMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** The wall clock is set. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  schedule(delayMs: number, fn: () => void): Timer {
    if (!(delayMs >= 0) || delayMs === Infinity) throw new RangeError(`a timer in ${delayMs} ms`);
    const event: Event = { atMs: this.#nowMs + delayMs, order: this.#order++, fn };
    this.#push(event);
    return { cancel: () => void (event.fn = null) };
  }

  /** Runs everything up to that moment. */
  async runUntil(endMs: number): Promise<void> {
    await turn();
    for (;;) {
      const event = this.#events[0];
      if (!event || event.atMs > endMs) break;
      this.#pop();
      const { fn } = event;
      if (fn === null) continue;
      event.fn = null;
      this.#nowMs = event.atMs;
      this.ran++;
      fn();
      await turn();
    }
    this.#nowMs = endMs;
  }

  runFor(ms: number): Promise<void> {
    return this.runUntil(this.#nowMs + ms);
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
