/**
 * Shared buffers are reused, never dropped: while a worker lives, a dropped one is not given back
 * (its pages stay resident in every thread that has seen it). Main owns this list.
 */

/** Buffers are made in multiples of this, so that near sizes serve each other. */
const GRAIN_BYTES = 64 * 1024;

export interface FreeListStats {
  /** Bytes of all buffers made and not dropped, in use or free. */
  readonly sharedBytes: number;
  readonly freeBytes: number;
}

export class FreeList {
  readonly #free: SharedArrayBuffer[] = [];
  readonly #freeBytesMax: number;
  readonly #onDropped: (bytes: number) => void;
  #sharedBytes = 0;
  #freeBytes = 0;
  readonly #used = new WeakSet<SharedArrayBuffer>();

  /**
   * `freeBytesMax`: past it a released buffer is dropped and `onDropped` told, so that the pool can
   * recycle its workers while idle (only then the memory comes back).
   */
  constructor(freeBytesMax: number, onDropped: (bytes: number) => void) {
    this.#freeBytesMax = freeBytesMax;
    this.#onDropped = onDropped;
  }

  /**
   * A buffer of at least `bytesMin`: the smallest free one that fits and is not over twice as big,
   * or a new one with `room` to spare, so that it also fits what is a little larger next time.
   * `excess`: how many times bigger a free one may be; 1 for who counts every byte.
   */
  acquire(bytesMin: number, room = 0, excess = 2): SharedArrayBuffer {
    const bytesMax = Math.max(bytesMin * excess, Math.ceil(bytesMin / GRAIN_BYTES) * GRAIN_BYTES);
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const size = this.#free[i]!.byteLength;
      if (size < bytesMin || size > bytesMax) continue;
      if (best < 0 || size < this.#free[best]!.byteLength) best = i;
    }
    if (best >= 0) {
      const [buffer] = this.#free.splice(best, 1) as [SharedArrayBuffer];
      this.#freeBytes -= buffer.byteLength;
      return buffer;
    }
    const size = Math.ceil(Math.max(1, bytesMin + room) / GRAIN_BYTES) * GRAIN_BYTES;
    const buffer = new SharedArrayBuffer(size);
    this.#sharedBytes += size;
    return buffer;
  }

  /** Takes a buffer back. Nobody may use it any more: no pin, no running job, no reader. */
  release(buffer: SharedArrayBuffer): void {
    this.#used.add(buffer);
    this.#free.push(buffer);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > this.#freeBytesMax && this.#free.length > 0) {
      const dropped = this.#free.shift()!;
      this.#freeBytes -= dropped.byteLength;
      this.#sharedBytes -= dropped.byteLength;
      this.#onDropped(dropped.byteLength);
    }
  }

  /** True for a buffer that somebody has had before: it is not all zero. */
  wasUsed(buffer: SharedArrayBuffer): boolean {
    return this.#used.has(buffer);
  }

  get stats(): FreeListStats {
    return { sharedBytes: this.#sharedBytes, freeBytes: this.#freeBytes };
  }
}
