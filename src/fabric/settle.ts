/**
 * One settle job: a source's filled bank takes its place among the other sources' published ones.
 * Runs in a worker, one at a time, before main publishes the bank and the index together.
 *
 * It builds the merge index when there are new segments or keys, keeps rows whose newest sample would
 * be lost (held-rows.ts), marks the shared rows that change their owner, and counts the table's rows.
 */
import { lowestBit, popcount } from '../snapshot/bits.js';
import { CarriedRows, HeldRows } from '../snapshot/held-rows.js';
import type { SegmentRef } from '../snapshot/layout.js';
import { MergeIndex, type MergeRef, type MergeSpec } from '../snapshot/merge-index.js';
import { SegmentReader, type BankView } from '../snapshot/reader.js';
import { newestOf, type ReadBank, type RowAddress } from './newest.js';
import { openParts, type PartRef } from './table.js';

export interface ServedVersion {
  readonly segment: SegmentRef;
  readonly version: number;
}

/** Crosses threads. All banks but that of `own` are published, and pinned. */
export interface SettleTask {
  /** Of the publish that follows. */
  readonly fabricVersion: number;
  /** The parts of the table to be. */
  readonly parts: readonly PartRef[];
  /** Which of them is filled and not published: only it is written. */
  readonly own: number;
  /** What its source serves until then; null when this is its first. */
  readonly before: ServedVersion | null;
  /** The index served now, of the same segments; null when there is none. */
  readonly index: MergeRef | null;
  /** Rows are held no longer than this after the first body without a sample as new. */
  readonly holdMs: number;
  /** Where a new index is built; null: the one served now is brought up to date. */
  readonly buildIn: SharedArrayBuffer | null;
}

export interface SettleAnswer {
  /** What the index covers. */
  readonly spec: MergeSpec;
  /** Rows of the table, each key once; those that several parts hold. */
  readonly rowsTotal: number;
  readonly sharedRows: number;
  /** Rows of the filled bank that were kept from the version before. */
  readonly heldRows: number;
  /** Shared rows that another part serves than before. */
  readonly ownersChanged: number;
}

/** Publishes nothing: that is main's, after it has this answer. */
export function settle(task: SettleTask): SettleAnswer {
  const { fabricVersion, own, before } = task;
  const sameSegment = before?.segment.buffer === task.parts[own]!.segment.buffer;
  let heldRows = before && !sameSegment ? carryRows(task, before) : 0;
  const after: ReadBank[] = openParts(task.parts);
  const readers = after.map(({ reader }) => reader);
  const known = task.index && new MergeIndex(task.index, readers);
  let index = known;
  let ownersChanged = 0;
  if (task.buildIn) {
    const spec = { slots: after.map(({ bank }) => bank.slots) };
    index = new MergeIndex({ buffer: task.buildIn, spec }, readers);
    ownersChanged = index.build(known, fabricVersion);
  }
  if (!index) throw new Error('BUG: a settle job without an index');
  if (before && sameSegment) {
    const turn = new Turnover(index, after, task, before);
    turn.run();
    ownersChanged += turn.ownersChanged;
    heldRows = turn.heldRows;
  }
  index.recordOwnerChanges(ownersChanged, fabricVersion);
  return { spec: index.ref.spec, ...countRows(index, after), heldRows, ownersChanged };
}

/**
 * Whether a row of a source's version before may outlive a body that came at `receivedAtMs`. Not for
 * ever: other sources may be dead, or stuck in the past. A sample from after this body came can only
 * mean that this machine's clock was set back: such rows would be held until it catches up.
 */
function mayHold(
  reader: SegmentReader,
  before: BankView,
  slot: number,
  receivedAtMs: number,
  holdMs: number,
): boolean {
  if (reader.sampleMs(before, slot) > receivedAtMs) return false;
  return !(receivedAtMs - reader.heldSinceMs(before, slot) > holdMs);
}

/**
 * The source has a new segment: rows of the old one whose sample is newer than all others are kept
 * in the new one, under the same rule as `Turnover` has. By key: the index is not made yet.
 */
function carryRows({ parts, own, holdMs }: SettleTask, before: ServedVersion): number {
  // Its own readers: a bank is to be opened again once its rows are complete.
  const now = openParts(parts);
  const { reader: fresh, bank: freshBank, ref } = now[own]!;
  const old = new SegmentReader(before.segment);
  const oldBank = old.bank(before.version);
  const carried = new CarriedRows(old, oldBank, ref.segment, ref.version);
  const sampleIn = ({ reader, bank }: ReadBank, slot: number): number => {
    const start = old.keyStart(slot);
    const found = reader.findBytes(old.u8, start, start + old.keyLength(slot));
    return found >= 0 && reader.isPresent(bank, found) ? reader.sampleMs(bank, found) : -Infinity;
  };
  let count = 0;
  for (let slot = 0; slot < oldBank.slots; slot++) {
    if (!old.isPresent(oldBank, slot)) continue;
    const sampleMs = old.sampleMs(oldBank, slot);
    if (!mayHold(old, oldBank, slot, freshBank.receivedAtMs, holdMs)) continue;
    if (sampleIn({ reader: fresh, bank: freshBank }, slot) >= sampleMs) continue;
    let otherMs = -Infinity;
    now.forEach((part, p) => {
      if (p !== own) otherMs = Math.max(otherMs, sampleIn(part, slot));
    });
    if (otherMs > -Infinity && otherMs < sampleMs && carried.keep(slot)) count++;
  }
  return count;
}

/** From one version of a part to the next, in the same segment: who serves each shared row. */
class Turnover {
  ownersChanged = 0;
  heldRows = 0;
  readonly #index: MergeIndex;
  readonly #after: readonly ReadBank[];
  readonly #before: readonly ReadBank[];
  readonly #own: number;
  readonly #fabricVersion: number;
  readonly #holdMs: number;
  readonly #held: HeldRows;
  readonly #then: RowAddress = { part: 0, slot: -1 };
  readonly #now: RowAddress = { part: 0, slot: -1 };

  constructor(
    index: MergeIndex,
    after: readonly ReadBank[],
    { own, fabricVersion, holdMs }: SettleTask,
    before: ServedVersion,
  ) {
    this.#holdMs = holdMs;
    this.#index = index;
    this.#after = after;
    this.#own = own;
    this.#fabricVersion = fabricVersion;
    const { reader, bank } = after[own]!;
    const old: ReadBank = { reader, bank: reader.bank(before.version) };
    this.#before = after.map((part, p) => (p === own ? old : part));
    this.#held = new HeldRows(before.segment, reader, bank.version);
  }

  run(): void {
    const { reader, bank } = this.#after[this.#own]!;
    const old = this.#before[this.#own]!.bank;
    for (let w = 0; w < Math.ceil(bank.slots / 32); w++) {
      const present = reader.i32[bank.presenceWord + w]! | reader.i32[old.presenceWord + w]!;
      let bits = this.#index.sharedBits(this.#own, w) & present;
      while (bits !== 0) {
        this.#row(w * 32 + lowestBit(bits));
        bits &= bits - 1;
      }
    }
  }

  #row(slot: number): void {
    const row = this.#index.rowOf(this.#own, slot);
    const thenMs = newestOf(this.#index, this.#before, row, this.#then);
    const nowMs = newestOf(this.#index, this.#after, row, this.#now);
    if (nowMs < thenMs && this.#then.part === this.#own && this.#mustHold(row, slot)) {
      this.#held.keep(slot);
      this.heldRows++;
      return;
    }
    const sameOwner = this.#then.part === this.#now.part && this.#then.slot === this.#now.slot;
    if (sameOwner) return;
    this.#index.ownerChanged(row, this.#fabricVersion);
    this.ownersChanged++;
  }

  /** Another part would be shown with an older sample. `slot`: of the row, in the own part. */
  #mustHold(row: number, slot: number): boolean {
    const { receivedAtMs } = this.#after[this.#own]!.bank;
    const before = this.#before[this.#own]!;
    if (!mayHold(before.reader, before.bank, slot, receivedAtMs, this.#holdMs)) return false;
    return this.#after.some(({ reader, bank }, p) => {
      const at = this.#index.slotOf(row, p);
      return p !== this.#own && at >= 0 && reader.isPresent(bank, at);
    });
  }
}

/** Counts by presence bits: a bank's own count may be older than the rows that were kept. */
function countRows(
  index: MergeIndex,
  parts: readonly ReadBank[],
): { readonly rowsTotal: number; readonly sharedRows: number } {
  let rowsTotal = 0;
  let sharedRows = 0;
  parts.forEach(({ reader, bank }, p) => {
    for (let w = 0; w < Math.ceil(bank.slots / 32); w++) {
      const present = reader.i32[bank.presenceWord + w]!;
      const shared = index.sharedBits(p, w);
      rowsTotal += popcount(present & ~shared);
      let bits = present & shared;
      while (bits !== 0) {
        const slot = w * 32 + lowestBit(bits);
        bits &= bits - 1;
        const others = otherHolders(index, parts, p, index.rowOf(p, slot));
        if (others.earlier > 0) continue;
        rowsTotal++;
        if (others.later > 0) sharedRows++;
      }
    }
  });
  return { rowsTotal, sharedRows };
}

const holders = { earlier: 0, later: 0 };

/** How many parts before and after `part` hold the row. */
function otherHolders(
  index: MergeIndex,
  parts: readonly ReadBank[],
  part: number,
  row: number,
): typeof holders {
  holders.earlier = 0;
  holders.later = 0;
  for (let p = 0; p < parts.length; p++) {
    const slot = index.slotOf(row, p);
    if (p === part || slot < 0 || !parts[p]!.reader.isPresent(parts[p]!.bank, slot)) continue;
    if (p < part) holders.earlier++;
    else holders.later++;
  }
  return holders;
}
