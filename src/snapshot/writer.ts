/**
 * Fills the bank that no reader looks at. Lives in a worker for the length of one job.
 *
 * The scanner writes cells straight into the views it is handed. While it runs, a column's bitmap
 * counts what is MISSING (most cells are present, so the hot loop writes no bit at all); `finish`
 * turns it into validity. Nothing here is visible to readers before main publishes the version.
 */
import { threadId } from 'node:worker_threads';
import { SLOT_DEFERRED, type BlockSink, type TextTarget } from '../model/bank.js';
import { bug } from '../model/errors.js';
import type { ColumnKind } from '../model/schema.js';
import { FULL_ENTRIES, type ByteTable } from './byte-table.js';
import { finishRange, writeMeta } from './finish-bank.js';
import { KnownChanges } from './known-changes.js';
import { BANK_STRINGS, openSegment, type BankLayout, type SegmentRef, type SegmentViews } from './layout.js';
import { declaredIntent, enterWriter, publishedVersion } from './seqlock.js';
import { rowIndex, stringTable } from './tables.js';
import { wholeRange } from './word-range.js';

/** What a job writes when several fill one bank: its slots, and its place among the writers. */
export interface WriterPart {
  readonly index: number;
  /** Multiples of 32: jobs share no word of a bitmap. */
  readonly fromSlot: number;
  readonly toSlot: number;
}

export class BankWriter implements BlockSink {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly cell0: Int32Array;
  readonly before0: Int32Array;
  readonly known: KnownChanges | null;
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
  /** What was there when it was looked at last: no atomic load a cell. */
  #stringCount: number;
  readonly #stringsBefore: number;
  readonly #part: WriterPart | null;
  /** Below it the next slot may be guessed. */
  #guessEnd: number;
  #lastSlot = -1;
  #rows = 0;

  /**
   * Begins the fill of `version`: names this thread in the control block, then clears the bank, or the
   * part that is its own: rows of other slots, and keys never seen before, are deferred then. `late`
   * goes on where the parts ended. Throws when main did not declare that version.
   */
  constructor(ref: SegmentRef, version: number, part: WriterPart | 'late' | null = null) {
    const views = openSegment(ref);
    const own = part === 'late' ? null : part;
    enterWriter(views.i32, threadId, own?.index ?? 0);
    if (declaredIntent(views.i32) !== version || publishedVersion(views.i32) !== version - 1) {
      bug(`the fill of version ${version} was not declared`);
    }
    const { layout } = views;
    this.#views = views;
    this.#bank = layout.banks[version & 1]!;
    this.#other = layout.banks[(version & 1) ^ 1]!;
    this.#keys = rowIndex(views);
    this.#strings = stringTable(views);
    this.#stringCount = this.#strings.count;
    const isFirst = version === ref.spec.baseVersion + 1;
    this.#stringsBefore = isFirst ? 0 : views.i32[this.#other.metaWord + BANK_STRINGS]!;
    // Several jobs record changes by other ranges than they fill.
    const isKnown = !isFirst && part === null;
    this.known = isKnown ? new KnownChanges(layout.spec.columns.length, layout.bitmapWords) : null;
    this.version = version;
    this.i32 = views.i32;
    this.f64 = views.f64;
    this.cell0 = this.#bank.cell0;
    this.before0 = this.#other.cell0;
    this.missing0 = this.#bank.validityWord;
    this.tag0 = this.#bank.tagWord;
    this.rowTime0 = this.#bank.rowTime0;
    this.kinds = layout.spec.columns.map((column) => column.kind);
    this.#part = own;
    this.#lastSlot = (own?.fromSlot ?? 0) - 1;
    this.#guessEnd = Math.min(own?.toSlot ?? Infinity, this.#keys.count);
    if (own) this.#clear(own.fromSlot / 32, own.toSlot / 32);
    else if (part === null) this.#clear(0, layout.bitmapWords);
  }

  /** Makes words [from, to) of all bitmaps as a new bank has them. */
  #clear(from: number, to: number): void {
    const { i32 } = this;
    const { presenceWord, heldWord, validityWord, tagWord } = this.#bank;
    i32.fill(0, presenceWord + from, presenceWord + to);
    i32.fill(0, heldWord + from, heldWord + to);
    for (const word of validityWord) i32.fill(0, word + from, word + to);
    for (const word of tagWord) if (word >= 0) i32.fill(0, word + from * 2, word + to * 2);
  }

  /** The slot of a key, made when new; -1 when the segment is full (`full` says of what). */
  slotOf(bytes: Uint8Array, start: number, end: number): number {
    const keys = this.#keys;
    // Bodies keep their row order from poll to poll: the next slot is nearly always the right one.
    const guess = this.#lastSlot + 1;
    if (guess < this.#guessEnd && keys.equals(guess, bytes, start, end)) {
      this.#lastSlot = guess;
      return guess;
    }
    if (this.#part) return this.#slotInPart(this.#part, keys.find(bytes, start, end));
    const slot = keys.insert(bytes, start, end);
    if (slot < 0) {
      this.full = slot === FULL_ENTRIES ? 'slots' : 'keys';
      return -1;
    }
    this.#lastSlot = slot;
    this.#guessEnd = keys.count;
    return slot;
  }

  /** New keys get their slots in the order of the body: not by one of several jobs. */
  #slotInPart({ fromSlot, toSlot }: WriterPart, slot: number): number {
    if (slot < fromSlot || slot >= toSlot) return SLOT_DEFERRED;
    this.#lastSlot = slot;
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

  nextSlot(): number {
    return this.#lastSlot + 1;
  }

  copyKeys(slot: number, count: number, target: TextTarget): void {
    this.#keys.copyTo(slot, count, this.#guessEnd, target);
  }

  takeRows(slot: number, rows: number): number {
    let taken = 0;
    const most = Math.min(rows, this.#guessEnd - slot);
    while (taken < most && !this.isPresent(slot + taken)) this.setPresent(slot + taken++);
    if (taken > 0) this.#lastSlot = slot + taken - 1;
    return taken;
  }

  /** Only strings of the version before: another writer may be at work on later ones. */
  copyTexts(first: number, count: number, target: TextTarget): void {
    this.#strings.copyTo(first, count, this.#stringsBefore, target);
  }

  clearMissing(slot: number): void {
    this.known?.forget(slot);
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
    writeMeta(this.#views, this.version, { rows: this.#rows, snapshotTsMs, receivedAtMs });
    finishRange(this.#views, this.version, wholeRange(this.#views.layout.bitmapWords));
  }
}
