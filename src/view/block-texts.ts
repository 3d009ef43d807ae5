/** Text cells of a block as the kernel takes them: bytes that are ready, and where they lie. */
import type { ColumnView, SegmentReader } from '../snapshot/reader.js';
import type { BlockRows } from './block-rows.js';
import { ByteWriter } from './bytes.js';
import { TEXT_CELL_BYTES_MAX, TEXTS_AT, TEXTS_BYTES } from './encode-kernel.js';
import { writeCsvText, writeJsonText } from './text.js';

/** Texts that are found again without another look at their bytes. A power of two. */
const KNOWN = 4096;

export class BlockTexts {
  /** Of the text put last; -1: there was no room, or it is too long. */
  bytes = -1;
  /** Where it lies in the kernel's memory. */
  at = 0;
  readonly #out = new ByteWriter(Infinity, '');
  /** Up to here it is in the kernel's memory. */
  #copied = 0;
  /** Three words a text: its id in the table of `#part`, address, length. */
  readonly #known = new Int32Array(KNOWN * 3);
  #part = -1;
  #csv = false;

  /** For another body. */
  begin(csv: boolean): void {
    this.#csv = csv;
    this.#part = -1;
    this.#out.reset();
    this.#copied = 0;
  }

  /** Before each block: addresses of the one before are no longer used. */
  next(): void {
    if (this.#out.at <= TEXTS_BYTES / 2) return;
    this.#out.reset();
    this.#copied = 0;
    this.#known.fill(-1);
  }

  /** Puts the texts of a column of one part: address and length of each row into its lane's cell, from word `to`. */
  putColumn(column: ColumnView, reader: SegmentReader, rows: BlockRows, i32: Int32Array, to: number): void {
    const { i32: from, cell0, validityWord } = column;
    const { count, slots, lanes, parts } = rows;
    const known = this.#known;
    this.#use(parts[0]!);
    for (let r = 0; r < count; r++) {
      const slot = slots[r]!;
      if (((from[validityWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 0) continue;
      const id = from[(cell0 + slot) * 2]!;
      const k = (id & (KNOWN - 1)) * 3;
      if (known[k] !== id) this.#learn(reader, id, k);
      const cell = to + lanes[r]! * 2;
      i32[cell] = known[k + 1]!;
      i32[cell + 1] = known[k + 2]!;
    }
  }

  /** The string `id` of a part's table, escaped for the format. */
  putString(part: number, reader: SegmentReader, id: number): void {
    this.#use(part);
    const k = (id & (KNOWN - 1)) * 3;
    if (this.#known[k] !== id) this.#learn(reader, id, k);
    this.at = this.#known[k + 1]!;
    this.bytes = this.#known[k + 2]!;
  }

  #use(part: number): void {
    if (part !== this.#part) this.#known.fill(-1);
    this.#part = part;
  }

  #learn(reader: SegmentReader, id: number, k: number): void {
    const out = this.#out;
    const start = out.at;
    const length = reader.stringLength(id);
    if (length <= TEXT_CELL_BYTES_MAX) {
      if (this.#csv) writeCsvText(out, reader.u8, reader.stringStart(id), length);
      else writeJsonText(out, reader.u8, reader.stringStart(id), length);
      this.#end(start);
    } else this.bytes = -1;
    const known = this.#known;
    known[k] = id;
    known[k + 1] = this.at;
    known[k + 2] = this.bytes;
  }

  /** What `write` appends. */
  put(write: (out: ByteWriter) => void): void {
    const start = this.#out.at;
    write(this.#out);
    this.#end(start);
  }

  #end(start: number): void {
    const out = this.#out;
    this.at = TEXTS_AT + start;
    this.bytes = out.at - start;
    // The kernel reads up to 31 bytes behind a text.
    if (this.bytes <= TEXT_CELL_BYTES_MAX && out.at + 32 <= TEXTS_BYTES) return;
    out.at = start;
    this.bytes = -1;
  }

  /** Brings what was put since into the kernel's memory. */
  copyTo(u8: Uint8Array): void {
    const { at } = this.#out;
    if (at > this.#copied) u8.set(this.#out.u8.subarray(this.#copied, at), TEXTS_AT + this.#copied);
    this.#copied = at;
  }
}
