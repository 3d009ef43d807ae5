/** What changed since a version, out of the change bitmaps (change-ring.ts). */
import { SINCE_VERSIONS } from '../model/limits.js';
import {
  cellBitsWord,
  countsWord,
  flagWord,
  groupEntry,
  groupStart,
  oldestSingle,
  RING_APPEARED,
  RING_CHANGED_CELLS,
  RING_VANISHED,
  versionEntry,
} from './change-ring.js';
import { openSegment, type SegmentRef, type SegmentViews } from './layout.js';

/**
 * The union of all changes after `since` up to and including `now`, one segment. Changes of some
 * versions before may be in it, too: older versions are remembered in groups. Valid while INTENT is
 * below now + 2, as the bank of `now` is.
 */
export class ChangeSet {
  readonly #views: SegmentViews;
  readonly #entries: readonly number[];
  /** The first version whose changes are in the set: since + 1, or the first of its group. */
  readonly first: number;
  readonly since: number;
  readonly now: number;

  private constructor(views: SegmentViews, since: number, now: number) {
    const { ring } = views.layout;
    this.#views = views;
    this.since = since;
    this.now = now;
    const entries: number[] = [];
    const single = Math.max(since + 1, oldestSingle(now));
    for (let v = single; v <= now; v++) entries.push(versionEntry(ring, v));
    for (let v = single - 1; v > since; v = groupStart(ring, v) - 1) entries.push(groupEntry(ring, v));
    this.first = single > since + 1 ? groupStart(ring, since + 1) : since + 1;
    this.#entries = entries;
  }

  /** Undefined when `since` is older than what is remembered or than the generation. */
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
    const flag = flagWord(layout.ring, 0, column, w);
    const cells = cellBitsWord(layout.ring, 0, column) + w;
    let bits = 0;
    for (const entry of this.#entries) {
      if ((i32[entry + flag]! >>> (column & 31)) & 1) bits |= i32[entry + cells]!;
    }
    return bits;
  }

  /** The same of many columns at once, into[k] those of columns[k]; -1: no column. */
  cellBitsOf(columns: Int32Array, w: number, into: Int32Array): void {
    const { i32, layout } = this.#views;
    const { ring } = layout;
    const flags = flagWord(ring, 0, 0, w);
    const cells = cellBitsWord(ring, 0, 0) + w;
    into.fill(0);
    for (const entry of this.#entries) {
      for (let k = 0; k < columns.length; k++) {
        const c = columns[k]!;
        if (c < 0 || ((i32[entry + flags + (c >> 5)]! >>> (c & 31)) & 1) === 0) continue;
        into[k]! |= i32[entry + cells + c * ring.bitmapWords]!;
      }
    }
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
    for (let v = this.first; v <= this.now; v++) sum += i32[countsWord(layout.ring, v) + field]!;
    return sum;
  }
}
