/** One comparison of a row filter, as data. */
import type { FieldRef } from './tokens.js';

export type Operator =
  'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'prefix' | 'glob' | 'in' | 'not in' | 'is null' | 'is not null';

/** A value as it was written. */
export interface Value {
  readonly text: string;
  /** A bare decimal number: compares as a number with numbers, and as its text with text. */
  readonly number: boolean;
}

export interface Clause extends FieldRef {
  readonly operator: Operator;
  /** One; several for `in` and `not in`; none for `is null` and `is not null`. */
  readonly values: readonly Value[];
}
