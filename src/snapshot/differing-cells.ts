/** Which cells of two banks differ, a word of bits for 32 of them. */
import { compareCells, type ComparedCells } from '../kernel/compare-kernel.js';
import { CHUNK_WORDS } from './change-ring.js';
import type { SegmentViews } from './layout.js';
import type { WordRange } from './word-range.js';

/**
 * Bits of the 32 cells from `slot0` whose 8 bytes differ between two columns. Without a branch: half-changed
 * columns would mispredict on every other cell. Four at a time: a fifth of the time less.
 */
export function differingBits(i32: Int32Array, a: number, b: number, slot0: number): number {
  let bits = 0;
  let x = ((a + slot0) * 2) | 0;
  let y = ((b + slot0) * 2) | 0;
  for (let k = 0; k < 32; k += 4) {
    const p = (i32[x]! ^ i32[y]!) | (i32[(x + 1) | 0]! ^ i32[(y + 1) | 0]!);
    const q = (i32[(x + 2) | 0]! ^ i32[(y + 2) | 0]!) | (i32[(x + 3) | 0]! ^ i32[(y + 3) | 0]!);
    const r = (i32[(x + 4) | 0]! ^ i32[(y + 4) | 0]!) | (i32[(x + 5) | 0]! ^ i32[(y + 5) | 0]!);
    const s = (i32[(x + 6) | 0]! ^ i32[(y + 6) | 0]!) | (i32[(x + 7) | 0]! ^ i32[(y + 7) | 0]!);
    const low = ((p | -p) >>> 31) | (((q | -q) >>> 31) << 1);
    const high = ((r | -r) >>> 31) | (((s | -s) >>> 31) << 1);
    bits |= (low | (high << 2)) << k;
    x = (x + 8) | 0;
    y = (y + 8) | 0;
  }
  return bits;
}

/** Bits of the 32 cells of word `w` whose tags differ. */
export function differingTags(i32: Int32Array, a: number, b: number, w: number): number {
  let bits = 0;
  for (let half = 0; half < 2; half++) {
    const pairs = i32[a + w * 2 + half]! ^ i32[b + w * 2 + half]!;
    if (pairs === 0) continue;
    for (let k = 0; k < 16; k++) if ((pairs >>> (k * 2)) & 3) bits |= 1 << (half * 16 + k);
  }
  return bits;
}

const NONE: ComparedCells = { i32: new Int32Array(CHUNK_WORDS), word: 0 };

/**
 * The same of many words at once, at most a chunk. Most columns of most versions change nowhere: one look
 * at their bytes tells. Valid until the next call.
 */
export function differingCells(
  { u8, f64 }: SegmentViews,
  a: number,
  b: number,
  { from, to }: WordRange,
): ComparedCells {
  const count = (to - from) * 32;
  if (count <= 0) return NONE;
  const start = from * 32;
  const bytesOf = (cell0: number): Uint8Array =>
    u8.subarray((cell0 + start) * 8, (cell0 + start + count) * 8);
  if (Buffer.compare(bytesOf(a), bytesOf(b)) === 0) return NONE;
  return compareCells(f64, a + start, b + start, count);
}
