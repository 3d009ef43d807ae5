/** The key of a row: one cell's content, or several joined by ':'. */
import { KEY_BYTES_MAX } from '../model/limits.js';
import type { Facts } from './facts.js';
import { GUID_BYTES, isCanonicalGuid, writeCanonicalGuid } from './guid-bytes.js';
import type { HeaderPlan, KeyPlan } from './plan.js';
import { isUtf8, latin1ToUtf8 } from './utf8.js';

const COLON = 58;
const FOUR = 52;

/** Whether the cell bytes[start, end) of the port type says that the row has the XDR key. */
export function isAggregated(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && bytes[start] === FOUR;
}

/** Columns up to the last one that says what a row is called. */
export function keyPrefix({ key, xdr }: HeaderPlan): number {
  const columns = xdr ? [...key.columns, xdr.typeColumn, ...xdr.key.columns] : key.columns;
  return Math.max(-1, ...columns) + 1;
}

/** `begin`, `add` the key cells in order, then read the span `bytes`, `start`, `end`. */
export class RowKey {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** All cells so far are empty. */
  isEmpty = true;
  /** How many of them were not UTF-8. */
  latin1Cells = 0;

  readonly #joined: Uint8Array;
  readonly #facts: Facts;
  #guids: readonly boolean[] = [];
  #isSingle = false;
  #count = 0;

  constructor({ key, xdr }: HeaderPlan, facts: Facts) {
    const cellCount = Math.max(1, key.columns.length, xdr?.key.columns.length ?? 0);
    this.#facts = facts;
    // Room for what is too long as well, so that its length can be told.
    this.#joined = new Uint8Array((2 * KEY_BYTES_MAX + 3) * cellCount);
    this.bytes = this.#joined;
  }

  get isTooLong(): boolean {
    return this.end - this.start > KEY_BYTES_MAX;
  }

  begin({ guids }: KeyPlan): void {
    this.#guids = guids;
    this.#isSingle = guids.length === 1;
    this.#count = 0;
    this.isEmpty = true;
    this.latin1Cells = 0;
    this.bytes = this.#joined;
    this.start = 0;
    this.end = 0;
  }

  /** `isAscii`: known to be; otherwise it is looked at. */
  add(bytes: Uint8Array, start: number, end: number, isAscii: boolean): void {
    if (end > start) this.isEmpty = false;
    if (this.#guids[this.#count] === true && !isCanonicalGuid(bytes, start, end)) {
      const at = this.#count > 0 ? this.end + 1 : 0;
      if (writeCanonicalGuid(bytes, start, end, this.#joined, at)) {
        if (this.#count++ > 0) this.#joined[this.end] = COLON;
        this.end = at + GUID_BYTES;
        return;
      }
    }
    const isText = isAscii || isUtf8(bytes, start, end);
    if (!isText) {
      this.#facts.latin1Cells++;
      this.latin1Cells++;
    }
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
