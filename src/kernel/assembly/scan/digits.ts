/** What the columns of numbers share: digits to numbers, cells that need care, what a column adds up. */
import {
  COLUMN_BLOCK_MISSING,
  COLUMN_MISSING,
  COLUMN_SEEN,
  columnCount,
  endsAt,
  QUOTE,
} from './state';

const CR: u8 = 13;

/** The number that sixteen digits are, each a byte of 0 ... 9, the first digit first. */
@inline
export function sixteen(digits: v128, pairs: v128, fours: v128, eights: v128): u64 {
  // Each step joins neighbours, to pairs, to fours, to eights. A product with 10 x 256 + 1 leaves ten
  // times the first and the second of a pair in its upper byte.
  const two = i16x8.shr_u(i16x8.mul(digits, pairs), 8);
  const four = i32x4.dot_i16x8_s(two, fours);
  const eight = i64x2.extract_lane(i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(four, four), eights), 0);
  return (<u64>eight & 0xffffffff) * 100000000 + (<u64>eight >> 32);
}

/** Whether the cells of a column need a closer look: quotes around them, a CR behind the last. */
@inline
export function needsCare(column: i32, row: i32): bool {
  return column === columnCount - 1 || load<u8>(load<i32>(endsAt + ((row * columnCount + column) << 2)) + 1) === QUOTE;
}

/** Where a cell of a row's last column ends: a CR before the line break belongs to the break. */
@inline
export function endOf(at: i32, start: i32, isLast: bool): i32 {
  const end = load<i32>(at, 4);
  return isLast && end > start && load<u8>(end - 1) === CR ? end - 1 : end;
}

@inline
export function isQuoted(start: i32, end: i32): bool {
  return end - start > 1 && load<u8>(start) === QUOTE && load<u8>(end - 1) === QUOTE;
}

/** The marks of rows that lack a cell are shifted in from above; this puts those of a short word in place. */
@inline
export function placed(marks: u32, rows: i32): u32 {
  return marks >> (32 - rows);
}

export function finish(entry: i32, seen: i32, missing: i32): void {
  store<i32>(entry, load<i32>(entry, COLUMN_SEEN) | seen, COLUMN_SEEN);
  store<i32>(entry, load<i32>(entry, COLUMN_MISSING) + missing, COLUMN_MISSING);
  store<i32>(entry, load<i32>(entry, COLUMN_BLOCK_MISSING) + missing, COLUMN_BLOCK_MISSING);
}
