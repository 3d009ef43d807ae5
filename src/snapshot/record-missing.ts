/**
 * Writes which rows of a finished bank are gone. Runs in the worker that filled the bank, before main
 * publishes. A new generation begins with other slots: its first fill takes over what the generation
 * before knew as missing, and what that one held and the body lacks, as absent slots of its own.
 */
import { forEachBit } from './bits.js';
import type { ByteTable } from './byte-table.js';
import {
  BANK_FORGOTTEN,
  BANK_MISSING,
  BANK_SLOTS,
  BANK_SNAPSHOT_TS_F64,
  openSegment,
  type BankLayout,
  type SegmentRef,
  type SegmentViews,
} from './layout.js';
import {
  MISSING_DEFAULTS,
  type MissingCarry,
  type MissingCounts,
  type MissingOrder,
  type MissingRules,
} from './missing.js';
import { rowIndex } from './tables.js';

const NO_ORDER: MissingOrder = { rules: MISSING_DEFAULTS, carry: null };
const COUNT_MAX = 2 ** 31 - 1;

/** Epoch ms of a row's sample in a bank that holds or held it. */
function rowTimeMs({ i32, f64, layout }: SegmentViews, bank: BankLayout, slot: number): number {
  const isHeld = ((i32[bank.heldWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
  const own = layout.spec.hasRowTime || isHeld ? f64[bank.rowTime0 + slot]! : NaN;
  return own === own ? own : f64[bank.metaWord / 2 + BANK_SNAPSHOT_TS_F64]!;
}

/**
 * Which of the rows to keep, when there are more than `max`: those gone last; among rows that went
 * together the first ones asked for.
 */
function newest(sincesMs: Float64Array, max: number): (sinceMs: number) => boolean {
  if (sincesMs.length <= max) return () => true;
  if (max === 0) return () => false;
  const sorted = sincesMs.slice().sort();
  const threshold = sorted[sorted.length - max]!;
  let ties = max;
  for (let i = sorted.length - 1; i >= 0 && sorted[i]! > threshold; i--) ties--;
  return (sinceMs) => sinceMs > threshold || (sinceMs === threshold && ties-- > 0);
}

/** One bank while its missing rows are written. */
class Recorder {
  readonly #views: SegmentViews;
  readonly #now: BankLayout;
  readonly #old: BankLayout;
  readonly #receivedAtMs: number;
  readonly #rules: MissingRules;
  #missing = 0;
  #forgotten = 0;

  constructor(views: SegmentViews, version: number, receivedAtMs: number, rules: MissingRules) {
    this.#views = views;
    this.#now = views.layout.banks[version & 1]!;
    this.#old = views.layout.banks[(version & 1) ^ 1]!;
    this.#receivedAtMs = receivedAtMs;
    this.#rules = rules;
    const { missingWord } = this.#now;
    views.i32.fill(0, missingWord, missingWord + views.layout.bitmapWords);
  }

  #mark(slot: number, sinceMs: number, lastMs: number): void {
    const { i32, f64 } = this.#views;
    i32[this.#now.missingWord + (slot >> 5)]! |= 1 << (slot & 31);
    f64[this.#now.missingSince0 + slot] = sinceMs;
    f64[this.#now.missingLast0 + slot] = lastMs;
    this.#missing++;
  }

  #isTooOld(sinceMs: number): boolean {
    const { keepMs } = this.#rules;
    return keepMs > 0 && this.#receivedAtMs - sinceMs > keepMs;
  }

  /** From the bank before, of the same generation. */
  goOn(): void {
    const { i32, f64, layout } = this.#views;
    const now = this.#now;
    const old = this.#old;
    this.#forgotten = i32[old.metaWord + BANK_FORGOTTEN]!;
    for (let w = 0; w < layout.bitmapWords; w++) {
      const absent = ~i32[now.presenceWord + w]!;
      // A row that was held is gone since its first body without it.
      const present = i32[old.presenceWord + w]! & ~i32[old.missingWord + w]!;
      forEachBit(present & absent, w * 32, (slot) => {
        this.#mark(slot, this.#receivedAtMs, rowTimeMs(this.#views, old, slot));
      });
      forEachBit(i32[old.missingWord + w]! & absent, w * 32, (slot) => {
        const sinceMs = f64[old.missingSince0 + slot]!;
        if (this.#isTooOld(sinceMs)) this.#forgotten++;
        else this.#mark(slot, sinceMs, f64[old.missingLast0 + slot]!);
      });
    }
    if (this.#missing > this.#rules.rowsMax) this.#trim();
  }

  /** Forgets the oldest beyond the rule. */
  #trim(): void {
    const { i32, f64, layout } = this.#views;
    const { missingWord, missingSince0 } = this.#now;
    const sincesMs = new Float64Array(this.#missing);
    let n = 0;
    const words = layout.bitmapWords;
    for (let w = 0; w < words; w++) {
      forEachBit(i32[missingWord + w]!, w * 32, (slot) => (sincesMs[n++] = f64[missingSince0 + slot]!));
    }
    const keeps = newest(sincesMs, this.#rules.rowsMax);
    for (let w = 0; w < words; w++) {
      forEachBit(i32[missingWord + w]!, w * 32, (slot) => {
        if (keeps(f64[missingSince0 + slot]!)) return;
        i32[missingWord + w]! &= ~(1 << (slot & 31));
        this.#missing--;
        this.#forgotten++;
      });
    }
  }

  /** From the generation before. Keys that are new here get slots behind those of the body. */
  takeOver({ segment, version, slotsMax, keyBytesMax }: MissingCarry): void {
    const before = openSegment(segment);
    const bank = before.layout.banks[version & 1]!;
    const oldKeys = rowIndex(before);
    const keys = rowIndex(this.#views);
    this.#forgotten = before.i32[bank.metaWord + BANK_FORGOTTEN]!;
    const gone = this.#goneSince(before, bank, oldKeys, keys);
    const keeps = newest(Float64Array.from(gone.sincesMs), Math.min(this.#rules.rowsMax, slotsMax));
    let keyBytesLeft = keyBytesMax;
    gone.slots.forEach((oldSlot, i) => {
      const sinceMs = gone.sincesMs[i]!;
      const start = oldKeys.startOf(oldSlot);
      const length = oldKeys.lengthOf(oldSlot);
      const kept = keeps(sinceMs) && length <= keyBytesLeft;
      const slot = kept ? keys.insert(before.u8, start, start + length) : -1;
      if (slot < 0) {
        this.#forgotten++;
        return;
      }
      keyBytesLeft -= length;
      const isGone = (before.i32[bank.missingWord + (oldSlot >> 5)]! >>> (oldSlot & 31)) & 1;
      const lastMs = isGone ? before.f64[bank.missingLast0 + oldSlot]! : rowTimeMs(before, bank, oldSlot);
      this.#mark(slot, sinceMs, lastMs);
    });
  }

  /** Slots of the generation before whose rows the body lacks, and since when. */
  #goneSince(
    before: SegmentViews,
    bank: BankLayout,
    oldKeys: ByteTable,
    keys: ByteTable,
  ): { slots: number[]; sincesMs: number[] } {
    const { i32 } = this.#views;
    const slots: number[] = [];
    const sincesMs: number[] = [];
    const take = (oldSlot: number, sinceMs: number): void => {
      const start = oldKeys.startOf(oldSlot);
      const slot = keys.find(before.u8, start, start + oldKeys.lengthOf(oldSlot));
      if (slot >= 0 && (i32[this.#now.presenceWord + (slot >> 5)]! >>> (slot & 31)) & 1) return;
      if (this.#isTooOld(sinceMs)) {
        this.#forgotten++;
        return;
      }
      slots.push(oldSlot);
      sincesMs.push(sinceMs);
    };
    for (let w = 0; w < before.layout.bitmapWords; w++) {
      const missing = before.i32[bank.missingWord + w]!;
      const present = before.i32[bank.presenceWord + w]! & ~missing;
      forEachBit(present, w * 32, (slot) => take(slot, this.#receivedAtMs));
      forEachBit(missing, w * 32, (slot) => take(slot, before.f64[bank.missingSince0 + slot]!));
    }
    return { slots, sincesMs };
  }

  finish(): MissingCounts {
    const { i32 } = this.#views;
    const { metaWord } = this.#now;
    const forgotten = Math.min(COUNT_MAX, this.#forgotten);
    i32[metaWord + BANK_MISSING] = this.#missing;
    i32[metaWord + BANK_FORGOTTEN] = forgotten;
    i32[metaWord + BANK_SLOTS] = rowIndex(this.#views).count;
    return { missing: this.#missing, forgotten };
  }
}

/**
 * Writes the missing rows of the finished bank of `version`. `receivedAtMs`: when its body came, the
 * time since when what it lacks is gone.
 */
export function recordMissing(
  ref: SegmentRef,
  version: number,
  receivedAtMs: number,
  { rules, carry }: MissingOrder = NO_ORDER,
): MissingCounts {
  const recorder = new Recorder(openSegment(ref), version, receivedAtMs, rules);
  if (version > ref.spec.baseVersion + 1) recorder.goOn();
  else if (carry) recorder.takeOver(carry);
  return recorder.finish();
}
