/**
 * The byte map of a source's history: tables (keys, last values) in one shared buffer, frames in
 * blocks. Only the files history-* of this folder know these offsets.
 *
 * ```
 *  tables    control | key index, hash, span | slot of entry | free slots | last frame of slot |
 *            key bytes | bank 0, bank 1: row time, values (8 bytes a cell), validity and 2 tag bits
 *  frame     a word a column: where its directory begins, 0 = nothing changed
 *            directory: a word for each 64 slots, 0 = nothing changed, else offset and form
 *            payloads, each on 8 bytes: [validity xor 8] [tag xor 16] [base or mask 8] [differences]
 * ```
 * A frame holds what it takes to go from the state after it to the state before it: differences
 * mod 2^64 (of a double: of its bits). Column 0 is the row time, a tracked column is one more than
 * its place in the configuration. A cell's kind is its tag, so a column may change its kind.
 *
 * Version v of the tables is bank v & 1 and a list of frames. Recording v + 1 writes the other bank
 * and memory behind the newest frame: nothing that a reader of v looks at.
 */
import { bug } from '../model/errors.js';
import { HISTORY_GROUP_SLOTS } from '../model/history.js';
import { ByteTable } from './byte-table.js';

/** What decides the shape of the tables. */
export interface HistorySpec {
  /** Tracked columns, the row time not counted. */
  readonly columns: number;
  /** A multiple of 64. */
  readonly slotCapacity: number;
  readonly keyBytesCapacity: number;
}

/** Tables as they cross threads. */
export interface HistoryTablesRef {
  readonly buffer: SharedArrayBuffer;
  readonly spec: HistorySpec;
}

/** A version of one source's history as it crosses threads. Frames are in order, the newest last. */
export interface HistoryRef {
  readonly tables: HistoryTablesRef;
  readonly version: number;
  readonly slots: number;
  /** Names of the tracked columns. */
  readonly columns: readonly string[];
  readonly blocks: readonly SharedArrayBuffer[];
  readonly frameBlock: Int32Array;
  /** In units of 8 bytes. */
  readonly frameOffset: Int32Array;
  readonly frameSlots: Int32Array;
}

const CONTROL_ENTRIES = 0;
export const CONTROL_KEY_BYTES = 1;
/** Slots ever handed out. */
export const CONTROL_SLOTS = 2;
export const CONTROL_FREE = 3;
const CONTROL_WORDS = 16;

/** A directory entry: offset of the payload in 8 bytes above these bits. */
export const WIDTH_MASK = 7;
export const SPARSE = 8;
export const DENSE = 16;
export const VALID_CHANGES = 32;
export const TAG_CHANGES = 64;
export const OFFSET_SHIFT = 7;
/** What an entry's offset can reach: the largest frame. */
export const FRAME_BYTES_MAX = 2 ** (32 - OFFSET_SHIFT) * 8;

/** Bytes of a difference by the code in an entry. */
export const WIDTHS: readonly number[] = [0, 1, 2, 4, 8];

/** Word indices; `values` are words too, two a cell. */
export interface HistoryBank {
  /** By column, 0 = row time. */
  readonly valueWord: Int32Array;
  /** By tracked column plus one; entry 0 is not used. */
  readonly validWord: Int32Array;
  readonly tagWord: Int32Array;
}

export interface HistoryTables {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  readonly keys: ByteTable;
  readonly slotOfEntry: number;
  readonly freeSlot: number;
  readonly lastFrame: number;
  readonly banks: readonly [HistoryBank, HistoryBank];
  readonly spec: HistorySpec;
}

interface Places {
  readonly indexWord: number;
  readonly indexSize: number;
  readonly hashWord: number;
  readonly spanWord: number;
  readonly slotOfEntry: number;
  readonly freeSlot: number;
  readonly lastFrame: number;
  readonly keyByte0: number;
  readonly banks: readonly [HistoryBank, HistoryBank];
  readonly byteLength: number;
}

function placesOf(spec: HistorySpec): Places {
  const { slotCapacity, columns } = spec;
  if (slotCapacity <= 0 || slotCapacity % HISTORY_GROUP_SLOTS !== 0) bug(`slotCapacity ${slotCapacity}`);
  let at = CONTROL_WORDS;
  // Even word counts only: values are read as doubles too.
  const words = (count: number): number => {
    const here = at;
    at += Math.ceil(count / 2) * 2;
    return here;
  };
  const indexSize = 2 ** Math.ceil(Math.log2(Math.max(16, slotCapacity * 2)));
  const indexWord = words(indexSize);
  const hashWord = words(slotCapacity);
  const spanWord = words(slotCapacity * 2);
  const slotOfEntry = words(slotCapacity);
  const freeSlot = words(slotCapacity);
  const lastFrame = words(slotCapacity);
  const keyByte0 = words(Math.ceil(spec.keyBytesCapacity / 4)) * 4;
  const bank = (): HistoryBank => {
    const each = (count: number): Int32Array => Int32Array.from({ length: columns + 1 }, () => words(count));
    const bitmap = slotCapacity / 32;
    return { valueWord: each(slotCapacity * 2), validWord: each(bitmap), tagWord: each(bitmap * 2) };
  };
  const banks = [bank(), bank()] as const;
  return {
    indexWord,
    indexSize,
    hashWord,
    spanWord,
    slotOfEntry,
    freeSlot,
    lastFrame,
    keyByte0,
    banks,
    byteLength: at * 4,
  };
}

/** Bytes of the buffer that tables of this shape need. */
export function historyTableBytes(spec: HistorySpec): number {
  return placesOf(spec).byteLength;
}

/** Views of tables, from byte 0. */
export function openHistoryTables({ buffer, spec }: HistoryTablesRef): HistoryTables {
  const places = placesOf(spec);
  if (buffer.byteLength < places.byteLength) bug('history tables are shorter than their layout');
  const i32 = new Int32Array(buffer, 0, places.byteLength / 4);
  const u8 = new Uint8Array(buffer, 0, places.byteLength);
  const keys = new ByteTable(
    { i32, u8 },
    {
      indexWord: places.indexWord,
      indexMask: places.indexSize - 1,
      hashWord: places.hashWord,
      spanWord: places.spanWord,
      byte0: places.keyByte0,
      entriesMax: spec.slotCapacity,
      bytesMax: spec.keyBytesCapacity,
      entriesMark: CONTROL_ENTRIES,
      bytesMark: CONTROL_KEY_BYTES,
    },
  );
  const { slotOfEntry, freeSlot, lastFrame, banks } = places;
  const f64 = new Float64Array(buffer, 0, places.byteLength / 8);
  return { i32, f64, u8, keys, slotOfEntry, freeSlot, lastFrame, banks, spec };
}

/** A block's memory as bytes and words. */
export interface BlockViews {
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;
}

export function openBlock(buffer: SharedArrayBuffer): BlockViews {
  return { i32: new Int32Array(buffer), u16: new Uint16Array(buffer), u8: new Uint8Array(buffer) };
}
