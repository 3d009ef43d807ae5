/**
 * The byte map of a segment: one SharedArrayBuffer that holds one source's table for one schema
 * generation. This file alone knows an offset; every other one asks `layoutOf`.
 *
 * ```
 *  control        CONTROL_WORDS i32      INTENT, VERSION, writer, high-water marks (a cache line each)
 *  bank meta      2 x BANK_META_WORDS    row count, string count, snapshot and receive time
 *  ring meta      CHANGE_COUNTS x 4 i32  version written there, changed cells, appeared, vanished
 *  key index      pow2 i32               open addressing: slot + 1, 0 = free
 *  key hash       slots i32              hash of the slot's key
 *  key span       slots x 2 i32          byte offset and length of the slot's key in `key bytes`
 *  string index   pow2 i32               open addressing: id + 1
 *  string hash    strings i32
 *  string span    strings x 2 i32
 *  key bytes, string bytes               u8, append-only, UTF-8
 *  bank 0, bank 1                        presence bits | held bits | sample time f64 and held since f64 of
 *                                        held rows | row time f64 | validity bits a column | tag bits a
 *                                        mixed column | cells, column after column, 8 bytes each |
 *                                        missing bits | missing since f64 | time of their last sample f64 |
 *                                        the previous sample (previous-layout.ts), where one is kept
 *  change ring    see change-ring.ts
 * ```
 * Every section starts on a 64-byte line. Bitmaps hold slot s at bit (s & 31) of word (s >> 5).
 * Version v lives in bank v & 1. All words are little-endian.
 */
import { bug } from '../model/errors.js';
import { CHANGE_COUNTS, SEGMENT_BYTES_MAX } from '../model/limits.js';
import type { RatePlan } from '../model/rates.js';
import type { ColumnSpec } from '../model/schema.js';
import { layoutRing, RING_META_WORDS, type RingLayout } from './change-ring.js';
import { layoutPrevious, type PreviousLayout } from './previous-layout.js';
import { Sections } from './sections.js';

/** Everything that decides a segment's shape. Crosses threads by structured clone. */
export interface SegmentSpec {
  readonly columns: readonly ColumnSpec[];
  /** Rows that fit, a multiple of 64. */
  readonly slotCapacity: number;
  readonly keyBytesCapacity: number;
  readonly stringCapacity: number;
  readonly stringBytesCapacity: number;
  /** Version before the first one that this segment will hold. */
  readonly baseVersion: number;
  /** Whether rows carry a time of their own. */
  readonly hasRowTime: boolean;
  /** Columns whose previous sample is kept; absent: none. */
  readonly rates?: RatePlan;
}

/** A segment as it crosses threads: the buffer may be longer than the layout needs. */
export interface SegmentRef {
  readonly buffer: SharedArrayBuffer;
  readonly spec: SegmentSpec;
  /** The buffer was used before: what this segment has not written yet is not zero. */
  readonly reused: boolean;
}

export const CONTROL_MAGIC = 0;
export const CONTROL_INTENT = 16;
export const CONTROL_VERSION = 32;
export const CONTROL_WRITER = 48;
export const CONTROL_SLOTS = 64;
export const CONTROL_KEY_BYTES = 65;
export const CONTROL_STRINGS = 80;
export const CONTROL_STRING_BYTES = 81;
export const CONTROL_WORDS = 96;
export const MAGIC = 0x77656674;

/** Words of a bank's meta block; the f64 ones are indices in 8-byte units from its start. */
const BANK_META_WORDS = 16;
export const BANK_ROWS = 0;
export const BANK_STRINGS = 1;
export const BANK_SLOTS = 2;
export const BANK_HELD = 3;
/** Rows that are gone: remembered ones, and those no longer remembered. See missing.ts. */
export const BANK_MISSING = 6;
export const BANK_FORGOTTEN = 7;
export const BANK_SNAPSHOT_TS_F64 = 4;
export const BANK_RECEIVED_TS_F64 = 5;

/** Offsets of one bank. Words are i32 indices, `rowTime0` and `cells0` are 8-byte indices. */
export interface BankLayout {
  readonly metaWord: number;
  readonly presenceWord: number;
  /** Rows that were kept from the version before (held-rows.ts): the times of their samples, and since when. */
  readonly heldWord: number;
  readonly heldSample0: number;
  readonly heldSince0: number;
  readonly rowTime0: number;
  readonly validityWord: Int32Array;
  readonly tagWord: Int32Array;
  readonly cell0: Int32Array;
  /** Bits of the rows that are gone; where one is set, the two times (8-byte indices). */
  readonly missingWord: number;
  readonly missingSince0: number;
  readonly missingLast0: number;
  readonly previous: PreviousLayout | null;
}

export interface SegmentLayout {
  readonly spec: SegmentSpec;
  /** Words of one bitmap over all slots. */
  readonly bitmapWords: number;
  readonly keyIndexWord: number;
  readonly keyIndexMask: number;
  readonly keyHashWord: number;
  readonly keySpanWord: number;
  readonly stringIndexWord: number;
  readonly stringIndexMask: number;
  readonly stringHashWord: number;
  readonly stringSpanWord: number;
  readonly keyByte0: number;
  readonly stringByte0: number;
  readonly banks: readonly [BankLayout, BankLayout];
  readonly ring: RingLayout;
  readonly byteLength: number;
}

/** At least twice the entries, so that probes stay short. */
function indexCapacity(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(16, entries * 2)));
}

function layoutBank(cursor: Sections, spec: SegmentSpec, bitmapWords: number, metaWord: number): BankLayout {
  const count = spec.columns.length;
  const presenceWord = cursor.words(bitmapWords);
  const heldWord = cursor.words(bitmapWords);
  const heldSample0 = cursor.doubles(spec.slotCapacity);
  const heldSince0 = cursor.doubles(spec.slotCapacity);
  const rowTime0 = cursor.doubles(spec.slotCapacity);
  const validityWord = new Int32Array(count);
  const tagWord = new Int32Array(count).fill(-1);
  const cell0 = new Int32Array(count);
  for (let c = 0; c < count; c++) validityWord[c] = cursor.words(bitmapWords);
  for (let c = 0; c < count; c++) {
    if (spec.columns[c]!.kind === 'mixed') tagWord[c] = cursor.words(bitmapWords * 2);
  }
  for (let c = 0; c < count; c++) cell0[c] = cursor.doubles(spec.slotCapacity);
  const missingWord = cursor.words(bitmapWords);
  const missingSince0 = cursor.doubles(spec.slotCapacity);
  const missingLast0 = cursor.doubles(spec.slotCapacity);
  const previous = layoutPrevious(cursor, spec.columns, spec.slotCapacity, spec.rates);
  return {
    metaWord,
    presenceWord,
    heldWord,
    heldSample0,
    heldSince0,
    rowTime0,
    validityWord,
    tagWord,
    cell0,
    missingWord,
    missingSince0,
    missingLast0,
    previous,
  };
}

/** Computes every offset of a segment. Throws when the segment would exceed SEGMENT_BYTES_MAX. */
export function layoutOf(spec: SegmentSpec): SegmentLayout {
  if (spec.slotCapacity <= 0 || spec.slotCapacity % 64 !== 0) bug(`slotCapacity ${spec.slotCapacity}`);
  const cursor = new Sections();
  const bitmapWords = spec.slotCapacity / 32;
  cursor.words(CONTROL_WORDS);
  const meta0 = cursor.words(BANK_META_WORDS);
  const meta1 = cursor.words(BANK_META_WORDS);
  const ringMetaWord = cursor.words(CHANGE_COUNTS * RING_META_WORDS);
  const keyIndexSize = indexCapacity(spec.slotCapacity);
  const keyIndexWord = cursor.words(keyIndexSize);
  const keyHashWord = cursor.words(spec.slotCapacity);
  const keySpanWord = cursor.words(spec.slotCapacity * 2);
  const stringIndexSize = indexCapacity(spec.stringCapacity);
  const stringIndexWord = cursor.words(stringIndexSize);
  const stringHashWord = cursor.words(spec.stringCapacity);
  const stringSpanWord = cursor.words(spec.stringCapacity * 2);
  const keyByte0 = cursor.take(spec.keyBytesCapacity);
  const stringByte0 = cursor.take(spec.stringBytesCapacity);
  const bank0 = layoutBank(cursor, spec, bitmapWords, meta0);
  const bank1 = layoutBank(cursor, spec, bitmapWords, meta1);
  const { baseVersion, columns } = spec;
  const ring = layoutRing(cursor, ringMetaWord, { columns: columns.length, bitmapWords, baseVersion });
  if (cursor.bytes > SEGMENT_BYTES_MAX) {
    throw new RangeError(
      `cannot lay out a segment of ${cursor.bytes} bytes: ${spec.columns.length} columns x ` +
        `${spec.slotCapacity} rows exceed the limit of ${SEGMENT_BYTES_MAX} bytes; split the source`,
    );
  }
  return {
    spec,
    bitmapWords,
    keyIndexWord,
    keyIndexMask: keyIndexSize - 1,
    keyHashWord,
    keySpanWord,
    stringIndexWord,
    stringIndexMask: stringIndexSize - 1,
    stringHashWord,
    stringSpanWord,
    keyByte0,
    stringByte0,
    banks: [bank0, bank1],
    ring,
    byteLength: cursor.bytes,
  };
}

/** Typed views of a whole segment, all from byte 0. */
export interface SegmentViews {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  readonly layout: SegmentLayout;
}

const opened = new WeakMap<SegmentSpec, SegmentViews>();

/** The views of a segment. Cheap when asked again with the same spec object. */
export function openSegment(ref: SegmentRef): SegmentViews {
  const known = opened.get(ref.spec);
  if (known && known.i32.buffer === ref.buffer) return known;
  const layout = layoutOf(ref.spec);
  if (ref.buffer.byteLength < layout.byteLength) bug('a segment is shorter than its layout');
  const views = {
    i32: new Int32Array(ref.buffer, 0, layout.byteLength / 4),
    f64: new Float64Array(ref.buffer, 0, Math.floor(layout.byteLength / 8)),
    u8: new Uint8Array(ref.buffer, 0, layout.byteLength),
    layout,
  };
  opened.set(ref.spec, views);
  return views;
}
