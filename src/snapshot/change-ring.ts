/**
 * Where change bitmaps lie. The last CHANGE_FINE versions have an entry each; older ones are merged in
 * groups of CHANGE_GROUP_VERSIONS, so that 64 versions cost as much memory as 17. An entry:
 *
 * ```
 *  touched bits | member bits | flags: a bit a column for each chunk of slots | cell bits a column
 * ```
 *
 * A chunk's cell bits of a column are valid where its flag is set, and then all of its words are: most
 * columns of most versions change nowhere, and pages that nobody writes stay out of memory. Chunks
 * share no word, so that jobs may each write some of them.
 *
 * While version w is filled, readers go back SINCE_VERSIONS from w - 1: they take entries of single
 * versions from w - CHANGE_FINE + 1 on, and groups below. So the fill of w overwrites the entry of
 * w - CHANGE_FINE, which its group has had since the fill before, and adds w - CHANGE_FINE + 1 to its
 * group. A first version is in no group: nobody can ask for what it changed.
 */
import {
  CHANGE_COUNTS,
  CHANGE_FINE,
  CHANGE_GROUP_VERSIONS,
  CHANGE_GROUPS,
  SINCE_VERSIONS,
} from '../model/limits.js';
import type { Sections } from './sections.js';

/** Words of a chunk in a bitmap over slots: 4096 slots. */
export const CHUNK_WORDS = 128;

export const RING_META_WORDS = 4;
export const RING_VERSION = 0;
export const RING_CHANGED_CELLS = 1;
export const RING_APPEARED = 2;
export const RING_VANISHED = 3;

export interface RingLayout {
  /** Counts of a version: entries of RING_META_WORDS, one for each of CHANGE_COUNTS versions. */
  readonly metaWord: number;
  /** Word of entry 0: first those of versions, then those of groups, every `entryWords`. */
  readonly word: number;
  readonly entryWords: number;
  /** Within an entry: flags of chunk 0, words of flags of a chunk, and the cell bits of column 0. */
  readonly flagsWord: number;
  readonly chunkFlagWords: number;
  readonly cellsWord: number;
  readonly bitmapWords: number;
  readonly baseVersion: number;
}

export interface RingSpec {
  readonly columns: number;
  readonly bitmapWords: number;
  readonly baseVersion: number;
}

/** Lays out the entries; the counts lie elsewhere, at `metaWord`. */
export function layoutRing(
  sections: Sections,
  metaWord: number,
  { columns, bitmapWords, baseVersion }: RingSpec,
): RingLayout {
  const chunkFlagWords = Math.ceil(columns / 32);
  const chunks = Math.ceil(bitmapWords / CHUNK_WORDS);
  const flagsWord = 2 * bitmapWords;
  const cellsWord = Math.ceil((flagsWord + chunks * chunkFlagWords) / 16) * 16;
  const entryWords = cellsWord + columns * bitmapWords;
  const word = sections.words((CHANGE_FINE + CHANGE_GROUPS) * entryWords);
  return { metaWord, word, entryWords, flagsWord, chunkFlagWords, cellsWord, bitmapWords, baseVersion };
}

/** The entry of one version. */
export function versionEntry(ring: RingLayout, version: number): number {
  return ring.word + (version % CHANGE_FINE) * ring.entryWords;
}

function groupNumber(ring: RingLayout, version: number): number {
  return Math.floor((version - ring.baseVersion - 1) / CHANGE_GROUP_VERSIONS);
}

/** The entry of the group that holds a version. */
export function groupEntry(ring: RingLayout, version: number): number {
  return ring.word + (CHANGE_FINE + (groupNumber(ring, version) % CHANGE_GROUPS)) * ring.entryWords;
}

/** The first version that a version's group holds. */
export function groupStart(ring: RingLayout, version: number): number {
  const first = ring.baseVersion + 1 + groupNumber(ring, version) * CHANGE_GROUP_VERSIONS;
  return Math.max(first, ring.baseVersion + 2);
}

/** The version that the fill of `version` adds to its group; 0: none yet. */
export function versionToGroup(ring: RingLayout, version: number): number {
  const old = version - CHANGE_FINE + 1;
  return old >= ring.baseVersion + 2 ? old : 0;
}

/** The oldest version that readers of `now` take from its own entry. */
export function oldestSingle(now: number): number {
  return now - CHANGE_FINE + 2;
}

/** Where the counts of a version are. */
export function countsWord(ring: RingLayout, version: number): number {
  return ring.metaWord + (version % CHANGE_COUNTS) * RING_META_WORDS;
}

/** The word of flags that holds a column's for the chunk of word `w`; its bit is `column & 31`. */
export function flagWord(ring: RingLayout, entry: number, column: number, w: number): number {
  return entry + ring.flagsWord + Math.trunc(w / CHUNK_WORDS) * ring.chunkFlagWords + (column >> 5);
}

/** The cell bits of a column. */
export function cellBitsWord(ring: RingLayout, entry: number, column: number): number {
  return entry + ring.cellsWord + column * ring.bitmapWords;
}

// The group that is begun anew must be older than any that a reader of the version before goes back to.
if (Math.floor((CHANGE_FINE - SINCE_VERSIONS - 1) / CHANGE_GROUP_VERSIONS) < 1 - CHANGE_GROUPS) {
  throw new Error('BUG: CHANGE_GROUPS groups do not reach back SINCE_VERSIONS');
}
if (CHANGE_COUNTS < SINCE_VERSIONS + CHANGE_GROUP_VERSIONS + 1) {
  throw new Error('BUG: CHANGE_COUNTS must cover the groups');
}
