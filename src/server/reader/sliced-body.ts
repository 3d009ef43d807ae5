/** A large body that main hands over a slice at a time, on its way to one client. */
import type { UwsResponse } from '../uws.js';

export interface SlicedBodyEvents {
  /** Everything so far was handed to the socket: main may send the next slice. */
  taken(): void;
  /** The last byte was handed to the socket: the response is over. */
  finished(): void;
}

export class SlicedBody {
  readonly #res: UwsResponse;
  readonly #totalBytes: number;
  readonly #events: SlicedBodyEvents;
  /** What is left of the slice; null while the next one is awaited. */
  #rest: Uint8Array | null = null;

  constructor(res: UwsResponse, totalBytes: number, events: SlicedBodyEvents) {
    this.#res = res;
    this.#totalBytes = totalBytes;
    this.#events = events;
    // Set once: the Node 20 build undoes a handler that is set inside one.
    res.onWritable(() => this.#write());
  }

  /** The next bytes, not empty; the ones before were taken. */
  add(bytes: Uint8Array): void {
    this.#rest = bytes;
    this.#res.cork(() => this.#write());
  }

  /** True when the socket takes more. */
  #write(): boolean {
    const rest = this.#rest;
    if (rest === null) return true;
    const before = this.#res.getWriteOffset();
    const [ok, done] = this.#res.tryEnd(rest, this.#totalBytes);
    if (done) {
      this.#rest = null;
      this.#events.finished();
      return true;
    }
    const written = ok ? rest.length : this.#res.getWriteOffset() - before;
    this.#rest = written < rest.length ? rest.subarray(written) : null;
    if (this.#rest === null) this.#events.taken();
    return ok;
  }
}
