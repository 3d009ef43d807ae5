/** The key of a row: one cell's content, or several joined by ':'. */
import { KEY_BYTES_MAX } from '../model/limits.js';
import type { Facts } from './facts.js';
import { isUtf8, latin1ToUtf8 } from './utf8.js';

const COLON = 58;

/** `add` the key cells in order, then read the span `bytes`, `start`, `end`. */
export class RowKey {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** All cells so far are empty. */
  isEmpty = true;

  readonly #joined: Uint8Array;
  readonly #facts: Facts;
  readonly #isSingle: boolean;
  #count = 0;

  constructor(cellCount: number, facts: Facts) {
    this.#isSingle = cellCount === 1;
    this.#facts = facts;
    // Room for what is too long as well, so that its length can be told.
    this.#joined = new Uint8Array((2 * KEY_BYTES_MAX + 3) * Math.max(1, cellCount));
    this.bytes = this.#joined;
  }

  get isTooLong(): boolean {
    return this.end - this.start > KEY_BYTES_MAX;
  }

  begin(): void {
    this.#count = 0;
    this.isEmpty = true;
    this.bytes = this.#joined;
    this.start = 0;
    this.end = 0;
  }

  /** `isAscii`: known to be; otherwise it is looked at. */
  add(bytes: Uint8Array, start: number, end: number, isAscii: boolean): void {
    if (end > start) this.isEmpty = false;
    const isText = isAscii || isUtf8(bytes, start, end);
    if (!isText) this.#facts.latin1Cells++;
    if (this.#isSingle && isText) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return;
    }
    const out = this.#joined;
    if (this.#count++ > 0) out[this.end++] = COLON;
    const stop = Math.min(end, start + KEY_BYTES_MAX + 1);
    if (isText) {
      let at = this.end;
      for (let i = start; i < stop; i++) out[at++] = bytes[i]!;
      this.end = at;
    } else {
      this.end += latin1ToUtf8(bytes, start, stop, out.subarray(this.end));
    }
  }
}
