/**
 * Rows that are kept from a source's previous version because no source has a sample as new: its new
 * body lacks the row, or holds an older sample of it. A settle job writes them into the filled bank,
 * before main publishes it.
 */
import {
  BANK_HELD,
  BANK_MISSING,
  BANK_RECEIVED_TS_F64,
  BANK_ROWS,
  BANK_SLOTS,
  BANK_STRINGS,
  openSegment,
  type SegmentRef,
  type SegmentViews,
} from './layout.js';
import { copyBit, copyTag } from './bits.js';
import {
  cellBitsWord,
  countsWord,
  flagWord,
  RING_CHANGED_CELLS,
  RING_VANISHED,
  versionEntry,
} from './change-ring.js';
import { copyPrevious } from './copy-previous.js';
import { isValid, type BankView, type SegmentReader } from './reader.js';
import { rowIndex, stringTable } from './tables.js';

/**
 * Copies all that a bank knows of a row, times apart, to the same slot of the other bank. Whatever
 * else a bank comes to hold of each row has to be copied here, and in CarriedRows from one segment
 * to another.
 */
function copyRow(views: SegmentViews, fromVersion: number, slot: number): void {
  const { i32, f64, layout } = views;
  const from = layout.banks[fromVersion & 1]!;
  const to = layout.banks[(fromVersion & 1) ^ 1]!;
  for (let c = 0; c < layout.spec.columns.length; c++) {
    copyBit(i32, from.validityWord[c]!, slot, i32, to.validityWord[c]!, slot);
    if (from.tagWord[c]! >= 0) copyTag(i32, from.tagWord[c]!, slot, i32, to.tagWord[c]!, slot);
    copyCell(f64, from.cell0[c]!, to.cell0[c]!, slot);
  }
  copyPrevious({ views, version: fromVersion, slot }, { views, version: fromVersion + 1, slot }, null);
}

/** Bits, not a number: a NaN that is none must stay what it is. */
function copyCell(f64: Float64Array, from: number, to: number, slot: number): void {
  f64.copyWithin(to + slot, from + slot, from + slot + 1);
}

/** Ring entry `version` says nothing of `slot` any more: its row is as it was in the version before. */
function forgetChanges(views: SegmentViews, version: number, slot: number): void {
  const { i32, layout } = views;
  const { ring } = layout;
  const entry = versionEntry(ring, version);
  const meta = countsWord(ring, version);
  const word = slot >> 5;
  const mask = 1 << (slot & 31);
  const clear = (at: number): boolean => {
    const was = i32[at]! & mask;
    i32[at]! &= ~mask;
    return was !== 0;
  };
  clear(entry + word);
  if (clear(entry + layout.bitmapWords + word)) i32[meta + RING_VANISHED]!--;
  for (let c = 0; c < layout.spec.columns.length; c++) {
    if (!((i32[flagWord(ring, entry, c, word)]! >>> (c & 31)) & 1)) continue;
    if (clear(cellBitsWord(ring, entry, c) + word)) i32[meta + RING_CHANGED_CELLS]!--;
  }
}

/** What a held row goes on saying: the times of the sample it keeps, and since when it is held. */
interface HeldTimes {
  readonly timeMs: number;
  readonly sampleMs: number;
  readonly sinceMs: number;
}

/** `receivedAtMs`: of the body that has no sample as new. */
function timesOf(reader: SegmentReader, before: BankView, slot: number, receivedAtMs: number): HeldTimes {
  return {
    timeMs: reader.rowTimeMs(before, slot),
    sampleMs: reader.sampleMs(before, slot),
    sinceMs: reader.isHeld(before, slot) ? reader.heldSinceMs(before, slot) : receivedAtMs,
  };
}

/** When the body came that filled a bank which may still be written. */
function receivedAtOf({ f64, layout }: SegmentViews, version: number): number {
  return f64[layout.banks[version & 1]!.metaWord / 2 + BANK_RECEIVED_TS_F64]!;
}

/** Marks the row of `slot` as present and held. */
function markHeld(views: SegmentViews, version: number, slot: number, times: HeldTimes): void {
  const { i32, f64, layout } = views;
  const bank = layout.banks[version & 1]!;
  const mask = 1 << (slot & 31);
  const presence = bank.presenceWord + (slot >> 5);
  if ((i32[presence]! & mask) === 0) i32[bank.metaWord + BANK_ROWS]!++;
  i32[presence]! |= mask;
  // Its first body without it is remembered: it is gone since then, once it is no longer held.
  if ((i32[bank.missingWord + (slot >> 5)]! & mask) !== 0) i32[bank.metaWord + BANK_MISSING]!--;
  i32[bank.heldWord + (slot >> 5)]! |= mask;
  i32[bank.metaWord + BANK_HELD]!++;
  f64[bank.rowTime0 + slot] = times.timeMs;
  f64[bank.heldSample0 + slot] = times.sampleMs;
  f64[bank.heldSince0 + slot] = times.sinceMs;
}

/**
 * Keeps rows of the version before in the bank of `version`, which is filled and not published.
 * Call `reader.bank(version)` only afterwards: it knows how many rows there are.
 */
export class HeldRows {
  readonly #views: SegmentViews;
  readonly #reader: SegmentReader;
  readonly #version: number;

  constructor(ref: SegmentRef, reader: SegmentReader, version: number) {
    this.#views = openSegment(ref);
    this.#reader = reader;
    this.#version = version;
  }

  /** The row of `slot` stays as it is in version - 1 of the same segment. */
  keep(slot: number): void {
    const before = this.#reader.bank(this.#version - 1);
    const times = timesOf(this.#reader, before, slot, receivedAtOf(this.#views, this.#version));
    copyRow(this.#views, this.#version - 1, slot);
    forgetChanges(this.#views, this.#version, slot);
    markHeld(this.#views, this.#version, slot, times);
  }
}

/** Keeps rows of another segment, which the one being filled is to replace: a new generation. */
export class CarriedRows {
  readonly #views: SegmentViews;
  readonly #from: SegmentReader;
  readonly #bank: BankView;
  readonly #version: number;
  /** By column: where the old segment has one of the same name and kind, else -1. */
  readonly #source: readonly number[];

  /** `bank`: of `from`. `version`: the first one of the segment `to`. */
  constructor(from: SegmentReader, bank: BankView, to: SegmentRef, version: number) {
    this.#views = openSegment(to);
    this.#from = from;
    this.#bank = bank;
    this.#version = version;
    this.#source = to.spec.columns.map(({ name, kind }) =>
      from.spec.columns.findIndex((column) => column.name === name && column.kind === kind),
    );
  }

  /**
   * The row of the old segment's `slot` stays as it is, in the columns that are the same in both; it
   * is missing in the others. False when the new segment has no room for its key.
   */
  keep(slot: number): boolean {
    const from = this.#from;
    const keys = rowIndex(this.#views);
    const start = from.keyStart(slot);
    const target = keys.insert(from.u8, start, start + from.keyLength(slot));
    if (target < 0) return false;
    this.#source.forEach((source, column) => this.#copyCell(source, slot, column, target));
    const views = this.#views;
    const origin = { views: openSegment(from.ref), version: this.#bank.version, slot };
    copyPrevious(origin, { views, version: this.#version, slot: target }, this.#source);
    const { i32, layout } = views;
    const { metaWord } = layout.banks[this.#version & 1]!;
    i32[metaWord + BANK_SLOTS] = keys.count;
    i32[metaWord + BANK_STRINGS] = stringTable(this.#views).count;
    const receivedAtMs = receivedAtOf(views, this.#version);
    markHeld(views, this.#version, target, timesOf(from, this.#bank, slot, receivedAtMs));
    return true;
  }

  #copyCell(source: number, slot: number, column: number, target: number): void {
    const { i32, layout } = this.#views;
    const bank = layout.banks[this.#version & 1]!;
    const validity = bank.validityWord[column]! + (target >> 5);
    i32[validity]! &= ~(1 << (target & 31));
    const view = this.#bank.columns[source];
    if (!view || !isValid(view, slot)) return;
    const cell = (bank.cell0[column]! + target) * 2;
    i32[cell] = view.i32[(view.cell0 + slot) * 2]!;
    i32[cell + 1] = view.i32[(view.cell0 + slot) * 2 + 1]!;
    if (view.kind === 'text') {
      const id = i32[cell];
      const start = this.#from.stringStart(id);
      i32[cell] = stringTable(this.#views).insert(this.#from.u8, start, start + this.#from.stringLength(id));
      if (i32[cell] < 0) return;
    } else if (view.kind === 'mixed') {
      copyTag(view.i32, view.tagWord, slot, i32, bank.tagWord[column]!, target);
    }
    i32[validity]! |= 1 << (target & 31);
  }
}
