/**
 * The cells of a block: the kernel reads them into strips, one a column, and here they go from strip to
 * bank. Cells that the kernel leaves are written one by one, in the order of the body.
 */
import {
  DIFFERS,
  ENTRY_BEFORE,
  ENTRY_BITS,
  ENTRY_BLOCK_MISSING,
  ENTRY_MISSING,
  ENTRY_OP,
  ENTRY_SEEN,
  ENTRY_STRIP,
  ENTRY_TEXT_BYTES,
  ENTRY_WORDS,
  FRAME_SPANS,
  FRAME_TEXT,
  FRAME_TEXT_BYTES,
  frameAt,
  PAGE_STRINGS,
  PAGES_WANTED_MAX,
  SCAN_LEAVE,
  SCAN_SKIP,
  SCAN_TEXT,
  SCAN_TIME,
} from '../kernel/scan-kernel.js';
import {
  isBlockSink,
  type BankSink,
  type BlockSink,
  type ChangeNotes,
  type TextTarget,
} from '../model/bank.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { lowestBit } from '../snapshot/bits.js';
import type { Block } from './block.js';
import { scanOps } from './block-ops.js';
import { addBits, isConsecutive } from './block-runs.js';
import { OP_TEXT_BY_CONTENT, type CellWriter } from './cells.js';
import type { Facts } from './facts.js';
import type { HeaderPlan } from './plan.js';
import type { RowPath } from './row-path.js';

/** Fewer rows than this are stored cell by cell. */
const RUN_MIN = 8;

/** Writes one cell whose span includes its quotes. */
export type WriteCell = (bytes: Uint8Array, start: number, end: number, column: number, slot: number) => void;

export class BlockCells {
  readonly #block: Block;
  readonly #sink: BankSink;
  /** The same, when it knows the version before. */
  readonly #before: BlockSink | null;
  readonly #cells: CellWriter;
  readonly #facts: Facts;
  readonly #ops: Uint8Array;
  /** Columns that become text with their first cell that is no number. */
  #unsettled: number[];

  constructor(
    block: Block,
    plan: HeaderPlan,
    sink: BankSink,
    policy: ParsePolicy,
    { cells, facts }: RowPath,
  ) {
    this.#block = block;
    this.#sink = sink;
    this.#before = isBlockSink(sink) ? sink : null;
    this.#cells = cells;
    this.#facts = facts;
    this.#ops = scanOps(plan, cells, policy);
    this.#unsettled = [...cells.ops.keys()].filter((c) => cells.ops[c] === OP_TEXT_BY_CONTENT);
    const { i32, stripsAt, beforeAt, bitsAt } = block.kernel;
    for (let c = 0; c < block.columns; c++) {
      const at = this.#entry(c);
      i32.fill(0, at, at + ENTRY_WORDS);
      i32[at + ENTRY_OP] = this.#ops[c]!;
      i32[at + ENTRY_STRIP] = stripsAt + c * block.capacity * 8;
      i32[at + ENTRY_BEFORE] = beforeAt + c * block.capacity * 8;
      i32[at + ENTRY_BITS] = bitsAt + (c * block.capacity) / 8;
    }
  }

  /** Rows that a block should have: until all columns are settled, text comes cell by cell. */
  get rowsWanted(): number {
    return this.#unsettled.length > 0 ? 32 : Infinity;
  }

  /** Index of a column's entry in the kernel's memory. */
  #entry(column: number): number {
    return this.#block.kernel.columnsAt / 4 + column * ENTRY_WORDS;
  }

  /** Stores the first `rows` of the block's rows, in `slots`. `begin` is told of each row with cells left. */
  store(rows: number, slots: Int32Array, begin: (row: number) => void, write: WriteCell): void {
    const isRun = rows >= RUN_MIN && isConsecutive(slots, rows);
    if (this.#before !== null) this.#recall(this.#before, rows, slots, isRun);
    const known = isRun ? (this.#before?.known ?? null) : null;
    const left = this.#block.kernel.functions.convert(rows, known === null ? 0 : DIFFERS);
    for (let c = 0; c < this.#block.columns; c++) {
      if (!this.#isStored(c)) continue;
      if (isRun) this.#storeRun(c, rows, slots[0]!, known);
      else this.#storeCells(c, rows, slots);
    }
    known?.take(slots[0]!, rows);
    if (left > 0) this.#writeLeft(rows, slots, begin, write, known);
    if (this.#unsettled.length > 0) this.#settle();
  }

  #isStored(column: number): boolean {
    return this.#ops[column] !== SCAN_SKIP && this.#ops[column] !== SCAN_LEAVE;
  }

  /** Brings in what the version before has in these rows: text, and all else that is compared. */
  #recall(sink: BlockSink, rows: number, slots: Int32Array, isRun: boolean): void {
    const { i32, u8, f64, beforeAt, wantedAt, functions } = this.#block.kernel;
    for (let c = 0; c < this.#block.columns; c++) {
      const isCompared = isRun && sink.known !== null && this.#isStored(c) && this.#ops[c] !== SCAN_TIME;
      if (this.#ops[c] !== SCAN_TEXT && !isCompared) continue;
      const to = beforeAt / 8 + c * this.#block.capacity;
      const from = sink.before0[this.#cells.fieldOf[c]!]!;
      const first = from + slots[0]!;
      if (isRun) f64.set(sink.f64.subarray(first, first + rows), to);
      // A double may not keep the bits of an integer: ids are low halves.
      else for (let r = 0; r < rows; r++) i32[2 * (to + r)] = sink.i32[2 * (from + slots[r]!)]!;
    }
    const target: TextTarget = { i32, u8, word: 0, byte: 0, bytesMax: FRAME_TEXT_BYTES };
    const wanted = functions.wantPages(rows, PAGES_WANTED_MAX);
    for (let k = 0; k < wanted; k++) {
      const page = i32[wantedAt / 4 + k]!;
      const frame = frameAt(this.#block.kernel, page);
      target.word = (frame + FRAME_SPANS) / 4;
      target.byte = frame + FRAME_TEXT;
      sink.copyTexts(page * PAGE_STRINGS, PAGE_STRINGS, target);
    }
  }

  #storeRun(column: number, rows: number, slot: number, known: ChangeNotes | null): void {
    const { f64, i32, stripsAt, bitsAt } = this.#block.kernel;
    const sink = this.#sink;
    const field = this.#cells.fieldOf[column]!;
    const strip = stripsAt / 8 + column * this.#block.capacity;
    const cell = field < 0 ? sink.rowTime0 : sink.cell0[field]!;
    sink.f64.set(f64.subarray(strip, strip + rows), cell + slot);
    if (field < 0) return;
    const bits = bitsAt / 4 + (column * this.#block.capacity) / 32;
    if (i32[this.#entry(column) + ENTRY_BLOCK_MISSING] !== 0) {
      addBits(i32, bits, rows, sink.i32, sink.missing0[field]!, slot);
    }
    if (known) addBits(i32, bits + DIFFERS / 4, rows, known.bits, field * known.words, slot);
  }

  #storeCells(column: number, rows: number, slots: Int32Array): void {
    const { i32, stripsAt, bitsAt } = this.#block.kernel;
    const sink = this.#sink;
    const field = this.#cells.fieldOf[column]!;
    const strip = (stripsAt / 8 + column * this.#block.capacity) * 2;
    const cell = field < 0 ? sink.rowTime0 : sink.cell0[field]!;
    for (let r = 0; r < rows; r++) {
      const word = 2 * (cell + slots[r]!);
      sink.i32[word] = i32[strip + 2 * r]!;
      sink.i32[word + 1] = i32[strip + 2 * r + 1]!;
    }
    if (field < 0 || i32[this.#entry(column) + ENTRY_BLOCK_MISSING] === 0) return;
    const bits = bitsAt / 4 + (column * this.#block.capacity) / 32;
    for (let r = 0; r < rows; r++) {
      if (((i32[bits + (r >> 5)]! >>> (r & 31)) & 1) === 0) continue;
      sink.i32[sink.missing0[field]! + (slots[r]! >> 5)]! |= 1 << (slots[r]! & 31);
    }
  }

  #writeLeft(
    rows: number,
    slots: Int32Array,
    begin: (row: number) => void,
    write: WriteCell,
    known: ChangeNotes | null,
  ): void {
    const block = this.#block;
    const { i32, u8, leftAt } = block.kernel;
    const words = (block.columns + 31) >> 5;
    for (let r = 0; r < rows; r++) {
      begin(r);
      for (let w = 0; w < words; w++) {
        for (let rest = i32[leftAt / 4 + r * words + w]!; rest !== 0; rest &= rest - 1) {
          const column = w * 32 + lowestBit(rest);
          const start = block.start(r, column);
          const end = block.end(r, column);
          write(u8, start, end, column, slots[r]!);
          if (known) this.#note(known, column, slots[r]!);
          if (this.#ops[column] === SCAN_TEXT && this.#cells.ops[column]! <= OP_TEXT_BY_CONTENT) {
            this.#teach(start, end, column, slots[r]!);
          }
        }
      }
    }
  }

  /** Whether the cell that was just written differs from the one before. */
  #note(known: ChangeNotes, column: number, slot: number): void {
    const field = this.#cells.fieldOf[column]!;
    if (field < 0 || this.#before === null) return;
    const { i32, cell0, before0 } = this.#before;
    const now = 2 * (cell0[field]! + slot);
    const old = 2 * (before0[field]! + slot);
    known.set(field, slot, i32[now] !== i32[old] || i32[now + 1] !== i32[old + 1]);
  }

  /** The kernel shall know the text of a cell that was just written. */
  #teach(start: number, end: number, column: number, slot: number): void {
    const sink = this.#sink;
    const field = this.#cells.fieldOf[column]!;
    if ((sink.i32[sink.missing0[field]! + (slot >> 5)]! >>> (slot & 31)) & 1) return;
    this.#block.kernel.functions.teach(start, end, sink.i32[2 * (sink.cell0[field]! + slot)]!);
  }

  #settle(): void {
    this.#unsettled = this.#unsettled.filter((column) => {
      if (this.#facts.hasText[this.#cells.fieldOf[column]!] === 0) return true;
      this.#ops[column] = SCAN_TEXT;
      this.#block.kernel.i32[this.#entry(column) + ENTRY_OP] = SCAN_TEXT;
      return false;
    });
  }

  /** Adds what the kernel counted to the facts. */
  collect(): void {
    const { i32 } = this.#block.kernel;
    for (let c = 0; c < this.#block.columns; c++) {
      const field = this.#cells.fieldOf[c]!;
      if (field < 0) continue;
      const at = this.#entry(c);
      this.#facts.seen[field]! |= i32[at + ENTRY_SEEN]!;
      this.#facts.missing[field]! += i32[at + ENTRY_MISSING]!;
      this.#facts.textBytes[field]! += i32[at + ENTRY_TEXT_BYTES]! >>> 0;
    }
  }
}
