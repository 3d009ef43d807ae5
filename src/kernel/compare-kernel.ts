/** The compare kernel: bits of cells that differ, for those who have them in no other kernel's memory. */
import { loadKernel, type Kernel } from './load-kernel.js';

/** Cells compared at a time: they stay in the first caches. */
const COMPARE_CELLS_MAX = 4096;

const A = 4096;
const B = A + COMPARE_CELLS_MAX * 8;
const OUT = B + COMPARE_CELLS_MAX * 8;

let kernel: Kernel<{ compareCells(words: number): void }> | null = null;

/** The memory that holds the bits: of cell i, bit (i & 31) of `i32[word + (i >> 5)]`. */
export interface ComparedCells {
  readonly i32: Int32Array;
  readonly word: number;
}

const compared = (i32: Int32Array): ComparedCells => ({ i32, word: OUT / 4 });
let result: ComparedCells | null = null;

/**
 * Compares `count` cells, a multiple of 32 and at most COMPARE_CELLS_MAX, from `a` and `b` on, all eight
 * bytes of each. The result is valid until the next call of this thread.
 */
export function compareCells(cells: Float64Array, a: number, b: number, count: number): ComparedCells {
  kernel ??= loadKernel('compare', OUT + COMPARE_CELLS_MAX / 8);
  const { f64, i32, functions } = kernel;
  f64.set(cells.subarray(a, a + count), A / 8);
  f64.set(cells.subarray(b, b + count), B / 8);
  functions.compareCells(count / 32);
  return (result ??= compared(i32));
}
