/** Where the memory of one published source goes, in bytes: what of its segment is in use, part by part. */
import { CHANGE_FINE, CHANGE_GROUPS } from '../../src/model/limits.js';
import { CHUNK_WORDS, flagWord } from '../../src/snapshot/change-ring.js';
import { openSegment, type SegmentRef, type SegmentViews } from '../../src/snapshot/layout.js';
import { rowIndex, stringTable } from '../../src/snapshot/tables.js';

export interface SegmentAccount {
  readonly banks: number;
  readonly previousSamples: number;
  readonly changeBitmaps: number;
  /** Keys and distinct text, with their indexes. */
  readonly tables: number;
}

const CELL_BYTES = 8;
const BANKS = 2;
const SPAN_AND_HASH_BYTES = 12;

export function accountOf(ref: SegmentRef): SegmentAccount {
  const views = openSegment(ref);
  const { layout } = views;
  const { columns, rates } = layout.spec;
  const slots = rowIndex(views).count;
  const mixed = columns.filter(({ kind }) => kind === 'mixed').length;
  const bitmaps = (columns.length + mixed * 2 + 1) / 8;
  const kept = layout.banks[0].previous ? (rates?.roles.filter((role) => role !== 0).length ?? 0) : 0;
  return {
    banks: BANKS * slots * (columns.length * CELL_BYTES + bitmaps),
    previousSamples: kept === 0 ? 0 : BANKS * slots * (kept * (CELL_BYTES + 2 / 8) + 2 * CELL_BYTES),
    changeBitmaps: changeBytes(views),
    tables: tableBytes(views),
  };
}

/** Of the entries that hold something: the rows' bits, and those of each column and chunk that changed. */
function changeBytes({ i32, layout }: SegmentViews): number {
  const { ring, bitmapWords, spec } = layout;
  let bytes = 0;
  for (let entry = 0; entry < CHANGE_FINE + CHANGE_GROUPS; entry++) {
    const at = ring.word + entry * ring.entryWords;
    bytes += 2 * bitmapWords * 4;
    for (let w = 0; w < bitmapWords; w += CHUNK_WORDS) {
      for (let c = 0; c < spec.columns.length; c++) {
        if ((i32[flagWord(ring, at, c, w)]! >>> (c & 31)) & 1) bytes += CHUNK_WORDS * 4;
      }
    }
  }
  return bytes;
}

function tableBytes(views: SegmentViews): number {
  const { keyIndexMask, stringIndexMask } = views.layout;
  const tables = [rowIndex(views), stringTable(views)];
  const entries = tables.reduce((sum, table) => sum + table.count * SPAN_AND_HASH_BYTES + table.byteCount, 0);
  return entries + 4 * (keyIndexMask + 1 + stringIndexMask + 1);
}
