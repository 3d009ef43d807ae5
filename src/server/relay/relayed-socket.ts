/** A WebSocket of a reader thread, as main's server uses it. */
import type { UwsBytes, UwsWebSocket } from '../uws.js';
import type { MessageEnd, ToReader } from './messages.js';

/** So much may be on its way to the reader before a message counts as waiting. */
const SENT_BYTES_MAX = 64 * 1024;
/** Answers of the library's `send`. */
const SENT = 1;
const WAITS = 0;
const DROPPED = 2;

export class RelayedSocket<T> implements UwsWebSocket<T> {
  readonly #end: MessageEnd<ToReader>;
  readonly #id: number;
  readonly #userData: T;
  #bufferedBytes = 0;
  #open = true;

  constructor(end: MessageEnd<ToReader>, id: number, userData: T) {
    this.#end = end;
    this.#id = id;
    this.#userData = userData;
  }

  send(message: UwsBytes, isBinary: boolean): number {
    if (!this.#open) return DROPPED;
    const data = typeof message === 'string' ? message : message.slice();
    // What a string takes in UTF-8 the reader counts alike.
    this.#bufferedBytes += typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    const transfer = typeof data === 'string' ? [] : [data.buffer];
    this.#end.postMessage({ kind: 'socketSend', id: this.#id, data, isBinary }, transfer);
    return this.#bufferedBytes > SENT_BYTES_MAX ? WAITS : SENT;
  }

  /** What waits in the reader, and what has not reached it. */
  getBufferedAmount(): number {
    return this.#bufferedBytes;
  }

  end(code: number, reason: string): void {
    if (this.#open) this.#end.postMessage({ kind: 'socketEnd', id: this.#id, code, reason });
  }

  close(): void {
    this.end(1006, '');
  }

  getUserData(): T {
    return this.#userData;
  }

  /** So many bytes do not wait any more. */
  taken(bytes: number): void {
    this.#bufferedBytes -= bytes;
  }

  closed(): void {
    this.#open = false;
  }
}
