/** Which cells of two columns differ. See kernel/compare-kernel.ts, which copies them here. */
import { differing32 } from './shared/differ';

/** Two times 4096 cells, and their bits. */
const A: i32 = 4096;
const B: i32 = A + 32768;
const OUT: i32 = B + 32768;

/** Compares 32 cells for each of `words` words of bits. */
export function compareCells(words: i32): void {
  for (let w = 0; w < words; w++) {
    store<i32>(OUT + (w << 2), differing32(A + (w << 8), B + (w << 8)));
  }
}
