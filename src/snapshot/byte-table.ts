/**
 * An append-only set of byte strings in shared memory: row keys and text cells use the same one.
 *
 * Any thread looks up, several may insert: they lock nothing, so that one that dies keeps nobody
 * waiting. The bytes and the span are written first and the index entry last, by an atomic exchange, so
 * that a found entry is always whole. High-water marks move before an entry is written: what a dead
 * writer had claimed is never used again, and neither is what two writers claimed for the same bytes.
 */
import type { TextTarget } from '../model/bank.js';
import { byteView } from './byte-view.js';
import type { SegmentViews } from './layout.js';

/** The memory that a table lies in. */
export type TableMemory = Pick<SegmentViews, 'i32' | 'u8'>;

/** Where one table lives in a segment; word fields are i32 indices. */
export interface TablePlace {
  readonly indexWord: number;
  readonly indexMask: number;
  readonly hashWord: number;
  readonly spanWord: number;
  readonly byte0: number;
  readonly entriesMax: number;
  readonly bytesMax: number;
  /** Control words of the high-water marks. */
  readonly entriesMark: number;
  readonly bytesMark: number;
}

export const HASH_START = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

/** FNV-1a with a final mix: short keys that differ in the last digits must spread. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let h = HASH_START;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, HASH_PRIME);
  return finishHash(h);
}

/** The final mix, for those who hash while they do something else. */
export function finishHash(hash: number): number {
  let h = hash ^ (hash >>> 15);
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

const NOT_FOUND = -1;
export const FULL_ENTRIES = -2;
const FULL_BYTES = -3;

/** Takes `count` of the room that a mark counts; -1 when there is not so much. Any number of writers. */
function claim(i32: Int32Array, mark: number, count: number, max: number): number {
  for (;;) {
    const used = Atomics.load(i32, mark);
    if (used + count > max) return -1;
    if (Atomics.compareExchange(i32, mark, used, used + count) === used) return used;
  }
}

export class ByteTable {
  readonly #i32: Int32Array;
  readonly #u8: Uint8Array;
  readonly #at: TablePlace;
  readonly #words: DataView;
  /** The two arrays asked for last and their views: a scan has its body and a scratch for quoted text. */
  #asked: Uint8Array | null = null;
  #askedWords: DataView;
  #askedBefore: Uint8Array | null = null;
  #askedBeforeWords: DataView;

  constructor(views: TableMemory, place: TablePlace) {
    this.#i32 = views.i32;
    this.#u8 = views.u8;
    this.#at = place;
    this.#words = byteView(views.u8);
    this.#askedWords = this.#words;
    this.#askedBeforeWords = this.#words;
  }

  /** True when entry `id` holds exactly bytes[start, end). Four bytes at a time: this is a hot spot. */
  equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const i32 = this.#i32;
    const span = this.#at.spanWord + id * 2;
    if (i32[span + 1] !== end - start) return false;
    if (bytes !== this.#asked) this.#ask(bytes);
    const mine = this.#words;
    const theirs = this.#askedWords;
    let own = i32[span]!;
    let at = start;
    for (const last = end - 4; at <= last; at += 4, own += 4) {
      if (mine.getInt32(own) !== theirs.getInt32(at)) return false;
    }
    for (; at < end; at++, own++) if (mine.getUint8(own) !== bytes[at]) return false;
    return true;
  }

  #ask(bytes: Uint8Array): void {
    const words = bytes === this.#askedBefore ? this.#askedBeforeWords : byteView(bytes);
    this.#askedBefore = this.#asked;
    this.#askedBeforeWords = this.#askedWords;
    this.#asked = bytes;
    this.#askedWords = words;
  }

  /**
   * The index behind entry `id`'s bytes when they stand at `p` of `view`; -1 when others do, or when
   * the entry is empty or holds `stop` or a control character. Four bytes at a time; a mark that a
   * borrow sets by mistake only costs the short cut.
   */
  endOfRepeat(id: number, view: DataView, p: number, stop: number): number {
    const span = this.#at.spanWord + id * 2;
    const mine = this.#words;
    const end = p + this.#i32[span + 1]!;
    if (end === p) return -1;
    const stops = Math.imul(stop, 0x01010101);
    let own = this.#i32[span]!;
    let at = p;
    for (const last = end - 4; at <= last; at += 4, own += 4) {
      const four = view.getInt32(at, true);
      if (four !== mine.getInt32(own, true)) return -1;
      const zero = four ^ stops;
      if ((((zero - 0x01010101) & ~zero) | ((four - 0x20202020) & ~four)) & 0x80808080) return -1;
    }
    for (; at < end; at++, own++) {
      const byte = view.getUint8(at);
      if (byte !== mine.getUint8(own) || byte < 0x20 || byte === stop) return -1;
    }
    return end;
  }

  /** The entry's id, or NOT_FOUND. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.findHashed(hashBytes(bytes, start, end), bytes, start, end);
  }

  /** As `find`; `hash` is that of the bytes. */
  findHashed(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { indexWord, indexMask, hashWord } = this.#at;
    const i32 = this.#i32;
    for (let probe = hash & indexMask; ; probe = (probe + 1) & indexMask) {
      const entry = Atomics.load(i32, indexWord + probe);
      if (entry === 0) return NOT_FOUND;
      if (i32[hashWord + entry - 1] === hash && this.equals(entry - 1, bytes, start, end)) return entry - 1;
    }
  }

  /** The id of an existing or new entry; FULL_ENTRIES or FULL_BYTES when it does not fit. */
  insert(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end);
    const { indexWord, indexMask, hashWord } = this.#at;
    const i32 = this.#i32;
    let id = NOT_FOUND;
    for (let probe = hash & indexMask; ;) {
      const entry = Atomics.load(i32, indexWord + probe);
      if (entry === 0) {
        if (id < 0) id = this.#append(bytes, start, end, hash);
        if (id < 0) return id;
        if (Atomics.compareExchange(i32, indexWord + probe, 0, id + 1) === 0) return id;
        // Another writer was first: what it put here is looked at, and may be the same.
        continue;
      }
      if (i32[hashWord + entry - 1] === hash && this.equals(entry - 1, bytes, start, end)) return entry - 1;
      probe = (probe + 1) & indexMask;
    }
  }

  #append(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const { entriesMax, bytesMax, entriesMark, bytesMark, hashWord, spanWord, byte0 } = this.#at;
    const i32 = this.#i32;
    const length = end - start;
    if (Atomics.load(i32, entriesMark) >= entriesMax) return FULL_ENTRIES;
    // Bytes first: a number without bytes would be an entry of nothing.
    const used = claim(i32, bytesMark, length, bytesMax);
    if (used < 0) return FULL_BYTES;
    const id = claim(i32, entriesMark, 1, entriesMax);
    if (id < 0) return FULL_ENTRIES;
    const offset = byte0 + used;
    const u8 = this.#u8;
    for (let i = start, own = offset; i < end; i++) u8[own++] = bytes[i]!;
    i32[hashWord + id] = hash;
    i32[spanWord + id * 2] = offset;
    i32[spanWord + id * 2 + 1] = length;
    return id;
  }

  /**
   * Copies entries below `end`, see TextTarget. They must be whole; what a dead writer left half done is
   * not taken, nor what lies before the first entry's bytes.
   */
  copyTo(first: number, count: number, end: number, target: TextTarget): void {
    const i32 = this.#i32;
    const { i32: out, word, bytesMax } = target;
    const spans = this.#at.spanWord + first * 2;
    const there = Math.max(0, Math.min(count, end - first));
    const from = there > 0 ? i32[spans]! : 0;
    // Equal addresses modulo 8: shared memory is copied by words then, else by bytes.
    const byte = target.byte + ((from - target.byte) & 7);
    let stop = from;
    for (let k = 0; k < count; k++) {
      const start = k < there ? i32[spans + 2 * k]! : -1;
      const length = k < there ? i32[spans + 2 * k + 1]! : -1;
      const fits = start >= from && length >= 0 && start + length <= from + bytesMax - 7;
      if (fits && start + length > stop) stop = start + length;
      out[word + 2 * k] = byte + start - from;
      out[word + 2 * k + 1] = fits ? length : -1;
    }
    if (stop > from) target.u8.set(this.#u8.subarray(from, stop), byte);
  }

  /** Entries ever claimed, dead ones included. */
  get count(): number {
    return Atomics.load(this.#i32, this.#at.entriesMark);
  }

  get byteCount(): number {
    return Atomics.load(this.#i32, this.#at.bytesMark);
  }

  hashOf(id: number): number {
    return this.#i32[this.#at.hashWord + id]!;
  }

  startOf(id: number): number {
    return this.#i32[this.#at.spanWord + id * 2]!;
  }

  lengthOf(id: number): number {
    return this.#i32[this.#at.spanWord + id * 2 + 1]!;
  }
}
