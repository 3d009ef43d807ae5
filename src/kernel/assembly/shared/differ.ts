/** Which of 32 cells differ: all eight bytes, whatever they mean. */

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

/** A bit for each of the 32 cells at `a` that is not the one at `b`. */
@inline
export function differing32(a: i32, b: i32): i32 {
  return ~(equalSixteen(a, b) | (equalSixteen(a + 128, b + 128) << 16));
}
