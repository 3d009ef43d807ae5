/** Deltas and rates: which columns have them, and what the answer says beside a value. docs/rates.md. */

/** What is asked for instead of the value: the difference to the previous sample, or that a second. */
export const RATE_VIEWS = ['delta', 'rate'] as const;
export type RateView = (typeof RATE_VIEWS)[number];

/** No previous sample is kept of the column. */
export const ROLE_NONE = 0;
/** Rises, and falls only by a reset, a wrap or a fault. */
export const ROLE_COUNTER = 1;
/** May go either way: its delta is the signed difference. */
export const ROLE_GAUGE = 2;

/** Which previous samples a segment keeps. Plain data that crosses threads. */
export interface RatePlan {
  /** ROLE_* of each column. */
  readonly roles: readonly number[];
  /** Bytes that the previous samples would have taken beyond `bytesMax`; 0: they are kept. */
  readonly bytesRefused: number;
  /** RATE_BYTES_MAX. */
  readonly bytesMax: number;
}

/** How the roles of a source's columns are decided. Names may hold `*` and `?`; case does not matter. */
export interface RatePolicy {
  /** Columns whose previous sample is kept. */
  readonly columns: readonly string[];
  /** Integer columns that are gauges, beside those that are by name. */
  readonly gauges: readonly string[];
  /** Columns that are counters whatever their name or kind says. */
  readonly counters: readonly string[];
  /** RATE_BYTES_MAX: previous samples of one source. */
  readonly bytesMax: number;
}

/**
 * What a delta is worth. A value stands beside `ok`, `glitch` and `wrap` alone; the others say why
 * there is none.
 */
export const RATE_STATUSES = [
  'ok',
  'glitch',
  'wrap',
  'first',
  'unavailable',
  'stalled',
  'zero',
  'reset',
  'saturated',
  'untracked',
] as const;
export type RateStatus = (typeof RATE_STATUSES)[number];
