/** Decimal to double as in parse/decimal.ts, with the 64-bit integers that JavaScript lacks. */
import { highHalf } from '../shared/wide';
import { FIVES } from './state';

const Q_MIN: i32 = -290;
const Q_MAX: i32 = 290;

/** The double nearest to w x 10^q, `w` not 0; NaN when it is not certain. */
export function scaled(w: u64, q: i32): f64 {
  if (q < Q_MIN || q > Q_MAX) return NaN;
  const zeros = clz(w);
  const entry = FIVES + ((q - Q_MIN) << 4);
  // The exact product lies above `high`, and less than 2 above: the table's entry is cut off, too.
  const high = highHalf(w << zeros, load<u64>(entry));
  const cut: u64 = high >> 63 ? 11 : 10;
  const rest = high & ((<u64>1 << cut) - 1);
  const half = <u64>1 << (cut - 1);
  if (rest === half || rest === half - 1) return NaN;
  const mantissa = (high >> cut) + (rest > half ? 1 : 0);
  const exponent = <i32>cut + 64 + load<i32>(entry, 8) + q - <i32>zeros;
  if (exponent < -1022 || exponent > 960) return NaN;
  return <f64>mantissa * reinterpret<f64>(<u64>(exponent + 1023) << 52);
}
