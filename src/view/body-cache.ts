/** Finished bodies of the current snapshot, least recently used first out. */
import type { ListBody } from './list-body.js';

/** What an entry costs beside its bytes: key, Map slot, objects. */
const ENTRY_BYTES = 512;

export class BodyCache {
  readonly #entries = new Map<string, ListBody>();
  readonly #bytesMax: number;
  #bytes = 0;

  /** `bytesMax`: BODY_CACHE_BYTES. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): ListBody | undefined {
    const body = this.#entries.get(key);
    // Where it stands matters only when there are others.
    if (body && this.#entries.size > 1) {
      this.#entries.delete(key);
      this.#entries.set(key, body);
    }
    return body;
  }

  /** Keeps a body, unless it alone is more than the cache may hold. */
  add(key: string, body: ListBody): void {
    const cost = body.byteLength + key.length * 2 + ENTRY_BYTES;
    if (cost > this.#bytesMax || this.#entries.has(key)) return;
    this.#entries.set(key, body);
    this.#bytes += cost;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= old.byteLength + oldest.length * 2 + ENTRY_BYTES;
    }
  }

  /** At a publish: no request asks for the bodies of an older snapshot again. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
