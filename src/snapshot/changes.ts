/**
 * Change bitmaps: for each of the last CHANGE_RING versions, which cells differ from the version
 * before, which rows appeared or vanished, and which rows were touched at all.
 *
 * `recordChanges` runs in the worker that filled the bank, before main publishes. Entry v is
 * readable while INTENT < v + CHANGE_RING. "What changed since s" is the OR of s + 1 ... now.
 */
import { CHANGE_RING, SINCE_VERSIONS } from '../model/limits.js';
import {
  CONTROL_SLOTS,
  openSegment,
  RING_APPEARED,
  RING_CHANGED_CELLS,
  RING_META_WORDS,
  RING_VANISHED,
  RING_VERSION,
  type BankLayout,
  type SegmentRef,
  type SegmentViews,
} from './layout.js';
import { popcount } from './bits.js';

export interface ChangeCounts {
  readonly changedCells: number;
  readonly appeared: number;
  readonly vanished: number;
  /** Rows present before and now whose own time moved. */
  readonly retimed: number;
}

function ringEntry(views: SegmentViews, version: number): number {
  const { ringWord, ringEntryWords } = views.layout;
  return ringWord + (version % CHANGE_RING) * ringEntryWords;
}

/** Bits of the 32 cells from `slot0` whose 8 bytes differ between two columns. */
function differingBits(i32: Int32Array, a: number, b: number, slot0: number): number {
  let bits = 0;
  let x = (a + slot0) * 2;
  let y = (b + slot0) * 2;
  for (let k = 0; k < 32; k++, x += 2, y += 2) {
    // Without a branch: half-changed columns would mispredict on every other cell.
    const differs = (i32[x]! ^ i32[y]!) | (i32[x + 1]! ^ i32[y + 1]!);
    bits |= ((differs | -differs) >>> 31) << k;
  }
  return bits;
}

/** Bits of the 32 cells of word `w` whose tags differ. */
function differingTags(i32: Int32Array, a: number, b: number, w: number): number {
  let bits = 0;
  for (let half = 0; half < 2; half++) {
    const pairs = i32[a + w * 2 + half]! ^ i32[b + w * 2 + half]!;
    if (pairs === 0) continue;
    for (let k = 0; k < 16; k++) if ((pairs >>> (k * 2)) & 3) bits |= 1 << (half * 16 + k);
  }
  return bits;
}

/** Writes the bits of one column; returns how many are set. `touched` collects them by row. */
function recordColumn(views: SegmentViews, version: number, column: number, slots: number): number {
  const { i32, layout } = views;
  const now = layout.banks[version & 1]!;
  const old = layout.banks[(version & 1) ^ 1]!;
  const entry = ringEntry(views, version);
  const target = entry + layout.ringCellsWord + column * layout.bitmapWords;
  const words = Math.ceil(slots / 32);
  const tagNow = now.tagWord[column]!;
  let changed = 0;
  for (let w = 0; w < words; w++) {
    const both = i32[now.presenceWord + w]! & i32[old.presenceWord + w]!;
    const validNow = i32[now.validityWord[column]! + w]!;
    const validOld = i32[old.validityWord[column]! + w]!;
    let bits = validNow ^ validOld;
    const comparable = validNow & validOld;
    if (comparable !== 0) {
      let cells = differingBits(i32, now.cell0[column]!, old.cell0[column]!, w * 32);
      if (tagNow >= 0) cells |= differingTags(i32, tagNow, old.tagWord[column]!, w);
      bits |= cells & comparable;
    }
    bits &= both;
    if (bits === 0 && changed === 0) continue;
    // A column's bits are written from its first change on: most columns of most versions have
    // none, and pages that nobody writes stay out of memory.
    if (changed === 0) i32.fill(0, target, target + w);
    i32[target + w] = bits;
    if (bits !== 0) {
      changed += popcount(bits);
      i32[entry + w]! |= bits;
    }
  }
  if (changed > 0) i32[entry + layout.ringFlagsWord + (column >> 5)]! |= 1 << (column & 31);
  return changed;
}

/**
 * Compares the finished bank of `version` with the bank before it and fills ring entry `version`.
 * `firstVersion` of a generation has no predecessor: every row counts as appeared.
 */
export function recordChanges(ref: SegmentRef, version: number): ChangeCounts {
  const views = openSegment(ref);
  const { i32, layout } = views;
  const now = layout.banks[version & 1]!;
  const old = layout.banks[(version & 1) ^ 1]!;
  const first = version === ref.spec.baseVersion + 1;
  const entry = ringEntry(views, version);
  const words = layout.bitmapWords;
  // Words beyond a version's rows must read as unchanged once later versions have more rows. Rows
  // only grow in number, so nobody writes there before: only a reused buffer has to be cleared, and
  // the untouched pages of a fresh one stay out of memory.
  if (ref.reused && version <= ref.spec.baseVersion + CHANGE_RING) {
    i32.fill(0, entry, entry + layout.ringEntryWords);
  }
  i32.fill(0, entry, entry + layout.ringCellsWord);
  let appeared = 0;
  let vanished = 0;
  let changedCells = 0;
  for (let w = 0; w < words; w++) {
    const here = i32[now.presenceWord + w]!;
    const before = first ? 0 : i32[old.presenceWord + w]!;
    appeared += popcount(here & ~before);
    vanished += popcount(before & ~here);
    i32[entry + w] = here ^ before;
    i32[entry + words + w] = here ^ before;
  }
  if (!first) {
    const slots = i32[CONTROL_SLOTS]!;
    for (let c = 0; c < ref.spec.columns.length; c++) changedCells += recordColumn(views, version, c, slots);
  }
  const meta = layout.ringMetaWord + (version % CHANGE_RING) * RING_META_WORDS;
  i32[meta + RING_VERSION] = version;
  i32[meta + RING_CHANGED_CELLS] = changedCells;
  i32[meta + RING_APPEARED] = appeared;
  i32[meta + RING_VANISHED] = vanished;
  const retimed = first || !ref.spec.hasRowTime ? 0 : countRetimed(views, now, old);
  return { changedCells, appeared, vanished, retimed };
}

/** Rows in both banks whose time differs. Compared as bits: NaN, for a row without a time, equals itself. */
function countRetimed({ i32, layout }: SegmentViews, now: BankLayout, old: BankLayout): number {
  let count = 0;
  for (let w = 0; w < layout.bitmapWords; w++) {
    const both = i32[now.presenceWord + w]! & i32[old.presenceWord + w]!;
    if (both !== 0) count += popcount(differingBits(i32, now.rowTime0, old.rowTime0, w * 32) & both);
  }
  return count;
}

/** The union of all changes after `since` up to and including `now`, one segment. */
export class ChangeSet {
  readonly #views: SegmentViews;
  readonly #entries: readonly number[];
  readonly since: number;
  readonly now: number;

  private constructor(views: SegmentViews, since: number, now: number) {
    this.#views = views;
    this.since = since;
    this.now = now;
    const entries: number[] = [];
    for (let v = since + 1; v <= now; v++) entries.push(ringEntry(views, v));
    this.#entries = entries;
  }

  /** Undefined when `since` is older than the ring or than the generation. */
  static between(ref: SegmentRef, since: number, now: number): ChangeSet | undefined {
    if (since > now || since <= ref.spec.baseVersion || now - since > SINCE_VERSIONS) return undefined;
    return new ChangeSet(openSegment(ref), since, now);
  }

  get bitmapWords(): number {
    return this.#views.layout.bitmapWords;
  }

  #or(offset: number): number {
    const { i32 } = this.#views;
    let bits = 0;
    for (const entry of this.#entries) bits |= i32[entry + offset]!;
    return bits;
  }

  /** Rows of word `w` that changed in any way. */
  touchedBits(w: number): number {
    return this.#or(w);
  }

  /** Rows of word `w` that appeared or vanished at least once. */
  memberBits(w: number): number {
    return this.#or(this.bitmapWords + w);
  }

  /** Cells of `column`, rows of word `w`. */
  cellBits(column: number, w: number): number {
    const { i32, layout } = this.#views;
    const flag = layout.ringFlagsWord + (column >> 5);
    const cells = layout.ringCellsWord + column * layout.bitmapWords + w;
    let bits = 0;
    for (const entry of this.#entries) {
      if ((i32[entry + flag]! >>> (column & 31)) & 1) bits |= i32[entry + cells]!;
    }
    return bits;
  }

  /** Upper bound of changed cells, from the counts of the versions; appeared rows not included. */
  get changedCellsMax(): number {
    return this.#sum(RING_CHANGED_CELLS);
  }

  get memberChangesMax(): number {
    return this.#sum(RING_APPEARED) + this.#sum(RING_VANISHED);
  }

  #sum(field: number): number {
    const { i32, layout } = this.#views;
    let sum = 0;
    for (let v = this.since + 1; v <= this.now; v++) {
      sum += i32[layout.ringMetaWord + (v % CHANGE_RING) * RING_META_WORDS + field]!;
    }
    return sum;
  }
}
