/** A request's body as it comes: chunks that live for one call. */
import type { UwsResponse } from './uws.js';

/** Takes bytes. What it is given is gone when it returns. */
export type TakeChunk = (chunk: Uint8Array, isLast: boolean) => void;

/** Valid until its exchange is done; then nothing is told any more and every call does nothing. */
export class RequestBody {
  readonly #res: UwsResponse;
  readonly #exchange: { readonly done: boolean };
  #paused = false;
  /** The connection is closed behind the answer: what is unread need not be read. */
  closes = false;
  /** To the first byte of the answer; null: as for every request. */
  deadlineMs: number | null = null;
  /** Told when the client leaves without an answer. */
  onGone: (() => void) | null = null;

  constructor(res: UwsResponse, exchange: { readonly done: boolean }) {
    this.#res = res;
    this.#exchange = exchange;
  }

  /** Within the handler's call, once. Without it the library throws the body away. */
  read(take: TakeChunk): void {
    this.#res.onData((chunk, isLast) => {
      if (!this.#exchange.done) take(new Uint8Array(chunk), isLast);
    });
  }

  /** The client is kept waiting; a chunk or two may still come. */
  pause(): void {
    if (this.#paused || this.#exchange.done) return;
    this.#paused = true;
    this.#res.pause();
  }

  resume(): void {
    if (!this.#paused || this.#exchange.done) return;
    this.#paused = false;
    this.#res.resume();
  }
}
