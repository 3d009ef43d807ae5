/** Columns of doubles and of row times: as integers.ts, with a point that is taken out of the digits. */
import { endOf, finish, isQuoted, needsCare, placed, sixteen } from './digits';
import { IS_MISSING, rare, rareBits, rareSeen, READ } from './rare';
import {
  ABOVE_NINE,
  COLUMN_BITS,
  COLUMN_BYTES,
  COLUMN_STRIP,
  columnCount,
  columnsAt,
  DIVISORS,
  EIGHTS,
  endsAt,
  FOURS,
  LAST,
  leave,
  leavesMinus,
  MINUS,
  PAIRS,
  POINTS,
  SEEN_FRACTION,
  WITHOUT,
  ZEROS,
} from './state';

@inline
function doubleColumn(column: i32, from: i32, to: i32, withCare: bool): void {
  const entry = columnsAt + column * COLUMN_BYTES;
  const isLast = column === columnCount - 1;
  const stride = columnCount << 2;
  const minusIsRare = leavesMinus;
  const zeros = v128.load(ZEROS);
  const above = v128.load(ABOVE_NINE);
  const pairs = v128.load(PAIRS);
  const fours = v128.load(FOURS);
  const eights = v128.load(EIGHTS);
  const points = v128.load(POINTS);
  let at = endsAt + ((from * columnCount + column) << 2);
  let out = load<i32>(entry, COLUMN_STRIP) + (from << 3);
  let bitsAt = load<i32>(entry, COLUMN_BITS) + (from >> 3);
  let seen = 0;
  let missing = 0;
  let allPoints = 0;
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
      const whole = end - start;
      marks = (marks >> 1) | ((whole - 1) & 0x80000000);
      const negative = <i32>(load<u8>(start) === MINUS);
      const length = whole - negative;
      // Fifteen digits: a double holds them.
      if (<u32>length <= 15) {
        const text = v128.and(v128.load(end - 16), v128.load(LAST + (length << 4)));
        // The place of the point among the sixteen, 16 for none.
        const found = i8x16.bitmask(i8x16.eq(text, points));
        const place = ctz(found | 0x10000);
        const count = length - <i32>(found !== 0);
        const digits = v128.and(
          i8x16.sub(i8x16.swizzle(text, v128.load(WITHOUT + (place << 4))), zeros),
          v128.load(LAST + (count << 4)),
        );
        const mantissa = sixteen(digits, pairs, fours, eights);
        // Not digits, or none where something stands, or a minus that may be a missing value's.
        const isRare =
          i8x16.bitmask(i8x16.add_sat_u(digits, above)) |
          ((count - 1) & -whole & 0x80000000) |
          (negative & minusIsRare);
        if (!isRare) {
          store<f64>(out, <f64>(<i64>mantissa) / load<f64>(DIVISORS + ((place + (negative << 5)) << 3)));
          allPoints |= found;
          continue;
        }
      }
      const what = rare(start, end, !withCare);
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
  finish(entry, seen | (allPoints ? SEEN_FRACTION : 0), missing);
}

export function f64Column(column: i32, from: i32, to: i32): void {
  if (needsCare(column, from)) doubleColumn(column, from, to, true);
  else doubleColumn(column, from, to, false);
}

/** Row times written as whole numbers; the magnitudes are those of parse/row-time.ts. */
export function timeColumn(column: i32, from: i32, to: i32): void {
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
  for (let row = from; row < to; row++, at += stride, out += 8) {
    const start = load<i32>(at) + 1;
    const end = endOf(at, start, isLast);
    const length = end - start;
    const digits = v128.and(i8x16.sub(v128.load(end - 16), zeros), v128.load(LAST + (min(length, 16) << 4)));
    if (length > 16 || i8x16.bitmask(i8x16.add_sat_u(digits, above))) {
      leave(row, column);
      continue;
    }
    const value = <f64>(<i64>sixteen(digits, pairs, fours, eights));
    const time = value < 1e11 ? value * 1000 : value < 1e14 ? value : value / 1e3;
    store<f64>(out, length === 0 ? NaN : time);
  }
}
