/**
 * Reads one version of a source's history, in any thread. Main reads what it has published; jobs
 * read what main has pinned. A row's samples are walked from the newest back.
 */
import {
  DENSE,
  OFFSET_SHIFT,
  openBlock,
  openHistoryTables,
  SPARSE,
  TAG_CHANGES,
  VALID_CHANGES,
  WIDTH_MASK,
  type BlockViews,
  type HistoryRef,
  type HistoryTables,
} from './history-layout.js';
import { popcount } from './bits.js';

const encoder = new TextEncoder();

/** What one frame says of one cell. Filled by `read`. */
class CellChange {
  lo = 0;
  hi = 0;
  valid = 0;
  tag = 0;

  /** `base`: the frame's first word. False when nothing changed. */
  read(block: BlockViews, base: number, column: number, slot: number): boolean {
    const { i32 } = block;
    const directory = i32[base + column]!;
    if (directory === 0) return false;
    const entry = i32[base + directory + (slot >> 6)]!;
    if (entry === 0) return false;
    const word = (slot >> 5) & 1;
    const bit = slot & 31;
    let at = base + (entry >>> OFFSET_SHIFT) * 2;
    this.lo = 0;
    this.hi = 0;
    this.valid = 0;
    this.tag = 0;
    if (entry & VALID_CHANGES) {
      this.valid = (i32[at + word]! >>> bit) & 1;
      at += 2;
    }
    if (entry & TAG_CHANGES) {
      this.tag = ((i32[at + word]! >>> bit) & 1) | (((i32[at + 2 + word]! >>> bit) & 1) << 1);
      at += 4;
    }
    const code = entry & WIDTH_MASK;
    if (entry & DENSE) this.#readDense(block, at, code, slot & 63);
    else if (entry & SPARSE) this.#readSparse(block, at, code, word, bit);
    return true;
  }

  #readDense({ i32, u16, u8 }: BlockViews, at: number, code: number, k: number): void {
    const value = at + 2;
    if (code === 4) {
      this.lo = i32[value + k * 2]!;
      this.hi = i32[value + k * 2 + 1]!;
      return;
    }
    const more =
      code === 0 ? 0 : code === 1 ? u8[value * 4 + k]! : code === 2 ? u16[value * 2 + k]! : i32[value + k]!;
    const low = i32[at]!;
    this.lo = (low + more) | 0;
    this.hi = (i32[at + 1]! + (this.lo >>> 0 < low >>> 0 ? 1 : 0)) | 0;
  }

  #readSparse({ i32, u16, u8 }: BlockViews, at: number, code: number, word: number, bit: number): void {
    const mask = i32[at + word]!;
    if (((mask >>> bit) & 1) === 0) return;
    const index = popcount(mask & ((1 << bit) - 1)) + (word === 1 ? popcount(i32[at]!) : 0);
    const value = at + 2;
    if (code === 4) {
      this.lo = i32[value + index * 2]!;
      this.hi = i32[value + index * 2 + 1]!;
      return;
    }
    if (code === 1) this.lo = (u8[value * 4 + index]! << 24) >> 24;
    else if (code === 2) this.lo = (u16[value * 2 + index]! << 16) >> 16;
    else this.lo = i32[value + index]!;
    this.hi = this.lo >> 31;
  }
}

export class HistoryReader {
  readonly ref: HistoryRef;
  readonly tables: HistoryTables;
  readonly blocks: readonly BlockViews[];
  readonly #columns: ReadonlyMap<string, number>;

  constructor(ref: HistoryRef) {
    this.ref = ref;
    this.tables = openHistoryTables(ref.tables);
    this.blocks = ref.blocks.map(openBlock);
    this.#columns = new Map(ref.columns.map((name, c) => [name, c + 1]));
  }

  get frames(): number {
    return this.ref.frameBlock.length;
  }

  /** Number of a tracked column, for walks; undefined when it is not tracked. */
  columnOf(name: string): number | undefined {
    return this.#columns.get(name);
  }

  /** The slot of a row's key, -1 when this version holds none. */
  findBytes(bytes: Uint8Array, start: number, end: number): number {
    const entry = this.tables.keys.find(bytes, start, end);
    if (entry < 0) return -1;
    const slot = this.tables.i32[this.tables.slotOfEntry + entry]!;
    return slot < this.ref.slots ? slot : -1;
  }

  findKey(key: string): number {
    const bytes = encoder.encode(key);
    return this.findBytes(bytes, 0, bytes.length);
  }

  walk(columns: readonly number[]): HistoryWalk {
    return new HistoryWalk(this, columns);
  }
}

/**
 * One row's samples, from the newest back: what each tracked column was when the row had the time
 * `timeMs`. Reused from row to row.
 */
export class HistoryWalk {
  /** By place in `columns`: two's complement halves, or a double's. */
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** 1 where the cell had a value. */
  readonly valid: Uint8Array;
  /** TAG_* of model/schema.ts. */
  readonly tag: Uint8Array;
  /** Frames looked at since `begin`. */
  steps = 0;
  readonly #reader: HistoryReader;
  readonly #columns: Int32Array;
  readonly #change = new CellChange();
  readonly #bits = new Int32Array(2);
  readonly #time = new Float64Array(this.#bits.buffer);
  #slot = -1;
  #frame = -1;

  constructor(reader: HistoryReader, columns: readonly number[]) {
    this.#reader = reader;
    this.#columns = Int32Array.from(columns);
    this.lo = new Int32Array(columns.length);
    this.hi = new Int32Array(columns.length);
    this.valid = new Uint8Array(columns.length);
    this.tag = new Uint8Array(columns.length);
  }

  /** The row's own time of the sample, epoch ms. */
  get timeMs(): number {
    return this.#time[0]!;
  }

  /** Stands at the newest sample of a slot; false when there is none. */
  begin(slot: number): boolean {
    const { tables, ref } = this.#reader;
    const { i32, banks } = tables;
    const bank = banks[(ref.version & 1) as 0 | 1];
    this.#slot = slot;
    this.#frame = this.#reader.frames - 1;
    this.steps = 0;
    this.#bits[0] = i32[bank.valueWord[0]! + slot * 2]!;
    this.#bits[1] = i32[bank.valueWord[0]! + slot * 2 + 1]!;
    const bit = slot & 31;
    for (let i = 0; i < this.#columns.length; i++) {
      const c = this.#columns[i]!;
      this.lo[i] = i32[bank.valueWord[c]! + slot * 2]!;
      this.hi[i] = i32[bank.valueWord[c]! + slot * 2 + 1]!;
      this.valid[i] = (i32[bank.validWord[c]! + (slot >> 5)]! >>> bit) & 1;
      const tag = bank.tagWord[c]! + (slot >> 6) * 4 + ((slot >> 5) & 1);
      this.tag[i] = ((i32[tag]! >>> bit) & 1) | (((i32[tag + 2]! >>> bit) & 1) << 1);
    }
    return this.#hasSample;
  }

  /** All bits zero: the row had no sample yet. */
  get #hasSample(): boolean {
    return (this.#bits[0]! | this.#bits[1]!) !== 0;
  }

  /** Moves to the sample before; false when the ring holds none. */
  back(): boolean {
    const { ref, blocks } = this.#reader;
    const change = this.#change;
    const slot = this.#slot;
    const bits = this.#bits;
    while (this.#frame >= 0) {
      const f = this.#frame--;
      this.steps++;
      if (slot >= ref.frameSlots[f]!) continue;
      const block = blocks[ref.frameBlock[f]!]!;
      const base = ref.frameOffset[f]! * 2;
      // Cells are recorded with a new row time only.
      if (!change.read(block, base, 0, slot) || (change.lo | change.hi) === 0) continue;
      const low = bits[0]!;
      bits[0] = low - change.lo;
      bits[1] = bits[1]! - change.hi - (low >>> 0 < change.lo >>> 0 ? 1 : 0);
      for (let i = 0; i < this.#columns.length; i++) this.#undo(block, base, i);
      return this.#hasSample;
    }
    return false;
  }

  #undo(block: BlockViews, base: number, i: number): void {
    const change = this.#change;
    if (!change.read(block, base, this.#columns[i]!, this.#slot)) return;
    const low = this.lo[i]!;
    this.lo[i] = low - change.lo;
    this.hi[i] = this.hi[i]! - change.hi - (low >>> 0 < change.lo >>> 0 ? 1 : 0);
    this.valid[i]! ^= change.valid;
    this.tag[i]! ^= change.tag;
  }
}
