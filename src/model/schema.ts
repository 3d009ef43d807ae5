/** Columns and their kinds: the vocabulary every stage shares. */

/**
 * How a column's cells are stored, 8 bytes each.
 * - `i64`, `u64`: two 32-bit halves, low half first; exact.
 * - `f64`: an IEEE double, correctly rounded from the text.
 * - `mixed`: two tag bits a cell choose i64, u64 or f64 (integers beyond 2^53 beside fractions).
 * - `text`: an id into the segment's string table, in the low half.
 */
export type ColumnKind = 'i64' | 'u64' | 'f64' | 'mixed' | 'text';

/** Tag values of a `mixed` cell. */
export const TAG_F64 = 0;
export const TAG_I64 = 1;
export const TAG_U64 = 2;

export interface ColumnSpec {
  readonly name: string;
  readonly kind: ColumnKind;
}

/**
 * What a scan saw in one column, as bits of `ColumnFacts.seen`. Facts only accumulate over the
 * life of a source, so kinds only widen.
 */
export const SEEN_INT = 1; // an integer of magnitude <= 2^53
export const SEEN_NEGATIVE = 2; // an integer below 0
export const SEEN_BIG = 4; // an integer beyond 2^53 that i64 holds
export const SEEN_HUGE = 8; // an integer beyond i64 that u64 holds
export const SEEN_FRACTION = 16; // a fraction, an exponent, or an integer beyond 64 bits

/** The narrowest numeric kind that holds everything seen without losing a digit. */
export function kindOf(seen: number): Exclude<ColumnKind, 'text'> {
  const wide = (seen & (SEEN_BIG | SEEN_HUGE)) !== 0;
  if (seen & SEEN_FRACTION) return wide ? 'mixed' : 'f64';
  if (seen & SEEN_HUGE) return seen & SEEN_NEGATIVE ? 'mixed' : 'u64';
  return 'i64';
}

/** The kind of a column that several sources hold with different kinds. */
export function widerKind(a: ColumnKind, b: ColumnKind): ColumnKind {
  if (a === b) return a;
  if (a === 'text' || b === 'text') return 'text';
  return 'mixed';
}
