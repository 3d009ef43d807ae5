/** The two byte tables of a segment: row keys (id = slot) and strings. */
import { ByteTable } from './byte-table.js';
import {
  CONTROL_KEY_BYTES,
  CONTROL_SLOTS,
  CONTROL_STRING_BYTES,
  CONTROL_STRINGS,
  type SegmentViews,
} from './layout.js';

/** Row keys: an entry's id is its slot, kept for the whole generation. */
export function rowIndex(views: SegmentViews): ByteTable {
  const { layout } = views;
  return new ByteTable(views, {
    indexWord: layout.keyIndexWord,
    indexMask: layout.keyIndexMask,
    hashWord: layout.keyHashWord,
    spanWord: layout.keySpanWord,
    byte0: layout.keyByte0,
    entriesMax: layout.spec.slotCapacity,
    bytesMax: layout.spec.keyBytesCapacity,
    entriesMark: CONTROL_SLOTS,
    bytesMark: CONTROL_KEY_BYTES,
  });
}

/** Distinct text cells of a generation. */
export function stringTable(views: SegmentViews): ByteTable {
  const { layout } = views;
  return new ByteTable(views, {
    indexWord: layout.stringIndexWord,
    indexMask: layout.stringIndexMask,
    hashWord: layout.stringHashWord,
    spanWord: layout.stringSpanWord,
    byte0: layout.stringByte0,
    entriesMax: layout.spec.stringCapacity,
    bytesMax: layout.spec.stringBytesCapacity,
    entriesMark: CONTROL_STRINGS,
    bytesMark: CONTROL_STRING_BYTES,
  });
}

/** Words of a bitmap over slots that slots were given out of. */
export function usedWords(views: SegmentViews): number {
  return Math.ceil(rowIndex(views).count / 32);
}
