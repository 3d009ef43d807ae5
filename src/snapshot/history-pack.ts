/** Packs the differences of 64 cells of one column into a frame. Used by history-writer.ts alone. */
import { HISTORY_GROUP_BYTES_MAX, HISTORY_GROUP_SLOTS } from '../model/history.js';
import {
  DENSE,
  OFFSET_SHIFT,
  SPARSE,
  TAG_CHANGES,
  VALID_CHANGES,
  WIDTHS,
  type BlockViews,
} from './history-layout.js';

/** Differences whose high word is within this are exact as doubles, and so are their differences. */
const HIGH_MAX = 1 << 20;
const TWO_32 = 4294967296;

/** Code of the narrowest signed width that holds both ends; 4 when only 8 bytes do. */
function signedCode(min: number, max: number): number {
  if (min >= -0x80 && max < 0x80) return 1;
  if (min >= -0x8000 && max < 0x8000) return 2;
  return min >= -0x80000000 && max < 0x80000000 ? 3 : 4;
}

function unsignedCode(range: number): number {
  if (range === 0) return 0;
  if (range < 0x100) return 1;
  if (range < 0x10000) return 2;
  return range < TWO_32 ? 3 : 4;
}

/** A frame in the making: words of a block from `start` to `end`. */
export class FramePacker {
  /** The group at hand, filled by the caller: differences as two halves, changed bits. */
  readonly lo = new Int32Array(HISTORY_GROUP_SLOTS);
  readonly hi = new Int32Array(HISTORY_GROUP_SLOTS);
  readonly valid = new Int32Array(2);
  readonly tags = new Int32Array(4);
  full = false;
  readonly #block: BlockViews;
  readonly #start: number;
  readonly #end: number;
  readonly #small = new Float64Array(HISTORY_GROUP_SLOTS);
  #at: number;
  #column = 0;
  #directory = 0;
  #payload0 = 0;

  /** `start8`, `end8`: in units of 8 bytes. */
  constructor(block: BlockViews, start8: number, end8: number, columns: number) {
    this.#block = block;
    this.#start = start8 * 2;
    this.#end = end8 * 2;
    this.#at = this.#start;
    this.#take(columns + (columns & 1));
  }

  /** In units of 8 bytes. */
  get length8(): number {
    return (this.#at - this.#start) / 2;
  }

  #take(words: number): number {
    const here = this.#at;
    if (here + words > this.#end) {
      this.full = true;
      return here;
    }
    this.#block.i32.fill(0, here, here + words);
    this.#at += words;
    return here;
  }

  /** Begins a column's directory. False when the block is full. */
  beginColumn(column: number, groups: number): boolean {
    this.#column = column;
    this.#directory = this.#take(groups + (groups & 1));
    this.#payload0 = this.#at;
    return !this.full;
  }

  /** A column that did not change costs nothing. */
  endColumn(): void {
    if (this.#at === this.#payload0) this.#at = this.#directory;
    else this.#block.i32[this.#start + this.#column] = this.#directory - this.#start;
  }

  /** Packs the first `count` of `lo` and `hi`, and the changed bits. False when the block is full. */
  putGroup(group: number, count: number): boolean {
    const { valid, tags } = this;
    let entry = 0;
    const payload = this.#at;
    if (payload + HISTORY_GROUP_BYTES_MAX / 4 > this.#end) {
      this.full = true;
      return false;
    }
    const { i32 } = this.#block;
    if ((valid[0]! | valid[1]!) !== 0) {
      entry |= VALID_CHANGES;
      i32.set(valid, this.#at);
      this.#at += 2;
    }
    if ((tags[0]! | tags[1]! | tags[2]! | tags[3]!) !== 0) {
      entry |= TAG_CHANGES;
      i32.set(tags, this.#at);
      this.#at += 4;
    }
    entry |= this.#putDifferences(count);
    if (entry === 0) return true;
    i32[this.#directory + group] = entry | (((payload - this.#start) / 2) << OFFSET_SHIFT);
    return true;
  }

  #putDifferences(count: number): number {
    const { lo, hi } = this;
    const small = this.#small;
    let changed = 0;
    let exact = true;
    let min = Infinity;
    let max = -Infinity;
    for (let k = 0; k < count; k++) {
      const high = hi[k]!;
      const low = lo[k]!;
      if ((high | low) !== 0) changed++;
      if (high < -HIGH_MAX || high >= HIGH_MAX) exact = false;
      const value = high * TWO_32 + (low >>> 0);
      small[k] = value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (changed === 0) return 0;
    const sparse = exact ? signedCode(min, max) : 4;
    const dense = exact ? unsignedCode(max - min) : 4;
    const sparseBytes = Math.ceil((changed * WIDTHS[sparse]!) / 8) * 8;
    if (sparseBytes < HISTORY_GROUP_SLOTS * WIDTHS[dense]!) {
      this.#putSparse(count, sparse, sparseBytes);
      return SPARSE | sparse;
    }
    this.#putDense(count, dense, min);
    return DENSE | dense;
  }

  #putSparse(count: number, code: number, bytes: number): void {
    const { i32 } = this.#block;
    const mask = this.#at;
    i32[mask] = 0;
    i32[mask + 1] = 0;
    let index = 0;
    for (let k = 0; k < count; k++) {
      if ((this.lo[k]! | this.hi[k]!) === 0) continue;
      i32[mask + (k >> 5)]! |= 1 << (k & 31);
      this.#putValue(mask + 2, index++, code, this.lo[k]!, this.hi[k]!);
    }
    this.#at += 2 + bytes / 4;
  }

  #putDense(count: number, code: number, min: number): void {
    const { i32 } = this.#block;
    const base = this.#at;
    const raw = code === 4;
    i32[base] = raw ? 0 : (min % TWO_32) | 0;
    i32[base + 1] = raw ? 0 : Math.floor(min / TWO_32);
    for (let k = 0; k < count && code > 0; k++) {
      if (raw) this.#putValue(base + 2, k, code, this.lo[k]!, this.hi[k]!);
      // Above 2^31 only the low 32 bits of the conversion count, and they are right.
      else this.#putValue(base + 2, k, code, (this.#small[k]! - min) | 0, 0);
    }
    this.#at += 2 + (HISTORY_GROUP_SLOTS * WIDTHS[code]!) / 4;
  }

  #putValue(word: number, index: number, code: number, lo: number, hi: number): void {
    const { i32, u16, u8 } = this.#block;
    if (code === 1) u8[word * 4 + index] = lo;
    else if (code === 2) u16[word * 2 + index] = lo;
    else if (code === 3) i32[word + index] = lo;
    else {
      i32[word + index * 2] = lo;
      i32[word + index * 2 + 1] = hi;
    }
  }
}
