/**
 * Where a bank keeps the sample before its own: for columns with a role, 8 bytes a cell and two bits
 * (has a value; was kept across a zero), and for each row the times of the last two samples.
 *
 * A kept cell is a counter's that was followed by exactly 0, which may be a glitch or a reset: it
 * stays for one more sample, and its time is then the older one of the two.
 */
import { ROLE_NONE, type RatePlan } from '../model/rates.js';
import type { ColumnSpec } from '../model/schema.js';
import type { Sections } from './sections.js';

/** Offsets within a segment; entries of a column without a role are -1. */
export interface PreviousLayout {
  /** Epoch ms of the row's previous sample, 8-byte index; NaN: there is none. */
  readonly prevTime0: number;
  /** Epoch ms of the one before that. */
  readonly olderTime0: number;
  readonly validWord: Int32Array;
  readonly keptWord: Int32Array;
  readonly tagWord: Int32Array;
  readonly cell0: Int32Array;
}

/** Null when no column has a role, or their samples were refused. */
export function layoutPrevious(
  sections: Sections,
  columns: readonly ColumnSpec[],
  slotCapacity: number,
  plan: RatePlan | undefined,
): PreviousLayout | null {
  if (!plan || plan.bytesRefused > 0 || plan.roles.every((role) => role === ROLE_NONE)) return null;
  const bitmapWords = slotCapacity / 32;
  const previous: PreviousLayout = {
    prevTime0: sections.doubles(slotCapacity),
    olderTime0: sections.doubles(slotCapacity),
    validWord: new Int32Array(columns.length).fill(-1),
    keptWord: new Int32Array(columns.length).fill(-1),
    tagWord: new Int32Array(columns.length).fill(-1),
    cell0: new Int32Array(columns.length).fill(-1),
  };
  columns.forEach(({ kind }, c) => {
    if ((plan.roles[c] ?? ROLE_NONE) === ROLE_NONE) return;
    previous.validWord[c] = sections.words(bitmapWords);
    previous.keptWord[c] = sections.words(bitmapWords);
    if (kind === 'mixed') previous.tagWord[c] = sections.words(bitmapWords * 2);
    previous.cell0[c] = sections.doubles(slotCapacity);
  });
  return previous;
}

/** Bytes of both banks' previous samples. */
export function previousBytes(
  columns: readonly ColumnSpec[],
  slotCapacity: number,
  roles: readonly number[],
): number {
  const bitmapBytes = slotCapacity / 8;
  let bank = 0;
  columns.forEach(({ kind }, c) => {
    if ((roles[c] ?? ROLE_NONE) === ROLE_NONE) return;
    bank += slotCapacity * 8 + 2 * bitmapBytes + (kind === 'mixed' ? 2 * bitmapBytes : 0);
  });
  return bank === 0 ? 0 : 2 * (bank + slotCapacity * 16);
}
