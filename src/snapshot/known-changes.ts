import type { ChangeNotes } from '../model/bank.js';

/**
 * What the scan knows of changes: it has the cells of both versions at hand while it writes a run of
 * rows. recordChanges takes its word for them and reads the banks for the others.
 */
export class KnownChanges implements ChangeNotes {
  /** Column after column, `words` each: bits of cells whose eight bytes differ from the version before. */
  readonly bits: Int32Array;
  /** Bits of the rows whose cells are known. */
  readonly rows: Int32Array;
  readonly words: number;

  constructor(columns: number, bitmapWords: number) {
    this.words = bitmapWords;
    this.bits = new Int32Array(columns * bitmapWords);
    this.rows = new Int32Array(bitmapWords);
  }

  /** The cells of these rows are known from now on. */
  take(slot: number, rows: number): void {
    for (let s = slot; s < slot + rows; s++) this.rows[s >> 5]! |= 1 << (s & 31);
  }

  /** A row is written again by somebody who does not say what changes. */
  forget(slot: number): void {
    this.rows[slot >> 5]! &= ~(1 << (slot & 31));
  }

  /** One cell's bit. */
  set(column: number, slot: number, differs: boolean): void {
    const at = column * this.words + (slot >> 5);
    const mask = 1 << (slot & 31);
    this.bits[at] = differs ? this.bits[at]! | mask : this.bits[at]! & ~mask;
  }
}
