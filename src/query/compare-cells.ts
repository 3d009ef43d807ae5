/** Which of two cells stands first: exact for all kinds, and for columns whose sources differ in kind. */
import { TAG_F64, TAG_U64, type ColumnKind } from '../model/schema.js';
import { isValid, tagOf, type ColumnView, type SegmentReader } from '../snapshot/reader.js';
import { compareBytes } from './text-tests.js';

const TWO_32 = 4294967296;

/** The kind of one cell: that of its column, or what its tag says. */
function cellKind(column: ColumnView, slot: number): Exclude<ColumnKind, 'mixed'> {
  if (column.kind !== 'mixed') return column.kind;
  const tag = tagOf(column, slot);
  if (tag === TAG_F64) return 'f64';
  return tag === TAG_U64 ? 'u64' : 'i64';
}

/** The number of a cell, rounded to a double: rounding keeps the order, but may make two equal. */
function rounded(column: ColumnView, kind: ColumnKind, slot: number): number {
  const cell = column.cell0 + slot;
  if (kind === 'f64') return column.f64[cell]!;
  const high = column.i32[cell * 2 + 1]!;
  return (kind === 'i64' ? high : high >>> 0) * TWO_32 + (column.i32[cell * 2]! >>> 0);
}

function exact(column: ColumnView, kind: ColumnKind, slot: number): bigint {
  const cell = column.cell0 + slot;
  if (kind === 'f64') return BigInt(column.f64[cell]!);
  const high = column.i32[cell * 2 + 1]!;
  return (BigInt(kind === 'i64' ? high : high >>> 0) << 32n) | BigInt(column.i32[cell * 2]! >>> 0);
}

/** Below this every integer is a double of its own: equal doubles are equal numbers. */
const EXACT_MAX = 2 ** 53;

function compareNumbers(
  a: ColumnView,
  kindA: ColumnKind,
  slotA: number,
  b: ColumnView,
  kindB: ColumnKind,
  slotB: number,
): number {
  const roundedA = rounded(a, kindA, slotA);
  const roundedB = rounded(b, kindB, slotB);
  if (roundedA !== roundedB) return roundedA < roundedB ? -1 : 1;
  if (Math.abs(roundedA) < EXACT_MAX || (kindA === 'f64' && kindB === 'f64')) return 0;
  // Equal so far only by rounding, perhaps; both are integers, as all large doubles are.
  if (kindA === kindB) {
    // Cells of one double share their high halves, or are neighbours there.
    const highA = a.i32[(a.cell0 + slotA) * 2 + 1]!;
    const highB = b.i32[(b.cell0 + slotB) * 2 + 1]!;
    if (highA !== highB) return kindA === 'i64' ? highA - highB : (highA >>> 0) - (highB >>> 0);
    return (a.i32[(a.cell0 + slotA) * 2]! >>> 0) - (b.i32[(b.cell0 + slotB) * 2]! >>> 0);
  }
  const exactA = exact(a, kindA, slotA);
  const exactB = exact(b, kindB, slotB);
  return exactA < exactB ? -1 : exactA > exactB ? 1 : 0;
}

/** Negative when the first cell stands before the second; missing (or no column) last, always. */
export function compareCells(
  readerA: SegmentReader,
  a: ColumnView | undefined,
  slotA: number,
  readerB: SegmentReader,
  b: ColumnView | undefined,
  slotB: number,
  descending: boolean,
): number {
  const hasA = a !== undefined && isValid(a, slotA);
  const hasB = b !== undefined && isValid(b, slotB);
  if (!hasA || !hasB) return hasA ? -1 : hasB ? 1 : 0;
  const kindA = cellKind(a, slotA);
  const kindB = cellKind(b, slotB);
  let order: number;
  if (kindA === 'text' && kindB === 'text') {
    const idA = a.i32[(a.cell0 + slotA) * 2]!;
    const idB = b.i32[(b.cell0 + slotB) * 2]!;
    if (idA === idB && readerA === readerB) return 0;
    order = compareBytes(
      readerA.u8,
      readerA.stringStart(idA),
      readerA.stringLength(idA),
      readerB.u8,
      readerB.stringStart(idB),
      readerB.stringLength(idB),
    );
  } else if (kindA === 'text' || kindB === 'text') order = kindA === 'text' ? 1 : -1;
  else order = compareNumbers(a, kindA, slotA, b, kindB, slotB);
  return descending ? -order : order;
}
