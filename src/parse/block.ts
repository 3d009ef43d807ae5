/** A block of the body in the scan kernel's memory: its plain rows, and where their cells lie. */
import {
  BLOCK_MARGIN,
  blockRows,
  LEX_USED_UP,
  MISSING_TEXT_BYTES_MAX,
  MISSING_TEXTS_MAX,
  scanKernel,
  writeMissingTexts,
  type ScanKernel,
} from '../kernel/scan-kernel.js';
import { bug } from '../model/errors.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { powersOfFive } from './decimal.js';
import type { HeaderPlan } from './plan.js';
import type { Region } from './regions.js';

const CR = 13;
const QUOTE = 34;

/** How much of the body a block takes at most: no rows means that no block is read. */
export interface BlockLimits {
  readonly bytes: number;
  readonly rows: number;
}

const NO_LIMITS: BlockLimits = { bytes: Infinity, rows: Infinity };
let limits = NO_LIMITS;

/** For tests: borders of blocks are everywhere then. Returns how to undo it. */
export function limitBlocks(to: BlockLimits): () => void {
  limits = to;
  return () => {
    limits = NO_LIMITS;
  };
}

export class Block {
  readonly kernel: ScanKernel;
  readonly columns: number;
  /** Room for rows in the kernel's memory, a multiple of 32. */
  readonly capacity: number;
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  readonly #header: Uint8Array;
  /** What lies at index p of the region lies at p + bias in the kernel's memory. */
  #bias = 0;
  #region: Region | null = null;
  #from = 0;
  #to = 0;

  constructor(plan: HeaderPlan, policy: ParsePolicy) {
    this.kernel = scanKernel(powersOfFive);
    this.columns = plan.header.length;
    this.#header = plan.bytes;
    this.capacity = blockRows(this.columns);
    this.#rowsMax = Math.min(this.capacity, limits.rows);
    this.#bytesMax = Math.min(this.kernel.blockBytes, limits.bytes);
    const texts = policy.missing
      .map((text) => new Uint8Array(Buffer.from(text)))
      .filter((text) => text.length <= MISSING_TEXT_BYTES_MAX && !text.includes(QUOTE))
      .slice(0, MISSING_TEXTS_MAX);
    const leavesMinus = policy.missing.some((text) => text.startsWith('-'));
    writeMissingTexts(this.kernel, texts);
    const { functions } = this.kernel;
    functions.setShape(this.columns, plan.delimiter.charCodeAt(0), leavesMinus ? 1 : 0, texts.length);
    functions.clearTexts();
  }

  /** From here on, indices are the region's. */
  begin(region: Region): void {
    this.#region = region;
    this.#from = 0;
    this.#to = 0;
  }

  /**
   * Finds plain rows at index `p`: at most `most`. Returns how many; 0 when the row there is
   * for the other path.
   */
  find(p: number, most: number): number {
    if (this.#rowsMax === 0) return 0;
    const isIn = p >= this.#from && p < this.#to;
    if (!isIn) this.#load(p);
    const rows = this.#lex(p, most);
    if (rows > 0 || p === this.#from || this.kernel.functions.lexReason.value !== LEX_USED_UP) return rows;
    this.#load(p);
    return this.#lex(p, most);
  }

  #load(p: number): void {
    if (!this.#region) bug('a block without a region');
    const { bytes, end } = this.#region;
    const { u8, bodyAt } = this.kernel;
    const stop = Math.min(end, p + this.#bytesMax);
    // Equal addresses modulo 8: shared memory is copied by words then, else by bytes.
    const at = bodyAt + ((bytes.byteOffset + p - bodyAt) & 7);
    u8.set(bytes.subarray(p, stop), at);
    u8.fill(0, at + stop - p, at + stop - p + BLOCK_MARGIN);
    this.#bias = at - p;
    this.#from = p;
    this.#to = stop;
  }

  #lex(p: number, most: number): number {
    const { functions, endsAt } = this.kernel;
    const endsMax = endsAt + 4 + this.#rowsMax * this.columns * 4;
    return functions.lex(p + this.#bias, this.#to + this.#bias, Math.min(most, this.#rowsMax), endsMax);
  }

  /** Where a cell begins and ends in the kernel's memory, quotes included. */
  start(row: number, column: number): number {
    return this.kernel.i32[this.kernel.endsAt / 4 + row * this.columns + column]! + 1;
  }

  end(row: number, column: number): number {
    const { i32, u8, endsAt } = this.kernel;
    const at = endsAt / 4 + row * this.columns + column;
    const end = i32[at + 1]!;
    return column === this.columns - 1 && end > i32[at]! + 1 && u8[end - 1] === CR ? end - 1 : end;
  }

  /** A header row inside the data: files that were appended to have one for each run. */
  isHeader(row: number): boolean {
    const { u8 } = this.kernel;
    const header = this.#header;
    const start = this.start(row, 0);
    if (u8[start] !== header[0] || this.end(row, this.columns - 1) - start !== header.length) return false;
    for (let i = 1; i < header.length; i++) if (u8[start + i] !== header[i]) return false;
    return true;
  }

  /** The region's index of the row `row`; of the one behind the last as well. */
  indexOf(row: number): number {
    return this.start(row, 0) - this.#bias;
  }
}
