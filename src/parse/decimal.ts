/**
 * Decimal to double: w x 10^q, correctly rounded, without text.
 *
 * One 64 x 64 bit product with a table of 5^q (64 leading bits) brackets the exact value; when
 * both ends of the bracket round to the same double that double is right, otherwise (fewer than one
 * value in a hundred, and every exact tie) the answer is NaN and the caller asks `Number(text)`.
 * Bits are handled in 32-bit halves: a product of two halves is exact as (high, low) because its
 * low half is `Math.imul` and its high half is the rounded quotient of a double that is at most
 * 2^11 off, far less than half of 2^32.
 */

const Q_MIN = -290;
const Q_MAX = 290;
const TWO_32 = 4294967296;
const TWO_M32 = 1 / TWO_32;
/** How far the computed leading 64 bits may be from the exact product, in units of the last bit. */
const ERROR_BELOW = 2;
const ERROR_ABOVE = 4;

const POWER_HIGH = new Float64Array(Q_MAX - Q_MIN + 1);
const POWER_LOW = new Float64Array(Q_MAX - Q_MIN + 1);
/** 5^q = (POWER_HIGH, POWER_LOW) x 2^POWER_EXPONENT, the pair read as a 64-bit integer with bit 63 set. */
const POWER_EXPONENT = new Int32Array(Q_MAX - Q_MIN + 1);

/** 2^e for e in [-1022, 1023], by exact doubling and halving. */
const TWO = new Float64Array(2046);

fillTables();

function fillTables(): void {
  for (let q = Q_MIN; q <= Q_MAX; q++) {
    const power = 5n ** BigInt(Math.abs(q));
    const bits = power.toString(2).length;
    // Truncated, so that the true value lies in [entry, entry + 1).
    let exponent = bits - 64;
    let entry = exponent >= 0 ? power >> BigInt(exponent) : power << BigInt(-exponent);
    if (q < 0) {
      exponent = -(bits + 63);
      entry = (1n << BigInt(bits + 63)) / power;
      if (entry >> 64n) {
        entry >>= 1n;
        exponent++;
      }
    }
    POWER_HIGH[q - Q_MIN] = Number(entry >> 32n);
    POWER_LOW[q - Q_MIN] = Number(entry & 0xffffffffn);
    POWER_EXPONENT[q - Q_MIN] = exponent;
  }
  TWO[1022] = 1;
  for (let e = 1; e <= 1023; e++) TWO[1022 + e] = TWO[1021 + e]! * 2;
  for (let e = -1; e >= -1022; e--) TWO[1022 + e] = TWO[1023 + e]! / 2;
}

/**
 * The double nearest to (high x 2^32 + low) x 10^q, ties to even, or NaN when this method cannot
 * tell or the value leaves the normal range. `high` and `low` are unsigned and not both zero.
 */
export function scaleDecimal(high: number, low: number, q: number): number {
  if (q < Q_MIN || q > Q_MAX) return NaN;
  let wHigh = high;
  let wLow = low;
  let shift = 0;
  if (wHigh === 0) {
    wHigh = wLow;
    wLow = 0;
    shift = 32;
  }
  const zeros = Math.clz32(wHigh);
  if (zeros > 0) {
    wHigh = ((wHigh << zeros) | (wLow >>> (32 - zeros))) >>> 0;
    wLow = (wLow << zeros) >>> 0;
    shift += zeros;
  }
  const tHigh = POWER_HIGH[q - Q_MIN]!;
  const tLow = POWER_LOW[q - Q_MIN]!;
  const topLow = Math.imul(wHigh, tHigh) >>> 0;
  const topHigh = Math.round((wHigh * tHigh - topLow) * TWO_M32);
  const middle = topLow + Math.floor(wHigh * tLow * TWO_M32) + Math.floor(wLow * tHigh * TWO_M32);
  const carry = Math.floor(middle * TWO_M32);
  const pHigh = topHigh + carry;
  const pLow = middle - carry * TWO_32;
  // 53 bits are kept; `rest` is what is cut off, `half` its middle.
  const cut = pHigh >= 2147483648 ? 11 : 10;
  const rest = pLow & ((1 << cut) - 1);
  const half = 1 << (cut - 1);
  if (rest >= half - ERROR_ABOVE && rest <= half + ERROR_BELOW) return NaN;
  const mantissa = pHigh * TWO[1022 + 32 - cut]! + (pLow >>> cut) + (rest > half ? 1 : 0);
  const exponent = cut + 64 + POWER_EXPONENT[q - Q_MIN]! + q - shift;
  if (exponent < -1022 || exponent > 960) return NaN;
  return mantissa * TWO[1022 + exponent]!;
}

/** The table for another reader: for each q from -290 to 290 the entry's low and high half, its exponent, 0. */
export function powersOfFive(): Int32Array {
  const table = new Int32Array(4 * POWER_LOW.length);
  POWER_LOW.forEach((low, i) => table.set([low, POWER_HIGH[i]!, POWER_EXPONENT[i]!], 4 * i));
  return table;
}
