/**
 * Change bitmaps: which cells of a version differ from the version before, which rows appeared or
 * vanished, and which rows were touched at all. change-ring.ts says where they lie and how long they
 * stay, change-set.ts reads them.
 *
 * `recordChanges` runs in the worker that filled the bank, before main publishes; or in several, each
 * for some chunks of the slots.
 */
import { ROLE_COUNTER } from '../model/rates.js';
import { popcount } from './bits.js';
import {
  cellBitsWord,
  CHUNK_WORDS,
  countsWord,
  flagWord,
  groupEntry,
  groupStart,
  RING_APPEARED,
  RING_CHANGED_CELLS,
  RING_VANISHED,
  RING_VERSION,
  versionEntry,
  versionToGroup,
} from './change-ring.js';
import { countResets } from './counter-resets.js';
import { differingBits, differingCells, differingTags } from './differing-cells.js';
import type { KnownChanges } from './known-changes.js';
import { CONTROL_SLOTS, openSegment, type BankLayout, type SegmentRef, type SegmentViews } from './layout.js';
import { wholeRange, type WordRange } from './word-range.js';

export interface ChangeCounts {
  readonly changedCells: number;
  readonly appeared: number;
  readonly vanished: number;
  /** Rows present before and now whose own time moved. */
  readonly retimed: number;
  /** Cells of counters, of the changed ones, that are below those of the version before. */
  readonly counterResets: number;
}

interface ChunkCounts {
  changed: number;
  resets: number;
}

/** Writes one column's bits in the chunk of words [from, to), and adds how many are set to `counts`. */
function recordChunk(
  views: SegmentViews,
  version: number,
  column: number,
  { from, to }: WordRange,
  known: KnownChanges | null,
  counts: ChunkCounts,
): void {
  const { i32, layout } = views;
  const { columns, rates } = layout.spec;
  const isCounter = rates?.roles[column] === ROLE_COUNTER;
  const now = layout.banks[version & 1]!;
  const old = layout.banks[(version & 1) ^ 1]!;
  const entry = versionEntry(layout.ring, version);
  const target = cellBitsWord(layout.ring, entry, column);
  const used = Math.min(to, Math.ceil(i32[CONTROL_SLOTS]! / 32));
  const tagNow = now.tagWord[column]!;
  const banks = { now, old };
  const [cell, before] = [now.cell0[column]!, old.cell0[column]!];
  const compared = known === null ? differingCells(views, cell, before, { from, to: used }) : null;
  let changed = 0;
  for (let w = from; w < used; w++) {
    const both = i32[now.presenceWord + w]! & i32[old.presenceWord + w]!;
    const validNow = i32[now.validityWord[column]! + w]!;
    const validOld = i32[old.validityWord[column]! + w]!;
    let bits = validNow ^ validOld;
    const comparable = validNow & validOld;
    if (comparable !== 0) {
      let cells: number;
      if (compared !== null) cells = compared.i32[compared.word + w - from]!;
      // Rows that are not in both do not matter.
      else if (tagNow < 0 && (both & ~known!.rows[w]!) === 0) cells = known!.bits[column * known!.words + w]!;
      else cells = differingBits(i32, cell, before, w * 32);
      if (tagNow >= 0) cells |= differingTags(i32, tagNow, old.tagWord[column]!, w);
      bits |= cells & comparable;
    }
    bits &= both;
    if (bits === 0 && changed === 0) continue;
    if (changed === 0) i32.fill(0, target + from, target + w);
    i32[target + w] = bits;
    if (bits === 0) continue;
    changed += popcount(bits);
    i32[entry + w]! |= bits;
    const counted = bits & comparable;
    if (isCounter && counted !== 0) {
      counts.resets += countResets(views, columns[column]!.kind, column, banks, w, counted);
    }
  }
  counts.changed += changed;
  if (changed > 0) {
    i32.fill(0, target + used, target + to);
    i32[flagWord(layout.ring, entry, column, from)]! |= 1 << (column & 31);
  }
}

/** Calls `visit` with the words [from, to) of each chunk of a range. */
function forEachChunk(range: WordRange, visit: (from: number, to: number) => void): void {
  for (let from = range.from; from < range.to; from += CHUNK_WORDS) {
    visit(from, Math.min(from + CHUNK_WORDS, range.to));
  }
}

/** Adds the version that readers are about to lose to its group. Done twice, it is as done once. */
function mergeIntoGroup(views: SegmentViews, version: number, range: WordRange): void {
  const { i32, layout } = views;
  const { ring } = layout;
  const columns = layout.spec.columns.length;
  const old = versionToGroup(ring, version);
  if (old === 0) return;
  const from = versionEntry(ring, old);
  const to = groupEntry(ring, old);
  const isFirst = old === groupStart(ring, old);
  const add = (at: number, start: number, end: number, isNew: boolean): void => {
    if (isNew) i32.copyWithin(to + at + start, from + at + start, from + at + end);
    else for (let w = at + start; w < at + end; w++) i32[to + w]! |= i32[from + w]!;
  };
  add(0, range.from, range.to, isFirst);
  add(ring.bitmapWords, range.from, range.to, isFirst);
  forEachChunk(range, (start, end) => {
    const flags = flagWord(ring, 0, 0, start);
    if (isFirst) i32.fill(0, to + flags, to + flags + ring.chunkFlagWords);
    for (let c = 0; c < columns; c++) {
      const flag = flags + (c >> 5);
      const mask = 1 << (c & 31);
      if ((i32[from + flag]! & mask) === 0) continue;
      add(cellBitsWord(ring, 0, c), start, end, (i32[to + flag]! & mask) === 0);
      i32[to + flag]! |= mask;
    }
  });
}

/**
 * Compares the finished bank of `version` with the bank before it, in a range of whole chunks, and
 * writes the version's entry there. The first version of a generation has no predecessor: every row
 * counts as appeared. Call `writeCounts` with the sum of what the ranges return.
 */
export function recordRange(
  ref: SegmentRef,
  version: number,
  range: WordRange,
  known: KnownChanges | null = null,
): ChangeCounts {
  const views = openSegment(ref);
  const { i32, layout } = views;
  const { ring } = layout;
  const now = layout.banks[version & 1]!;
  const old = layout.banks[(version & 1) ^ 1]!;
  const first = version === ref.spec.baseVersion + 1;
  mergeIntoGroup(views, version, range);
  const entry = versionEntry(ring, version);
  let appeared = 0;
  let vanished = 0;
  for (let w = range.from; w < range.to; w++) {
    const here = i32[now.presenceWord + w]!;
    const before = first ? 0 : i32[old.presenceWord + w]!;
    appeared += popcount(here & ~before);
    vanished += popcount(before & ~here);
    i32[entry + w] = here ^ before;
    i32[entry + ring.bitmapWords + w] = here ^ before;
  }
  forEachChunk(range, (from) => {
    const flags = flagWord(ring, entry, 0, from);
    i32.fill(0, flags, flags + ring.chunkFlagWords);
  });
  const counts: ChunkCounts = { changed: 0, resets: 0 };
  if (first) return { changedCells: 0, appeared, vanished, retimed: 0, counterResets: 0 };
  for (let c = 0; c < ref.spec.columns.length; c++) {
    forEachChunk(range, (from, to) => {
      recordChunk(views, version, c, { from, to }, known, counts);
    });
  }
  const retimed = ref.spec.hasRowTime ? countRetimed(views, now, old, range) : 0;
  return { changedCells: counts.changed, appeared, vanished, retimed, counterResets: counts.resets };
}

/** Says how much a version changed, once all of its ranges are recorded. */
export function writeCounts(ref: SegmentRef, version: number, counts: ChangeCounts): void {
  const { i32, layout } = openSegment(ref);
  const meta = countsWord(layout.ring, version);
  i32[meta + RING_VERSION] = version;
  i32[meta + RING_CHANGED_CELLS] = counts.changedCells;
  i32[meta + RING_APPEARED] = counts.appeared;
  i32[meta + RING_VANISHED] = counts.vanished;
}

/** All of it, by one job. `known`: what the scan saw of it. */
export function recordChanges(
  ref: SegmentRef,
  version: number,
  known: KnownChanges | null = null,
): ChangeCounts {
  const counts = recordRange(ref, version, wholeRange(openSegment(ref).layout.bitmapWords), known);
  writeCounts(ref, version, counts);
  return counts;
}

/** Rows in both banks whose time differs. Compared as bits: NaN, for a row without a time, equals itself. */
function countRetimed({ i32 }: SegmentViews, now: BankLayout, old: BankLayout, range: WordRange): number {
  let count = 0;
  for (let w = range.from; w < range.to; w++) {
    const both = i32[now.presenceWord + w]! & i32[old.presenceWord + w]!;
    if (both !== 0) count += popcount(differingBits(i32, now.rowTime0, old.rowTime0, w * 32) & both);
  }
  return count;
}
