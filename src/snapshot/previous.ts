/**
 * The samples before: filled with the bank, from the bank of the version before alone. So a reader
 * that has pinned a version has its deltas, too, and a writer that died is simply repeated.
 *
 * - A row whose sample time advanced: the cells of the bank before are now the previous sample.
 * - A row whose sample time did not advance (the same sample again, or an older one): what was
 *   previous stays previous. That also holds for a row that is only held, with its own time.
 * - Any other row has no previous sample.
 * - A counter that showed 0 after more than 0 may have glitched: the cell before the zero is kept
 *   for one more sample, marked, and its time is the older one.
 */
import { ROLE_COUNTER } from '../model/rates.js';
import { TAG_F64, TAG_I64, type ColumnKind } from '../model/schema.js';
import { lowestBit } from './bits.js';
import { BANK_SNAPSHOT_TS_F64, CONTROL_SLOTS, type BankLayout, type SegmentViews } from './layout.js';
import type { PreviousLayout } from './previous-layout.js';
import type { WordRange } from './word-range.js';

/** Fills the previous samples of `version`'s bank in a range, whose cells, bitmaps and meta block are complete. */
export function carryPrevious(views: SegmentViews, version: number, range: WordRange): void {
  const { layout } = views;
  const now = layout.banks[version & 1]!;
  const old = layout.banks[(version & 1) ^ 1]!;
  if (!now.previous || !old.previous) return;
  if (version === layout.spec.baseVersion + 1) forgetAll(views, now.previous, range);
  else new Carry(views, now, old, now.previous, old.previous, range).run();
}

/** A new generation knows nothing of the one before, nor of rows that are put in once it is filled. */
function forgetAll({ i32, f64 }: SegmentViews, to: PreviousLayout, range: WordRange): void {
  for (const time0 of [to.prevTime0, to.olderTime0]) {
    f64.fill(NaN, time0 + range.from * 32, time0 + range.to * 32);
  }
  for (const bitmaps of [to.validWord, to.keptWord]) {
    for (const word of bitmaps) if (word >= 0) i32.fill(0, word + range.from, word + range.to);
  }
}

class Carry {
  readonly #views: SegmentViews;
  readonly #now: BankLayout;
  readonly #old: BankLayout;
  readonly #to: PreviousLayout;
  readonly #from: PreviousLayout;
  /** What is carried: words [#firstWord, #words), of the slots below #slots. */
  readonly #firstWord: number;
  readonly #slots: number;
  readonly #words: number;
  /** Rows whose sample is a newer one than the bank's before. */
  readonly #advanced: Int32Array;
  /** Rows that are there again with no newer sample. */
  readonly #repeated: Int32Array;
  #anyRepeated = false;

  constructor(
    views: SegmentViews,
    now: BankLayout,
    old: BankLayout,
    to: PreviousLayout,
    from: PreviousLayout,
    range: WordRange,
  ) {
    this.#views = views;
    this.#now = now;
    this.#old = old;
    this.#to = to;
    this.#from = from;
    this.#firstWord = range.from;
    this.#slots = Math.min(views.i32[CONTROL_SLOTS]!, range.to * 32);
    this.#words = Math.ceil(this.#slots / 32);
    this.#advanced = new Int32Array(this.#words);
    this.#repeated = new Int32Array(this.#words);
  }

  run(): void {
    this.#rows();
    const { columns, rates } = this.#views.layout.spec;
    columns.forEach(({ kind }, c) => {
      if (this.#to.cell0[c]! < 0) return;
      this.#column(c);
      if (this.#anyRepeated) this.#repeat(c);
      if (rates?.roles[c] === ROLE_COUNTER) this.#keep(c, kind);
    });
  }

  #rows(): void {
    const { i32, f64, layout } = this.#views;
    const { hasRowTime } = layout.spec;
    const tsNow = f64[this.#now.metaWord / 2 + BANK_SNAPSHOT_TS_F64]!;
    const tsOld = f64[this.#old.metaWord / 2 + BANK_SNAPSHOT_TS_F64]!;
    for (let w = this.#firstWord; w < this.#words; w++) {
      const both = i32[this.#now.presenceWord + w]! & i32[this.#old.presenceWord + w]!;
      const held = i32[this.#old.heldWord + w]!;
      let advanced = 0;
      const end = Math.min(this.#slots, w * 32 + 32);
      for (let slot = w * 32; slot < end; slot++) {
        const isBoth = (both >>> (slot & 31)) & 1;
        let timeNow = tsNow;
        let timeOld = tsOld;
        if (hasRowTime) {
          const ownNow = f64[this.#now.rowTime0 + slot]!;
          const ownOld = f64[this.#old.rowTime0 + slot]!;
          if (ownNow === ownNow) timeNow = ownNow;
          if (ownOld === ownOld) timeOld = ownOld;
        } else if ((held >>> (slot & 31)) & 1) timeOld = f64[this.#old.rowTime0 + slot]!;
        const isNewer = isBoth === 1 && timeNow > timeOld;
        if (isNewer) advanced |= 1 << (slot & 31);
        const prevTime = f64[this.#from.prevTime0 + slot]!;
        const olderTime = isNewer ? prevTime : f64[this.#from.olderTime0 + slot]!;
        f64[this.#to.prevTime0 + slot] = isBoth === 0 ? NaN : isNewer ? timeOld : prevTime;
        f64[this.#to.olderTime0 + slot] = isBoth === 0 ? NaN : olderTime;
      }
      this.#advanced[w] = advanced;
      this.#repeated[w] = both & ~advanced;
      if (this.#repeated[w] !== 0) this.#anyRepeated = true;
    }
  }

  /** As if every row had advanced; bits decide which cells count. */
  #column(c: number): void {
    const { i32, f64 } = this.#views;
    const first = this.#firstWord;
    const from = this.#old.cell0[c]!;
    f64.copyWithin(this.#to.cell0[c]! + first * 32, from + first * 32, from + this.#slots);
    const tags = this.#old.tagWord[c]!;
    if (tags >= 0) {
      i32.copyWithin(this.#to.tagWord[c]! + first * 2, tags + first * 2, tags + this.#words * 2);
    }
    const valid = this.#to.validWord[c]!;
    const validOld = this.#old.validityWord[c]!;
    for (let w = this.#firstWord; w < this.#words; w++)
      i32[valid + w] = i32[validOld + w]! & this.#advanced[w]!;
    const kept = this.#to.keptWord[c]!;
    i32.fill(0, kept + first, kept + this.#words);
  }

  #repeat(c: number): void {
    const { i32 } = this.#views;
    for (let w = this.#firstWord; w < this.#words; w++) {
      const bits = this.#repeated[w]! & i32[this.#from.validWord[c]! + w]!;
      if (bits === 0) continue;
      this.#restore(c, w, bits);
      i32[this.#to.keptWord[c]! + w]! |= bits & i32[this.#from.keptWord[c]! + w]!;
    }
  }

  /** Zeros after more than zero, in the bank before: what stood before them stays. */
  #keep(c: number, kind: ColumnKind): void {
    const { i32 } = this.#views;
    const valid = this.#old.validityWord[c]!;
    for (let w = this.#firstWord; w < this.#words; w++) {
      const bits = i32[valid + w]! & i32[this.#from.validWord[c]! + w]! & this.#advanced[w]!;
      const candidates = bits & ~i32[this.#from.keptWord[c]! + w]!;
      if (candidates === 0) continue;
      const zeros = this.#zeros(c, kind, w) & candidates;
      if (zeros === 0) continue;
      this.#restore(c, w, zeros);
      i32[this.#to.keptWord[c]! + w]! |= zeros;
    }
  }

  /** The previous cells `bits` of word `w` as the bank before has them. */
  #restore(c: number, w: number, bits: number): void {
    const { i32, f64 } = this.#views;
    i32[this.#to.validWord[c]! + w]! |= bits;
    const [to, from] = [this.#to.tagWord[c]!, this.#from.tagWord[c]!];
    for (let rest = bits; rest !== 0; rest &= rest - 1) {
      const slot = w * 32 + lowestBit(rest);
      f64.copyWithin(this.#to.cell0[c]! + slot, this.#from.cell0[c]! + slot, this.#from.cell0[c]! + slot + 1);
      if (to < 0) continue;
      const mask = 3 << ((slot & 15) * 2);
      const word = slot >> 4;
      i32[to + word] = (i32[to + word]! & ~mask) | (i32[from + word]! & mask);
    }
  }

  /** Cells of word `w` that are 0 in the bank before, and more than 0 in the sample before that. */
  #zeros(c: number, kind: ColumnKind, w: number): number {
    const { i32 } = this.#views;
    const cell = this.#old.cell0[c]! + w * 32;
    const before = this.#from.cell0[c]! + w * 32;
    let bits = 0;
    if (kind === 'i64' || kind === 'u64') {
      // Both are 0 in most cells of most error counters. Without a branch, as in changes.ts.
      const signMask = kind === 'i64' ? -1 : 0;
      for (let k = 0; k < 32; k++) {
        const x = i32[(cell + k) * 2]! | i32[(cell + k) * 2 + 1]!;
        const high = i32[(before + k) * 2 + 1]!;
        const y = i32[(before + k) * 2]! | high;
        // The sign bits say: not (x differs from 0), y differs from 0, y is not negative.
        bits |= ((~(x | -x) & (y | -y) & ~(high & signMask)) >>> 31) << k;
      }
      return bits;
    }
    for (let k = 0; k < 32; k++) {
      const slot = w * 32 + k;
      if (this.#sign(kind, this.#old.tagWord[c]!, cell + k, slot) !== 0) continue;
      if (this.#sign(kind, this.#from.tagWord[c]!, before + k, slot) > 0) bits |= 1 << k;
    }
    return bits;
  }

  /** Sign of a cell of an f64 or mixed column. */
  #sign(kind: ColumnKind, tagWord: number, cell: number, slot: number): number {
    const { i32, f64 } = this.#views;
    const tag = kind === 'f64' ? TAG_F64 : (i32[tagWord + (slot >> 4)]! >>> ((slot & 15) * 2)) & 3;
    if (tag === TAG_F64) return Math.sign(f64[cell]!);
    const high = i32[cell * 2 + 1]!;
    if (tag === TAG_I64 && high < 0) return -1;
    return (i32[cell * 2]! | high) === 0 ? 0 : 1;
  }
}
