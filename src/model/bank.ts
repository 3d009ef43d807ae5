/**
 * What the scanner writes cells into: one bank of a segment while a job fills it, a table for
 * nothing while a body is only surveyed. The views span the whole memory from byte 0, and the
 * scanner adds offsets itself: a call for each cell would cost more than reading the cell.
 *
 * A column is an index into `kinds`, a slot is a row's place, the same in every column.
 */
import type { ColumnKind } from './schema.js';

/** Instead of a slot: the row is another job's, or for later. */
export const SLOT_DEFERRED = -2;

export interface BankSink {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /**
   * Per column: slot 0's cell in 8-byte units. A double stands in f64[cell0 + slot]; an integer or
   * a string id in i32[2 * (cell0 + slot)], its high half one word further.
   */
  readonly cell0: Int32Array;
  /**
   * Per column: first i32 word of the bitmap of MISSING cells, bit (slot & 31) of word (slot >> 5).
   * All zero when the fill begins.
   */
  readonly missing0: Int32Array;
  /** Per column: first i32 word of a mixed column's tags (2 bits, 16 slots a word), else -1. */
  readonly tag0: Int32Array;
  /** Slot 0's row time in 8-byte units: epoch ms as a double, NaN when absent. */
  readonly rowTime0: number;
  readonly kinds: readonly ColumnKind[];
  /** What the segment ran out of, after a -1. */
  readonly full: '' | 'slots' | 'keys' | 'strings' | 'string_bytes';

  /**
   * The slot of a row key, made when new; -1 when the segment is full, SLOT_DEFERRED when the row is to
   * be left out for now. Cheap in body order.
   */
  slotOf(bytes: Uint8Array, start: number, end: number): number;
  /** Whether the bank being filled holds the row. */
  isPresent(slot: number): boolean;
  setPresent(slot: number): void;
  /** Makes every cell of a slot as a new bank has it: present bits and tags zero. */
  clearMissing(slot: number): void;
  /**
   * Writes the text that this cell held in the version before when it stands again at index `p` of
   * `view`, byte for byte; returns the index behind it, or -1 with nothing written. `stop` is the byte
   * that would end the cell: text that holds it, or a control character, is never taken for a
   * repetition. The caller sees to what follows.
   */
  repeatText(view: DataView, p: number, stop: number, slot: number, column: number): number;
  /** The id of a text cell's UTF-8 bytes; -1 when the segment is full. */
  intern(bytes: Uint8Array, start: number, end: number, slot: number, column: number): number;
}

/** Where strings are copied to: spans to `i32[word ...]`, two words each, bytes to `u8[byte, byte + bytesMax)`. */
export interface TextTarget {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  word: number;
  byte: number;
  bytesMax: number;
}

/** What the scan says of changes, see snapshot/known-changes.ts. */
export interface ChangeNotes {
  readonly bits: Int32Array;
  readonly words: number;
  take(slot: number, rows: number): void;
  set(column: number, slot: number, differs: boolean): void;
}

/**
 * A sink that also takes runs of rows, and knows the version before. Spans that it copies are where a
 * string lies in the target, and its length, which is -1 for one that is not there or has no room. Some
 * bytes before `byte + bytesMax` may stay unused.
 */
export interface BlockSink extends BankSink {
  /** As `cell0`, of the version before. Its cells may be anything, ids of strings among them. */
  readonly before0: Int32Array;
  /** Null when nobody asks for them. */
  readonly known: ChangeNotes | null;
  /** The slot of the next row when rows come in the order of the version before. */
  nextSlot(): number;
  /** Copies the keys of `count` slots from `slot` on. */
  copyKeys(slot: number, count: number, target: TextTarget): void;
  /** Copies `count` strings from `id` on. */
  copyTexts(id: number, count: number, target: TextTarget): void;
  /** Takes rows from `slot` on until one is present already; returns how many, at most `rows`. */
  takeRows(slot: number, rows: number): number;
}

export function isBlockSink(sink: BankSink): sink is BlockSink {
  return 'takeRows' in sink;
}
