/**
 * The one bound of all histories' memory: tables and blocks of every source count here, byte by
 * byte. When it is reached the oldest frames of any source make room, so that all windows shrink
 * alike. Main only.
 */
import { HISTORY_GRAIN_BYTES } from '../model/history.js';
import type { FreeList } from './free-list.js';

/** Somebody whose oldest memory may be taken. */
export interface Evictable {
  /** Time of the newest frame in the oldest block that may go; undefined when none may. */
  oldestBlockMs(): number | undefined;
  /** Gives that block back. False when a job still reads it: its bytes come later. */
  evict(): boolean;
}

export class HistoryBudget {
  readonly bytesMax: number;
  readonly #free: FreeList;
  readonly #onShort: () => void;
  readonly #owners = new Set<Evictable>();
  #bytes = 0;
  #evictions = 0;

  /** `onShort`: called when the bound takes something away, each time. */
  constructor(free: FreeList, bytesMax: number, onShort: () => void) {
    this.#free = free;
    this.#onShort = onShort;
    this.bytesMax = bytesMax;
  }

  /** Bytes held now: never more than `bytesMax`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Blocks that made room before their frames had left the window. */
  get evictions(): number {
    return this.#evictions;
  }

  add(owner: Evictable): void {
    this.#owners.add(owner);
  }

  remove(owner: Evictable): void {
    this.#owners.delete(owner);
  }

  /** A buffer of all zeros where `zeroed`; null when not even the oldest frames make room. */
  acquire(bytes: number, zeroed: boolean): SharedArrayBuffer | null {
    const size = Math.ceil(bytes / HISTORY_GRAIN_BYTES) * HISTORY_GRAIN_BYTES;
    while (this.#bytes + size > this.bytesMax) if (!this.#evictOldest(size)) return null;
    const buffer = this.#free.acquire(size, 0, 1);
    if (zeroed && this.#free.wasUsed(buffer)) new Uint8Array(buffer).fill(0);
    this.#bytes += buffer.byteLength;
    return buffer;
  }

  #evictOldest(size: number): boolean {
    this.#onShort();
    if (size > this.bytesMax) return false;
    let oldest: Evictable | null = null;
    let oldestMs = Infinity;
    for (const owner of this.#owners) {
      const atMs = owner.oldestBlockMs();
      if (atMs === undefined || atMs >= oldestMs) continue;
      oldest = owner;
      oldestMs = atMs;
    }
    if (!oldest) return false;
    this.#evictions++;
    return oldest.evict();
  }

  release(buffer: SharedArrayBuffer): void {
    this.#bytes -= buffer.byteLength;
    this.#free.release(buffer);
  }
}
