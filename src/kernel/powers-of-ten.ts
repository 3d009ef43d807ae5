/** The powers of ten that the encode kernel makes the shortest digits of doubles with. */

const FIRST = -292;
const LAST = 324;
const BITS = 128;

/** 10^k / 2^e, rounded up, with the e that leaves 128 bits. */
function power(k: number): bigint {
  if (k >= 0) {
    const exact = 10n ** BigInt(k);
    const excess = BigInt(exact.toString(2).length - BITS);
    return excess <= 0n ? exact << -excess : ceilOf(exact, 1n << excess);
  }
  const divisor = 10n ** BigInt(-k);
  // A quotient of 128 bits or one more; then the other.
  const shift = BigInt(divisor.toString(2).length + BITS - 1);
  const quotient = ceilOf(1n << shift, divisor);
  return quotient >> BigInt(BITS) === 0n ? quotient : ceilOf(1n << (shift - 1n), divisor);
}

function ceilOf(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** Writes all of them from word `at`: high half, low half, each with its lower word first. */
export function putPowersOfTen(i32: Int32Array, at: number): void {
  let word = at;
  for (let k = FIRST; k <= LAST; k++) {
    const bits = power(k);
    for (const shift of [64n, 96n, 0n, 32n]) i32[word++] = Number(BigInt.asIntN(32, bits >> shift));
  }
}
