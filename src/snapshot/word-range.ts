/** Ranges of slots, in words of their bitmaps: what one of several jobs works on. */
import { CHUNK_WORDS } from './change-ring.js';

/** Words [from, to) of each bitmap: slots [32 * from, 32 * to). */
export interface WordRange {
  readonly from: number;
  readonly to: number;
}

export function wholeRange(bitmapWords: number): WordRange {
  return { from: 0, to: bitmapWords };
}

/**
 * Cuts `usedWords` of `bitmapWords` into at most `count` ranges of whole chunks, about equal; the last
 * one has the unused rest.
 */
export function cutRanges(usedWords: number, bitmapWords: number, count: number): WordRange[] {
  const chunks = Math.ceil(usedWords / CHUNK_WORDS);
  const parts = Math.max(1, Math.min(count, chunks));
  const at = (part: number): number =>
    part === parts ? bitmapWords : Math.round((chunks * part) / parts) * CHUNK_WORDS;
  return Array.from({ length: parts }, (_, part) => ({ from: at(part), to: at(part + 1) }));
}
