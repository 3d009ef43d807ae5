/** The rows of a block: where each is in the table, its lane in the strips, its key, what ends it. */
import { KEY_BYTES_MAX } from '../model/limits.js';
import type { SegmentReader } from '../snapshot/reader.js';
import { ByteWriter } from './bytes.js';
import {
  BLOCK_ROWS_MAX,
  KEYS_AT,
  KEYS_BYTES,
  ROW_WORDS,
  ROWS_AT,
  TAIL_BYTES_MAX,
  TAILS_AT,
  TAILS_BYTES,
} from './encode-kernel.js';
import { writeCsvText, writeJsonText } from './text.js';

/** The longest key, each byte escaped, with its quotes and what the kernel reads behind. */
const KEY_ROOM_BYTES = KEY_BYTES_MAX * 6 + 32;

export class BlockRows {
  count = 0;
  readonly parts = new Int32Array(BLOCK_ROWS_MAX);
  readonly slots = new Int32Array(BLOCK_ROWS_MAX);
  readonly lanes = new Int32Array(BLOCK_ROWS_MAX);
  /** All rows are of one part, and their slots are within reach of `base`, a multiple of 32. */
  isTogether = true;
  base = 0;
  /** Slots from `base` to behind the last one. */
  span = 0;
  #lanesMax = BLOCK_ROWS_MAX;
  #hasKeys = false;
  #csv = false;
  #hasTails = false;
  readonly #keys = new ByteWriter(Infinity, '', '', 0);
  readonly #keyEnds = new Int32Array(BLOCK_ROWS_MAX);
  readonly #tails = new ByteWriter(Infinity, '', '', 0);
  readonly #tailEnds = new Int32Array(BLOCK_ROWS_MAX);
  #tailCount = 0;
  /** Rows whose lanes are known. */
  #lanesSet = 0;

  /** For another body; blocks of it have up to `lanes` rows. */
  begin(lanes: number, hasKeys: boolean, csv: boolean, hasTails: boolean): void {
    this.#lanesMax = lanes;
    this.#hasKeys = hasKeys;
    this.#csv = csv;
    this.#hasTails = hasTails;
    this.clear();
  }

  clear(): void {
    this.count = 0;
    this.#lanesSet = 0;
    this.#keys.reset();
    this.#tails.reset();
    this.#tailCount = 0;
  }

  /**
   * False: the rows so far had better be written first. Those that lie together are many times
   * cheaper than others, so a block that has many of them takes no other.
   */
  hasRoomFor(part: number, slot: number): boolean {
    if (this.count === 0) return true;
    if (this.count === this.#lanesMax || this.#keys.at > KEYS_BYTES - KEY_ROOM_BYTES) return false;
    return !this.isTogether || this.count < this.#lanesMax / 4 || this.#isNear(part, slot);
  }

  #isNear(part: number, slot: number): boolean {
    return part === this.parts[0] && slot >= this.base && slot - this.base < this.#lanesMax;
  }

  add(part: number, slot: number, reader: SegmentReader): void {
    const r = this.count++;
    this.parts[r] = part;
    this.slots[r] = slot;
    if (r === 0) {
      this.isTogether = true;
      this.base = slot & ~31;
      this.span = 0;
    } else this.isTogether &&= this.#isNear(part, slot);
    this.span = Math.max(this.span, slot - this.base + 1);
    if (!this.#hasKeys) return;
    const write = this.#csv ? writeCsvText : writeJsonText;
    write(this.#keys, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
    this.#keyEnds[r] = this.#keys.at;
  }

  /** Bytes of all keys as they are written. */
  get keyBytes(): number {
    return this.#keys.at;
  }

  /** Lanes are slots from `base`, or simply count the rows. */
  setLanes(isTogether: boolean): void {
    if (this.#lanesSet === this.count) return;
    this.#lanesSet = this.count;
    for (let r = 0; r < this.count; r++) this.lanes[r] = isTogether ? this.slots[r]! - this.base : r;
  }

  /** Of the next row. */
  addTail(write: (out: ByteWriter) => void): void {
    write(this.#tails);
    this.#tailEnds[this.#tailCount++] = this.#tails.at;
  }

  /** Brings the rows into the kernel's memory. */
  copyTo(u8: Uint8Array, i32: Int32Array): void {
    if (!this.#hasKeys) {
      i32.set(this.lanes.subarray(0, this.count), ROWS_AT / 4);
      return;
    }
    u8.set(this.#keys.result(), KEYS_AT);
    const tailsFit = this.#tails.at + 32 <= TAILS_BYTES;
    if (tailsFit && this.#hasTails) u8.set(this.#tails.result(), TAILS_AT);
    let key = 0;
    let tail = 0;
    for (let r = 0, word = ROWS_AT / 4; r < this.count; r++, word += ROW_WORDS) {
      i32[word] = this.lanes[r]!;
      const keyEnd = this.#keyEnds[r]!;
      i32[word + 1] = KEYS_AT + key;
      i32[word + 2] = keyEnd - key;
      key = keyEnd;
      const tailEnd = this.#hasTails ? this.#tailEnds[r]! : 0;
      const tailBytes = tailEnd - tail;
      i32[word + 3] = TAILS_AT + tail;
      i32[word + 4] = (tailsFit && tailBytes <= TAIL_BYTES_MAX) || tailBytes === 0 ? tailBytes : -1;
      tail = tailEnd;
    }
  }

  /** The tail of row `r`, where the kernel could not. */
  writeTail(out: ByteWriter, r: number): void {
    out.bytes(this.#tails.u8, r === 0 ? 0 : this.#tailEnds[r - 1]!, this.#tailEnds[r]!);
  }
}
