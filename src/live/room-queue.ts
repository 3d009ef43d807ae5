/** Steps that wait until the frame shop may hand another job to the pool. */
import type { FrameShop } from './frame-shop.js';
import type { Step, Turns } from './turns.js';

/** Woken at a time: some of them find their frame made meanwhile, and leave the room to others. */
const WAKE_MAX = 16;

export class RoomQueue {
  readonly #waiting = new Set<Step>();
  readonly #turns: Turns;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A step that waits already keeps its place. */
  add(step: Step): void {
    this.#waiting.add(step);
  }

  /** Call after each turn and each job. */
  wake(shop: FrameShop): void {
    if (this.#waiting.size === 0 || !shop.hasRoom) return;
    let woken = 0;
    for (const step of this.#waiting) {
      if (woken++ === WAKE_MAX) return;
      this.#waiting.delete(step);
      this.#turns.add(step);
    }
  }
}
