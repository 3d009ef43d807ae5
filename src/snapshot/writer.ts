/**
 * Fills the bank that no reader looks at. Lives in a worker for the length of one job.
 *
 * The scanner writes cells straight into the views it is handed. While it runs, a column's bitmap
 * counts what is MISSING (most cells are present, so the hot loop writes no bit at all); `finish`
 * turns it into validity. Nothing here is visible to readers before main publishes the version.
 */
import { threadId } from 'node:worker_threads';
import type { BankSink } from '../model/bank.js';
import { bug } from '../model/errors.js';
import type { ColumnKind } from '../model/schema.js';
import { FULL_ENTRIES, type ByteTable } from './byte-table.js';
import {
  BANK_HELD,
  BANK_RECEIVED_TS_F64,
  BANK_ROWS,
  BANK_SLOTS,
  BANK_SNAPSHOT_TS_F64,
  BANK_STRINGS,
  openSegment,
  type BankLayout,
  type SegmentRef,
  type SegmentViews,
} from './layout.js';
import { carryPrevious } from './previous.js';
import { declaredIntent, enterWriter, publishedVersion } from './seqlock.js';
import { rowIndex, stringTable } from './tables.js';

export class BankWriter implements BankSink {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly cell0: Int32Array;
  readonly missing0: Int32Array;
  readonly tag0: Int32Array;
  readonly rowTime0: number;
  readonly kinds: readonly ColumnKind[];
  full: '' | 'slots' | 'keys' | 'strings' | 'string_bytes' = '';
  readonly version: number;

  readonly #views: SegmentViews;
  readonly #bank: BankLayout;
  readonly #other: BankLayout;
  readonly #keys: ByteTable;
  readonly #strings: ByteTable;
  /** The tables' counts as this thread, their only writer, knows them: no atomic load a cell. */
  #keyCount: number;
  #stringCount: number;
  #lastSlot = -1;
  #rows = 0;

  /**
   * Begins the fill of `version`: names this thread in the control block, then clears the bank.
   * Throws when main did not declare that version.
   */
  constructor(ref: SegmentRef, version: number) {
    const views = openSegment(ref);
    enterWriter(views.i32, threadId);
    if (declaredIntent(views.i32) !== version || publishedVersion(views.i32) !== version - 1) {
      bug(`the fill of version ${version} was not declared`);
    }
    const { layout } = views;
    this.#views = views;
    this.#bank = layout.banks[version & 1]!;
    this.#other = layout.banks[(version & 1) ^ 1]!;
    this.#keys = rowIndex(views);
    this.#strings = stringTable(views);
    this.#keyCount = this.#keys.count;
    this.#stringCount = this.#strings.count;
    this.version = version;
    this.i32 = views.i32;
    this.f64 = views.f64;
    this.cell0 = this.#bank.cell0;
    this.missing0 = this.#bank.validityWord;
    this.tag0 = this.#bank.tagWord;
    this.rowTime0 = this.#bank.rowTime0;
    this.kinds = layout.spec.columns.map((column) => column.kind);
    this.#clear();
  }

  #clear(): void {
    const { i32 } = this;
    const { bitmapWords } = this.#views.layout;
    const { presenceWord, heldWord, validityWord, tagWord } = this.#bank;
    i32.fill(0, presenceWord, presenceWord + bitmapWords);
    i32.fill(0, heldWord, heldWord + bitmapWords);
    for (const word of validityWord) i32.fill(0, word, word + bitmapWords);
    for (const word of tagWord) if (word >= 0) i32.fill(0, word, word + bitmapWords * 2);
  }

  /** The slot of a key, made when new; -1 when the segment is full (`full` says of what). */
  slotOf(bytes: Uint8Array, start: number, end: number): number {
    const keys = this.#keys;
    // Bodies keep their row order from poll to poll: the next slot is nearly always the right one.
    const guess = this.#lastSlot + 1;
    if (guess < this.#keyCount && keys.equals(guess, bytes, start, end)) {
      this.#lastSlot = guess;
      return guess;
    }
    const slot = keys.insert(bytes, start, end);
    if (slot < 0) {
      this.full = slot === FULL_ENTRIES ? 'slots' : 'keys';
      return -1;
    }
    this.#lastSlot = slot;
    this.#keyCount = keys.count;
    return slot;
  }

  isPresent(slot: number): boolean {
    return ((this.i32[this.#bank.presenceWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
  }

  setPresent(slot: number): void {
    const word = this.#bank.presenceWord + (slot >> 5);
    const before = this.i32[word]!;
    const after = before | (1 << (slot & 31));
    if (after !== before) this.#rows++;
    this.i32[word] = after;
  }

  clearMissing(slot: number): void {
    const mask = ~(1 << (slot & 31));
    for (const word of this.missing0) this.i32[word + (slot >> 5)]! &= mask;
    const tagMask = ~(3 << ((slot & 15) * 2));
    for (const word of this.tag0) if (word >= 0) this.i32[word + (slot >> 4)]! &= tagMask;
  }

  /** See BankSink. Any whole entry with equal bytes is right, whatever the other bank is. */
  repeatText(view: DataView, p: number, stop: number, slot: number, column: number): number {
    const { i32 } = this;
    const id = i32[(this.#other.cell0[column]! + slot) * 2]!;
    if (id < 0 || id >= this.#stringCount) return -1;
    const end = this.#strings.endOfRepeat(id, view, p, stop);
    if (end < 0) return -1;
    const word = (this.cell0[column]! + slot) * 2;
    i32[word] = id;
    i32[word + 1] = 0;
    return end;
  }

  /** Id of a text cell's UTF-8 bytes; -1 when the table is full. */
  intern(bytes: Uint8Array, start: number, end: number, slot: number, column: number): number {
    const strings = this.#strings;
    // Text rarely changes: the other bank's id for this cell is tried before hashing. Equal bytes
    // make any whole entry right, so it does not matter whether that bank is a published one.
    const hint = this.i32[(this.#other.cell0[column]! + slot) * 2]!;
    if (hint >= 0 && hint < this.#stringCount && strings.equals(hint, bytes, start, end)) return hint;
    const id = strings.insert(bytes, start, end);
    if (id < 0) {
      this.full = id === FULL_ENTRIES ? 'strings' : 'string_bytes';
      return -1;
    }
    this.#stringCount = strings.count;
    return id;
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * Turns missing bits into validity bits, fills the bank's meta block and takes over the samples
   * before. Times are epoch ms.
   */
  finish(snapshotTsMs: number, receivedAtMs: number): void {
    const { i32, f64 } = this;
    const { presenceWord, validityWord, metaWord } = this.#bank;
    const words = this.#views.layout.bitmapWords;
    for (const word of validityWord) {
      for (let w = 0; w < words; w++) i32[word + w] = i32[presenceWord + w]! & ~i32[word + w]!;
    }
    i32[metaWord + BANK_ROWS] = this.#rows;
    i32[metaWord + BANK_STRINGS] = this.#strings.count;
    i32[metaWord + BANK_SLOTS] = this.#keys.count;
    i32[metaWord + BANK_HELD] = 0;
    f64[metaWord / 2 + BANK_SNAPSHOT_TS_F64] = snapshotTsMs;
    f64[metaWord / 2 + BANK_RECEIVED_TS_F64] = receivedAtMs;
    carryPrevious(this.#views, this.version);
  }
}
