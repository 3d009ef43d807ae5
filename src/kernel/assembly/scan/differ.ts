/** Which cells of a strip differ from those of the version before: all eight bytes, whatever they mean. */
import { COLUMN_BEFORE, COLUMN_BITS, COLUMN_STRIP } from './state';

@inline
function equalFour(a: i32, b: i32): v128 {
  const low = i64x2.eq(v128.load(a), v128.load(b));
  const high = i64x2.eq(v128.load(a, 16), v128.load(b, 16));
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

@inline
function equalSixteen(a: i32, b: i32): i32 {
  const left = i16x8.narrow_i32x4_s(equalFour(a, b), equalFour(a + 32, b + 32));
  const right = i16x8.narrow_i32x4_s(equalFour(a + 64, b + 64), equalFour(a + 96, b + 96));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(left, right));
}

/**
 * Writes a bit for each cell of rows [from, to) that differs, `offset` bytes behind the bits of missing
 * cells. Bits behind the last row are 0. `from` is a multiple of 32.
 */
export function differColumn(entry: i32, from: i32, to: i32, offset: i32): void {
  let a = load<i32>(entry, COLUMN_STRIP) + (from << 3);
  let b = load<i32>(entry, COLUMN_BEFORE) + (from << 3);
  let out = load<i32>(entry, COLUMN_BITS) + offset + (from >> 3);
  for (let row = from; row < to; row += 32, a += 256, b += 256, out += 4) {
    const equal = equalSixteen(a, b) | (equalSixteen(a + 128, b + 128) << 16);
    const rows = min(32, to - row);
    store<i32>(out, ~equal & (<i32>(0xffffffff >>> (32 - rows))));
  }
}
