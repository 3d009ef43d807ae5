/**
 * The cells of a block that no column has: pseudo-columns, deltas and rates. What can be put for a field
 * as a whole is; the rest row by row, because what stands behind a row may speak of all its cells.
 */
import type { BlockRows } from './block-rows.js';
import type { BlockStrips } from './block-strips.js';
import type { CellSource, RowFormat } from './row-format.js';

export class BlockExtras {
  /** By extra and row: 1 where the cell is there already. */
  #done = new Uint8Array(0);
  /** By row: how many are. */
  #doneOf = new Uint32Array(0);

  fill(source: CellSource, strips: BlockStrips, rows: BlockRows, writeTail: RowFormat['writeTail']): void {
    const { extras } = source;
    if (extras.length === 0 && writeTail === null) return;
    const { count } = rows;
    this.#putTogether(source, strips, rows);
    for (let r = 0; r < count; r++) {
      const [part, slot, lane] = [rows.parts[r]!, rows.slots[r]!, rows.lanes[r]!];
      if (this.#doneOf[r] !== extras.length) {
        for (let e = 0; e < extras.length; e++) {
          if (this.#done[e * count + r] === 0) source.putExtra(strips, extras[e]!, lane, part, slot);
        }
      }
      if (writeTail !== null) rows.addTail((out) => writeTail(out, part, slot));
    }
  }

  #putTogether(source: CellSource, strips: BlockStrips, rows: BlockRows): void {
    const { extras } = source;
    const { count } = rows;
    if (this.#done.length < extras.length * count) this.#done = new Uint8Array(extras.length * count);
    if (this.#doneOf.length < count) this.#doneOf = new Uint32Array(count);
    this.#doneOf.fill(0, 0, count);
    for (let e = 0; e < extras.length; e++) {
      const plain = rows.isTogether ? source.putTogether(strips, extras[e]!, rows) : null;
      const at = e * count;
      if (plain === null) this.#done.fill(0, at, at + count);
      else {
        for (let r = 0; r < count; r++) {
          this.#done[at + r] = plain[r]!;
          this.#doneOf[r]! += plain[r]!;
        }
      }
    }
  }
}
