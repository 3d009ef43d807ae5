/**
 * Columns of integers: one column of a block, row after row. What a cell looks like depends on its column
 * more than on its row, so that the few branches here are foreseen; sixteen digits become a number
 * without a branch for their count.
 *
 * The loop's head is that of doubles.ts, written twice: it leaves the place of the cell and its end, and six
 * constants in registers. An inlined function hands back one value: both places packed in one would have to
 * be taken apart again for each cell, and globals are memory.
 */
import { endOf, finish, isQuoted, needsCare, placed, sixteen } from './digits';
import { integer, IS_MISSING, rareBits, rareSeen, READ } from './rare';
import {
  ABOVE_NINE,
  COLUMN_BITS,
  COLUMN_BYTES,
  COLUMN_STRIP,
  columnCount,
  columnsAt,
  EIGHTS,
  endsAt,
  FOURS,
  LAST,
  leave,
  PAIRS,
  SEEN_BIG,
  SEEN_HUGE,
  TEN_16,
  TWO_53,
  ZEROS,
} from './state';

@inline
function integerColumn(column: i32, from: i32, to: i32, isUnsigned: bool, withCare: bool): void {
  const entry = columnsAt + column * COLUMN_BYTES;
  const isLast = column === columnCount - 1;
  const stride = columnCount << 2;
  const zeros = v128.load(ZEROS);
  const above = v128.load(ABOVE_NINE);
  const pairs = v128.load(PAIRS);
  const fours = v128.load(FOURS);
  const eights = v128.load(EIGHTS);
  let at = endsAt + ((from * columnCount + column) << 2);
  let out = load<i32>(entry, COLUMN_STRIP) + (from << 3);
  let bitsAt = load<i32>(entry, COLUMN_BITS) + (from >> 3);
  let seen = 0;
  let missing = 0;
  let all: u64 = 0;
  for (let row = from; row < to; bitsAt += 4) {
    const first = row;
    const stop = min(row + 32, to);
    let marks: u32 = 0;
    for (; row < stop; row++, at += stride, out += 8) {
      let start = load<i32>(at) + 1;
      let end = load<i32>(at, 4);
      if (withCare) {
        end = endOf(at, start, isLast);
        if (isQuoted(start, end)) {
          start++;
          end--;
        }
      }
      const length = end - start;
      marks = (marks >> 1) | ((length - 1) & 0x80000000);
      const digits = i8x16.sub(v128.load(end - 16), zeros);
      if (length <= 16) {
        const own = v128.and(digits, v128.load(LAST + (length << 4)));
        if (!i8x16.bitmask(i8x16.add_sat_u(own, above))) {
          const value = sixteen(own, pairs, fours, eights);
          all |= value;
          store<u64>(out, value);
          continue;
        }
      } else if (length <= 20) {
        const before = v128.and(
          i8x16.sub(v128.load(end - 32), zeros),
          v128.load(LAST + ((length - 16) << 4)),
        );
        const high = sixteen(before, pairs, fours, eights);
        if (!i8x16.bitmask(i8x16.add_sat_u(v128.or(digits, before), above)) && high <= 1844) {
          const value = sixteen(digits, pairs, fours, eights) + high * TEN_16;
          // Beyond 64 bits the sum has wrapped; beyond 63 an i64 column is of the wrong kind.
          if (isUnsigned ? high < 1844 || <i64>value < 0 : <i64>value >= 0 && high < 1000) {
            all |= value;
            store<u64>(out, value);
            continue;
          }
        }
      }
      const what = integer(start, end, isUnsigned, !withCare);
      if (what === READ) {
        store<u64>(out, rareBits);
        seen |= rareSeen;
      } else {
        store<u64>(out, 0);
        if (what === IS_MISSING) marks |= 0x80000000;
        else leave(row, column);
      }
    }
    marks = placed(marks, row - first);
    store<i32>(bitsAt, marks);
    missing += popcnt(marks);
  }
  if (all >> 53) seen |= sizesSeen(load<i32>(entry, COLUMN_STRIP) + (from << 3), to - from, isUnsigned);
  finish(entry, seen, missing);
}

/** Which of SEEN_BIG and SEEN_HUGE a strip holds: 2^53 itself is neither. */
function sizesSeen(strip: i32, rows: i32, isUnsigned: bool): i32 {
  let seen = 0;
  for (let row = 0; row < rows; row++) {
    const value = load<i64>(strip + (row << 3));
    if (isUnsigned && value < 0) seen |= SEEN_HUGE;
    else if (value > <i64>TWO_53 || value < -(<i64>TWO_53)) seen |= SEEN_BIG;
  }
  return seen;
}

export function i64Column(column: i32, from: i32, to: i32): void {
  if (needsCare(column, from)) integerColumn(column, from, to, false, true);
  else integerColumn(column, from, to, false, false);
}

export function u64Column(column: i32, from: i32, to: i32): void {
  if (needsCare(column, from)) integerColumn(column, from, to, true, true);
  else integerColumn(column, from, to, true, false);
}
