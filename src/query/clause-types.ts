/** One comparison of a row filter, as data. */

export type Operator =
  'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'prefix' | 'glob' | 'in' | 'not in' | 'is null' | 'is not null';

/** A value as it was written. */
export interface Value {
  readonly text: string;
  /** A bare decimal number: compares as a number with numbers, and as its text with text. */
  readonly number: boolean;
}

export interface Clause {
  /** A column's name, or `@key`, `@source`, `@timestamp`, `@age_ms`. */
  readonly field: string;
  readonly operator: Operator;
  /** One; several for `in` and `not in`; none for `is null` and `is not null`. */
  readonly values: readonly Value[];
}
