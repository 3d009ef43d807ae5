/** The shared buffers of one source's history: given back once no job reads them any more. Main only. */
import {
  HISTORY_BLOCK_FRAMES,
  HISTORY_GROUP_SLOTS,
  HISTORY_ROW_SLACK,
  worstFrameBytes,
} from '../model/history.js';
import type { HistoryBudget } from './history-budget.js';
import { FRAME_BYTES_MAX, historyTableBytes, type HistorySpec } from './history-layout.js';

const KEY_BYTES_SLACK = 4096;
/** However small the bound: a block takes no more of it. */
const BLOCK_SHARE = 16;

/** A buffer of the budget, counted pins on it, and its end. */
export class HistoryMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #budget: HistoryBudget;
  #pins = 0;
  #dropped = false;
  #released = false;

  constructor(buffer: SharedArrayBuffer, budget: HistoryBudget) {
    this.buffer = buffer;
    this.#budget = budget;
  }

  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    this.#settle();
  }

  /** No longer wanted. False when a job still reads it: it is given back behind that. */
  drop(): boolean {
    this.#dropped = true;
    return this.#settle();
  }

  #settle(): boolean {
    if (!this.#dropped || this.#released || this.#pins > 0) return this.#released;
    this.#released = true;
    this.#budget.release(this.buffer);
    return true;
  }
}

/** Tables, and the jobs that read each of their banks. */
export class TablesMemory extends HistoryMemory {
  readonly spec: HistorySpec;
  readonly readers: [number, number] = [0, 0];

  constructor(buffer: SharedArrayBuffer, budget: HistoryBudget, spec: HistorySpec) {
    super(buffer, budget);
    this.spec = spec;
  }

  /** As it crosses threads. */
  get ref(): { readonly buffer: SharedArrayBuffer; readonly spec: HistorySpec } {
    return { buffer: this.buffer, spec: this.spec };
  }
}

/** Empty tables with room to grow; null when the bound leaves none. Never fewer than `slotsMin` slots. */
export function makeTables(
  budget: HistoryBudget,
  columns: number,
  rows: number,
  keyBytes: number,
  slotsMin: number,
): TablesMemory | null {
  const wanted = Math.max(slotsMin, rows * HISTORY_ROW_SLACK, 1);
  const spec = {
    columns,
    slotCapacity: Math.ceil(wanted / HISTORY_GROUP_SLOTS) * HISTORY_GROUP_SLOTS,
    keyBytesCapacity: Math.ceil(keyBytes * HISTORY_ROW_SLACK) + KEY_BYTES_SLACK,
  };
  const buffer = budget.acquire(historyTableBytes(spec), true);
  return buffer && new TablesMemory(buffer, budget, spec);
}

/** A block for frames of tables of this shape; null when the bound leaves no room. */
export function makeBlock(
  budget: HistoryBudget,
  { columns, slotCapacity }: HistorySpec,
): HistoryMemory | null {
  const expected = worstFrameBytes(columns, slotCapacity / HISTORY_ROW_SLACK) * HISTORY_BLOCK_FRAMES;
  const least = Math.min(worstFrameBytes(columns, slotCapacity), FRAME_BYTES_MAX);
  const bytes = Math.max(Math.min(expected, Math.floor(budget.bytesMax / BLOCK_SHARE)), least);
  const buffer = budget.acquire(bytes, false);
  return buffer && new HistoryMemory(buffer, budget);
}
