/**
 * The merge index: which slots of several segments hold the same key. One buffer in shared memory
 * for all versions of the same segments and slot counts; a worker builds it, any thread reads it.
 *
 * ```
 *  control         CONTROL_WORDS i32      rows
 *  owner changes   FABRIC_LOG_VERSIONS    by fabric version: shared rows that changed their owner then
 *  per part        slots i32              slot -> row id
 *                  bitmap                 slot -> another part has seen this key, too
 *  slots of rows   rows x parts i32       row id, part -> slot, -1 where the part never saw the key
 *  changed at      rows i32               fabric version at which a shared row last changed its owner
 *  hash            pow2 x 2 i32           open addressing: hash of the key, row id + 1 (0 = free)
 * ```
 * Keys are not copied: they are read from the first segment that has them. Only `owner changes` and
 * `changed at` are written after the index was built, by one settle job at a time: readers of older
 * versions may see later numbers there, and send a row whole that they need not have sent.
 */
import { FABRIC_LOG_VERSIONS } from '../model/limits.js';
import { bug } from '../model/errors.js';
import { keyBytesOf } from './key-bytes.js';
import type { SegmentReader } from './reader.js';

export interface MergeSpec {
  /** Per part: slots that the index covers. */
  readonly slots: readonly number[];
}

/** An index as it crosses threads: the buffer may be longer than the layout needs. */
export interface MergeRef {
  readonly buffer: SharedArrayBuffer;
  readonly spec: MergeSpec;
}

const CONTROL_WORDS = 16;
const CONTROL_ROWS = 0;
const OWNERS_WORD = CONTROL_WORDS;

interface MergeLayout {
  readonly rowWord: readonly number[];
  readonly sharedWord: readonly number[];
  readonly slotWord: number;
  readonly changedWord: number;
  readonly hashWord: number;
  readonly hashMask: number;
  readonly words: number;
}

function layoutOf({ slots }: MergeSpec): MergeLayout {
  const rowsMax = slots.reduce((sum, count) => sum + count, 0);
  let word = OWNERS_WORD + FABRIC_LOG_VERSIONS;
  const take = (words: number): number => {
    const at = word;
    word += Math.ceil(words / 16) * 16;
    return at;
  };
  const rowWord = slots.map(take);
  const sharedWord = slots.map((count) => take(Math.ceil(count / 32)));
  const slotWord = take(rowsMax * slots.length);
  const changedWord = take(rowsMax);
  const hashSize = 2 ** Math.ceil(Math.log2(Math.max(16, rowsMax * 2)));
  const hashWord = take(hashSize * 2);
  return { rowWord, sharedWord, slotWord, changedWord, hashWord, hashMask: hashSize - 1, words: word };
}

/** Bytes that an index of this shape needs. */
export function mergeIndexBytes(spec: MergeSpec): number {
  return layoutOf(spec).words * 4;
}

export class MergeIndex {
  readonly ref: MergeRef;
  readonly parts: number;
  /** For hot loops: part p's slot of row r is i32[slotWord + r * parts + p]. */
  readonly i32: Int32Array;
  readonly slotWord: number;
  readonly #readers: readonly SegmentReader[];
  readonly #at: MergeLayout;

  /** `readers`: of the parts, in order. */
  constructor(ref: MergeRef, readers: readonly SegmentReader[]) {
    this.ref = ref;
    this.#at = layoutOf(ref.spec);
    this.#readers = readers;
    this.parts = ref.spec.slots.length;
    if (readers.length !== this.parts) bug('a merge index of other parts');
    if (ref.buffer.byteLength < this.#at.words * 4) bug('a merge index is shorter than its layout');
    this.i32 = new Int32Array(ref.buffer, 0, this.#at.words);
    this.slotWord = this.#at.slotWord;
  }

  /** Row ids are 0 ... rows - 1: every key that any part has seen, present or not. */
  get rows(): number {
    return this.i32[CONTROL_ROWS]!;
  }

  rowOf(part: number, slot: number): number {
    return this.i32[this.#at.rowWord[part]! + slot]!;
  }

  /** -1 where the part never saw the key. */
  slotOf(row: number, part: number): number {
    return this.i32[this.slotWord + row * this.parts + part]!;
  }

  /** The first part that has seen the key. */
  firstPart(row: number): number {
    const base = this.slotWord + row * this.parts;
    let part = 0;
    while (this.i32[base + part]! < 0) part++;
    return part;
  }

  /** Bit s & 31 of word s >> 5: another part has seen the key of slot s. */
  sharedBits(part: number, word: number): number {
    return this.i32[this.#at.sharedWord[part]! + word]!;
  }

  isShared(part: number, slot: number): boolean {
    return ((this.sharedBits(part, slot >> 5) >>> (slot & 31)) & 1) === 1;
  }

  /** The row of a key, or -1. */
  findKey(key: string): number {
    const { hash, bytes, length } = keyBytesOf(key);
    return this.i32[this.#entryOf(hash, bytes, 0, length) + 1]! - 1;
  }

  /** The word of the key's entry, or of the free one in which it would stand. */
  #entryOf(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { hashWord, hashMask } = this.#at;
    const { i32 } = this;
    for (let probe = hash & hashMask; ; probe = (probe + 1) & hashMask) {
      const entry = hashWord + probe * 2;
      const row = i32[entry + 1]! - 1;
      if (row < 0 || (i32[entry] === hash && this.#holds(row, bytes, start, end))) return entry;
    }
  }

  #holds(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const part = this.firstPart(row);
    return this.#readers[part]!.keyEquals(this.slotOf(row, part), bytes, start, end);
  }

  /** Fabric version of the last publish at which a shared row changed its owner, came or went. */
  changedAt(row: number): number {
    return this.i32[this.#at.changedWord + row]!;
  }

  /** A settle job: the owner of a shared row changes with `fabricVersion`. */
  ownerChanged(row: number, fabricVersion: number): void {
    this.i32[this.#at.changedWord + row] = fabricVersion;
  }

  /** A settle job's last act: how many rows did. */
  recordOwnerChanges(count: number, fabricVersion: number): void {
    this.i32[OWNERS_WORD + (fabricVersion % FABRIC_LOG_VERSIONS)] = count;
  }

  /** Upper bound of the shared rows that changed their owner after `since` up to `now`. */
  ownerChangesMax(since: number, now: number): number {
    if (now - since >= FABRIC_LOG_VERSIONS) return this.rows;
    let sum = 0;
    for (let v = since + 1; v <= now; v++) sum += this.i32[OWNERS_WORD + (v % FABRIC_LOG_VERSIONS)]!;
    return Math.min(sum, this.rows);
  }

  /** The words of the row ids, and of the hash: what a reused buffer must not keep. */
  #clear(): void {
    const { sharedWord, slotWord, changedWord, hashWord, words } = this.#at;
    this.i32.fill(0, 0, CONTROL_WORDS + FABRIC_LOG_VERSIONS);
    this.i32.fill(0, sharedWord[0], slotWord);
    this.i32.fill(-1, slotWord, changedWord);
    this.i32.fill(0, changedWord, hashWord);
    this.i32.fill(0, hashWord, words);
  }

  /**
   * Fills the buffer from the parts' keys. `before`: the index of the same segments with fewer
   * slots, whose marks are kept; rows that were not shared in it are marked as changed with
   * `fabricVersion`. Returns how many were. Null: nobody has a state that a diff could start from.
   */
  build(before: MergeIndex | null, fabricVersion: number): number {
    this.#clear();
    const { i32 } = this;
    let rows = 0;
    this.#readers.forEach((reader, part) => {
      const slots = this.ref.spec.slots[part]!;
      const rowWord = this.#at.rowWord[part]!;
      for (let slot = 0; slot < slots; slot++) {
        const row = this.#rowFor(reader, slot, rows);
        if (row === rows) rows++;
        i32[rowWord + slot] = row;
        // Of two slots of one key (a writer died between them) only the later one is ever found.
        i32[this.slotWord + row * this.parts + part] = slot;
      }
    });
    i32[CONTROL_ROWS] = rows;
    const shared = this.#markShared(rows, fabricVersion);
    if (!before) return shared;
    i32.set(before.i32.subarray(OWNERS_WORD, OWNERS_WORD + FABRIC_LOG_VERSIONS), OWNERS_WORD);
    return shared - this.#keepMarks(before);
  }

  /** The row of the slot's key; `next` when it is a new one, entered as such. */
  #rowFor(reader: SegmentReader, slot: number, next: number): number {
    const hash = reader.keyHash(slot);
    const start = reader.keyStart(slot);
    const entry = this.#entryOf(hash, reader.u8, start, start + reader.keyLength(slot));
    const known = this.i32[entry + 1]! - 1;
    if (known >= 0) return known;
    this.i32[entry] = hash;
    this.i32[entry + 1] = next + 1;
    return next;
  }

  #markShared(rows: number, fabricVersion: number): number {
    const { i32, parts } = this;
    let shared = 0;
    for (let row = 0; row < rows; row++) {
      const base = this.slotWord + row * parts;
      let holders = 0;
      for (let part = 0; part < parts; part++) if (i32[base + part]! >= 0) holders++;
      if (holders < 2) continue;
      shared++;
      i32[this.#at.changedWord + row] = fabricVersion;
      for (let part = 0; part < parts; part++) {
        const slot = i32[base + part]!;
        if (slot >= 0) i32[this.#at.sharedWord[part]! + (slot >> 5)]! |= 1 << (slot & 31);
      }
    }
    return shared;
  }

  /** Takes over the marks of rows that were shared before; returns how many there were. */
  #keepMarks(before: MergeIndex): number {
    let kept = 0;
    for (let row = 0; row < before.rows; row++) {
      const part = before.firstPart(row);
      const slot = before.slotOf(row, part);
      if (!before.isShared(part, slot)) continue;
      kept++;
      this.i32[this.#at.changedWord + this.rowOf(part, slot)] = before.changedAt(row);
    }
    return kept;
  }
}
