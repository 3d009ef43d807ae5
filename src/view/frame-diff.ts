/** The changes of a diff as they are visited, until they are hopelessly more than a snapshot. */
import type { ChangeVisitor } from '../fabric/changes.js';
import type { ChangeBlocks } from './change-blocks.js';
import type { FrameParts } from './frame-parts.js';
import type { RowWriter } from './frame-rows.js';

/** A diff is given up, half done, once it is this much of its snapshot's estimate. */
const GIVE_UP_RATIO = 1.25;

export class DiffWriter implements ChangeVisitor {
  readonly parts: FrameParts;
  readonly writer: RowWriter;
  givenUp = false;
  readonly #estimate: (writer: RowWriter) => number;
  /** null: deltas or rates, which are written row by row. */
  readonly #blocks: ChangeBlocks | null;
  readonly #columns: readonly number[];
  /** Bytes at which the estimate is made again. */
  #nextCheck = 64 * 1024;

  constructor(
    parts: FrameParts,
    writer: RowWriter,
    columns: readonly number[],
    blocks: ChangeBlocks | null,
    estimate: (writer: RowWriter) => number,
  ) {
    this.parts = parts;
    this.writer = writer;
    this.#columns = columns;
    this.#blocks = blocks;
    this.#estimate = estimate;
  }

  /** Call when all changes were visited. */
  end(): void {
    this.#blocks?.flush();
  }

  #proceed(): boolean {
    const bytes = this.parts.byteLength;
    if (bytes > this.#nextCheck && !this.givenUp) {
      this.#nextCheck = bytes * 2;
      this.givenUp = bytes > GIVE_UP_RATIO * this.#estimate(this.writer);
    }
    return !this.givenUp;
  }

  cells(part: number, slot: number, columns: Int32Array, count: number): void {
    if (!this.#proceed()) return;
    if (this.#blocks) this.#blocks.add(part, slot, columns, count);
    else {
      this.parts.row();
      this.writer.writeObject(this.parts.out, part, slot, columns, count);
    }
  }

  whole(part: number, slot: number): void {
    if (!this.#proceed()) return;
    if (this.#blocks) this.#blocks.add(part, slot, this.#columns, this.#columns.length);
    else {
      this.parts.row();
      this.writer.writeWhole(this.parts.out, part, slot);
    }
  }

  removed(part: number, slot: number): void {
    if (!this.#proceed()) return;
    this.#blocks?.flush();
    this.writer.writeKey(this.parts.removedRow(), part, slot);
  }
}
