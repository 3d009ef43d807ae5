/** What a reader sees of one bank. */
import { ROLE_COUNTER } from '../model/rates.js';
import type { ColumnKind } from '../model/schema.js';
import type { PreviousLayout } from './previous-layout.js';

/** One column of one bank, ready for a hot loop. `cell0` counts 8 bytes, the others 4-byte words. */
export interface ColumnView {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly cell0: number;
  readonly validityWord: number;
  readonly tagWord: number;
  /** Where the previous sample lies; null when none is kept of this column. */
  readonly previous: PreviousView | null;
}

/** The sample before, of one column of one bank: for rate.ts. */
export interface PreviousView {
  readonly isCounter: boolean;
  readonly cell0: number;
  readonly validWord: number;
  readonly keptWord: number;
  readonly tagWord: number;
  /** Of the rows: 8-byte indices, the same for all columns. */
  readonly prevTime0: number;
  readonly olderTime0: number;
}

/** One version of a segment. Its views are shared by all versions of the same parity. */
export interface BankView {
  readonly version: number;
  readonly columns: readonly ColumnView[];
  readonly presenceWord: number;
  readonly rowTime0: number;
  readonly heldWord: number;
  readonly heldSample0: number;
  readonly heldSince0: number;
  readonly rows: number;
  /** Rows kept from the version before because no source has a newer sample (held-rows.ts). */
  readonly held: number;
  /** Slots that may hold a row: 0 ... slots - 1. */
  readonly slots: number;
  readonly strings: number;
  readonly snapshotTsMs: number;
  readonly receivedAtMs: number;
}

/** True when the cell of `slot` holds a value. */
export function isValid(column: ColumnView, slot: number): boolean {
  return ((column.i32[column.validityWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
}

/** The TAG_* of a mixed column's cell. */
export function tagOf(column: ColumnView, slot: number): number {
  return (column.i32[column.tagWord + (slot >> 4)]! >>> ((slot & 15) * 2)) & 3;
}

export function previousView(
  previous: PreviousLayout,
  c: number,
  role: number | undefined,
): PreviousView | null {
  const { cell0, validWord, keptWord, tagWord, prevTime0, olderTime0 } = previous;
  if (cell0[c]! < 0) return null;
  return {
    isCounter: role === ROLE_COUNTER,
    cell0: cell0[c]!,
    validWord: validWord[c]!,
    keptWord: keptWord[c]!,
    tagWord: tagWord[c]!,
    prevTime0,
    olderTime0,
  };
}
