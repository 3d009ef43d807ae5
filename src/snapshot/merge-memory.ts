/** The memory of one merge index as main owns it: from the free list, and back when no job reads it. */
import { bug } from '../model/errors.js';
import type { FreeList } from './free-list.js';
import { mergeIndexBytes, type MergeSpec } from './merge-index.js';

export class MergeMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #free: FreeList;
  #pins = 0;
  #retired = false;

  /** Room for an index of so many slots. What the buffer held before is still there. */
  constructor(spec: MergeSpec, free: FreeList) {
    const bytes = mergeIndexBytes(spec);
    // A little room, so that the next index, of a few slots more, finds a buffer that fits.
    this.buffer = free.acquire(bytes, bytes >> 4);
    this.#free = free;
  }

  /** Counts a job that reads it; call the result once when it no longer does. */
  pin(): () => void {
    if (this.#retired) bug('a pin of a merge index that was replaced');
    this.#pins++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#pins--;
      this.#settle();
    };
  }

  /** No longer part of the current table. */
  retire(): void {
    if (this.#retired) bug('a merge index was retired twice');
    this.#retired = true;
    this.#settle();
  }

  #settle(): void {
    if (this.#retired && this.#pins === 0) this.#free.release(this.buffer);
  }
}
