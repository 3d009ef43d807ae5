/**
 * Rows that a source reported before and does not report now: since when, and the time of their last
 * sample. Kept per bank, beside the presence bits, so that a pinned bank goes on saying what it said.
 * record-missing.ts writes them.
 */
import {
  BANK_FORGOTTEN,
  BANK_MISSING,
  openSegment,
  type BankLayout,
  type SegmentRef,
  type SegmentViews,
} from './layout.js';
import { forEachBit } from './bits.js';

/** How much of what is gone is remembered, for each source. */
export interface MissingRules {
  /** Rows; of more, those that went missing last. 0: none. */
  readonly rowsMax: number;
  /** Longer ago is forgotten by the next publish; 0: never. */
  readonly keepMs: number;
}

/** The generation before, for the first fill of a new one. Not refilled while that job may run. */
export interface MissingCarry {
  readonly segment: SegmentRef;
  readonly version: number;
  /** What the new segment has room for, beside the rows it was made for. */
  readonly slotsMax: number;
  readonly keyBytesMax: number;
}

export interface MissingOrder {
  readonly rules: MissingRules;
  readonly carry: MissingCarry | null;
}

export interface MissingCounts {
  /** Rows of the source that are gone and remembered. */
  readonly missing: number;
  /** Rows that are gone and no longer remembered, over all generations of the source. */
  readonly forgotten: number;
}

/** When nobody says otherwise: MISSING_ROWS_MAX and MISSING_KEEP_MS. */
export const MISSING_DEFAULTS: MissingRules = { rowsMax: 10_000, keepMs: 86_400_000 };

/** The missing rows of one published bank. Any thread; main, or a job for which it is pinned. */
export class MissingRows {
  readonly #views: SegmentViews;
  readonly #bank: BankLayout;

  constructor(ref: SegmentRef, version: number) {
    this.#views = openSegment(ref);
    this.#bank = this.#views.layout.banks[version & 1]!;
  }

  get counts(): MissingCounts {
    const { i32 } = this.#views;
    const { metaWord } = this.#bank;
    return { missing: i32[metaWord + BANK_MISSING]!, forgotten: i32[metaWord + BANK_FORGOTTEN]! };
  }

  has(slot: number): boolean {
    return ((this.#bits(slot >> 5) >>> (slot & 31)) & 1) === 1;
  }

  /** A row that is held (held-rows.ts) is served still: it is not missing yet. */
  #bits(word: number): number {
    const { i32 } = this.#views;
    return i32[this.#bank.missingWord + word]! & ~i32[this.#bank.presenceWord + word]!;
  }

  /** Slots in rising order. Costs a look at each word of the bitmap. */
  forEach(visit: (slot: number) => void): void {
    const words = this.#views.layout.bitmapWords;
    for (let w = 0; w < words; w++) forEachBit(this.#bits(w), w * 32, visit);
  }

  /** Epoch ms at which the first body without the row came. */
  sinceMs(slot: number): number {
    return this.#views.f64[this.#bank.missingSince0 + slot]!;
  }

  /** Epoch ms of the row's last sample. */
  lastSampleMs(slot: number): number {
    return this.#views.f64[this.#bank.missingLast0 + slot]!;
  }
}
