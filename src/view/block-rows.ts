/** The rows of a block: where each is in the table, its lane in the strips, its key, what ends it. */
import { KEY_BYTES_MAX } from '../model/limits.js';
import type { BankView, SegmentReader } from '../snapshot/reader.js';
import { ByteWriter } from './bytes.js';
import {
  BLOCK_ROWS_MAX,
  KEYS_AT,
  KEYS_BYTES,
  P_KEY_BYTES,
  P_RAW_KEYS,
  ROW_WORDS,
  ROWS_AT,
  TAIL_BYTES_MAX,
  TAILS_AT,
  TAILS_BYTES,
} from './encode-kernel.js';
import { writeCsvText, writeJsonText } from './text.js';

const ESCAPED_BYTES_MAX = 6;
/** The longest key, each byte escaped, and quotes of all keys with what the kernel reads behind. */
const KEY_ROOM_BYTES = KEY_BYTES_MAX * ESCAPED_BYTES_MAX + BLOCK_ROWS_MAX * 4 + 32;

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
  /** Bytes of all keys as they lie in their segments, and where those of the first row's part lie. */
  #rawBytes = 0;
  #keysFrom = 0;
  #keysTo = 0;
  readonly #starts = new Int32Array(BLOCK_ROWS_MAX);
  readonly #lengths = new Int32Array(BLOCK_ROWS_MAX);
  readonly #tails = new ByteWriter(Infinity, '', '', 0);
  readonly #tailEnds = new Int32Array(BLOCK_ROWS_MAX);
  #tailCount = 0;
  /** Rows whose lanes are known, and whose times are. */
  #lanesSet = 0;
  #timesSet = 0;
  /** Epoch ms of each row, once `setTimes` was called. */
  readonly timesMs = new Float64Array(BLOCK_ROWS_MAX);

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
    this.#timesSet = 0;
    this.#rawBytes = 0;
    this.#tails.reset();
    this.#tailCount = 0;
  }

  /**
   * False: the rows so far had better be written first. Those that lie together are many times
   * cheaper than others, so a block that has many of them takes no other.
   */
  hasRoomFor(part: number, slot: number): boolean {
    if (this.count === 0) return true;
    if (this.count === this.#lanesMax || this.#rawBytes * ESCAPED_BYTES_MAX > KEYS_BYTES - KEY_ROOM_BYTES)
      return false;
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
    const start = reader.keyStart(slot);
    const length = reader.keyLength(slot);
    const end = start + length;
    this.#starts[r] = start;
    this.#lengths[r] = length;
    this.#rawBytes += length;
    this.#keysFrom = r === 0 ? start : Math.min(this.#keysFrom, start);
    this.#keysTo = r === 0 ? end : Math.max(this.#keysTo, end);
  }

  /** Lanes are slots from `base`, or simply count the rows. */
  setLanes(isTogether: boolean): void {
    if (this.#lanesSet === this.count) return;
    this.#lanesSet = this.count;
    for (let r = 0; r < this.count; r++) this.lanes[r] = isTogether ? this.slots[r]! - this.base : r;
  }

  /** Of rows that are together. */
  setTimes(reader: SegmentReader, bank: BankView): void {
    if (this.#timesSet === this.count) return;
    this.#timesSet = this.count;
    for (let r = 0; r < this.count; r++) this.timesMs[r] = reader.rowTimeMs(bank, this.slots[r]!);
  }

  /** Of the next row. */
  addTail(write: (out: ByteWriter) => void): void {
    write(this.#tails);
    this.#tailEnds[this.#tailCount++] = this.#tails.at;
  }

  /** Brings the rows into the kernel's memory. `readerOf`: of a part. */
  copyTo(u8: Uint8Array, i32: Int32Array, readerOf: (part: number) => SegmentReader): void {
    if (!this.#hasKeys) {
      i32.set(this.lanes.subarray(0, this.count), ROWS_AT / 4);
      return;
    }
    this.#copyKeys(u8, i32, readerOf);
    const tailsFit = this.#tails.at + 32 <= TAILS_BYTES;
    if (tailsFit && this.#hasTails) u8.set(this.#tails.result(), TAILS_AT);
    let tail = 0;
    for (let r = 0, word = ROWS_AT / 4; r < this.count; r++, word += ROW_WORDS) {
      i32[word] = this.lanes[r]!;
      const tailEnd = this.#hasTails ? this.#tailEnds[r]! : 0;
      const tailBytes = tailEnd - tail;
      i32[word + 3] = TAILS_AT + tail;
      i32[word + 4] = (tailsFit && tailBytes <= TAIL_BYTES_MAX) || tailBytes === 0 ? tailBytes : -1;
      tail = tailEnd;
    }
  }

  /** Keys that lie together are copied as they lie, for the kernel to escape; others are written one by one. */
  #copyKeys(u8: Uint8Array, i32: Int32Array, readerOf: (part: number) => SegmentReader): void {
    const bytes = this.#keysTo - this.#keysFrom;
    const isRaw = !this.#csv && this.isTogether && bytes + 32 <= KEYS_BYTES;
    i32[P_RAW_KEYS] = isRaw ? 1 : 0;
    i32[P_KEY_BYTES] = 0;
    if (isRaw) {
      u8.set(readerOf(this.parts[0]!).u8.subarray(this.#keysFrom, this.#keysTo), KEYS_AT);
      const shift = KEYS_AT - this.#keysFrom;
      for (let r = 0, word = ROWS_AT / 4; r < this.count; r++, word += ROW_WORDS) {
        i32[word + 1] = this.#starts[r]! + shift;
        i32[word + 2] = this.#lengths[r]!;
      }
      return;
    }
    const keys = this.#keys;
    const write = this.#csv ? writeCsvText : writeJsonText;
    keys.reset();
    for (let r = 0, word = ROWS_AT / 4; r < this.count; r++, word += ROW_WORDS) {
      const before = keys.at;
      write(keys, readerOf(this.parts[r]!).u8, this.#starts[r]!, this.#lengths[r]!);
      i32[word + 1] = KEYS_AT + before;
      i32[word + 2] = keys.at - before;
    }
    u8.set(keys.result(), KEYS_AT);
    i32[P_KEY_BYTES] = keys.at;
  }

  /** The tail of row `r`, where the kernel could not. */
  writeTail(out: ByteWriter, r: number): void {
    out.bytes(this.#tails.u8, r === 0 ? 0 : this.#tailEnds[r - 1]!, this.#tailEnds[r]!);
  }
}
