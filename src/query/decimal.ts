/**
 * A decimal number in a filter, compiled once to what a cell of each kind must lie between: exact
 * for 64-bit integers, fractions included (`lt 2.5` is `le 2`), and without BigInt for each cell.
 */
import { bug } from '../model/errors.js';

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const DIGIT = /\d/;
/** Digits before the point beyond which a number is larger than any integer cell. */
const WHOLE_DIGITS_MAX = 40;
const BEYOND = 10n ** BigInt(WHOLE_DIGITS_MAX);
const I64_MIN = -(2n ** 63n);
const U64_MAX = 2n ** 64n - 1n;

export type Order = 'eq' | 'lt' | 'le' | 'gt' | 'ge';

/** Both ends included; nothing lies between them when lo > hi. */
export interface Bounds {
  readonly integers: { readonly lo: bigint; readonly hi: bigint };
  readonly doubles: { readonly lo: number; readonly hi: number };
}

/** True for decimal numbers: `5`, `-0.25`, `1e9`. No hexadecimal, no infinity. */
export function isNumber(text: string): boolean {
  const match = NUMBER.exec(text);
  return match !== null && DIGIT.test(match[2]! + (match[3] ?? ''));
}

interface Decimal {
  /** The integers next to it, equal when it is one. */
  readonly floor: bigint;
  readonly ceil: bigint;
  /** The nearest double. */
  readonly nearest: number;
}

function decimalOf(text: string): Decimal {
  const match = NUMBER.exec(text) ?? bug(`a number that is none: ${text}`);
  const negative = match[1] === '-';
  const fraction = match[3] ?? '';
  const digits = (match[2]! + fraction).replace(/^0+/, '');
  const point = digits.length - fraction.length + Number(match[4] ?? 0);
  const nearest = Number(text);
  if (digits === '') return { floor: 0n, ceil: 0n, nearest };
  let low = 0n;
  let whole = false;
  if (point > WHOLE_DIGITS_MAX) {
    low = BEYOND;
    whole = true;
  } else {
    // A far exponent would otherwise be spelled out as zeros.
    if (point > 0) low = BigInt(digits.slice(0, point).padEnd(point, '0'));
    whole = !/[1-9]/.test(point > 0 ? digits.slice(point) : digits);
  }
  const high = whole ? low : low + 1n;
  return negative ? { floor: -high, ceil: -low, nearest } : { floor: low, ceil: high, nearest };
}

const f64 = new Float64Array(1);
const bits = new BigInt64Array(f64.buffer);

function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  if (value === Infinity) return value;
  f64[0] = value;
  bits[0] = bits[0]! + (value > 0 ? 1n : -1n);
  return f64[0];
}

function nextDown(value: number): number {
  return -nextUp(-value);
}

/** Doubles that stand in `order` to the number: rounded as a cell's text was, integers exactly. */
function doubleBounds(order: Order, { floor, ceil, nearest }: Decimal): Bounds['doubles'] {
  let below = false;
  let above = false;
  if (floor === ceil && floor >= I64_MIN && floor <= U64_MAX) {
    const exact = BigInt(nearest);
    below = exact < floor;
    above = exact > floor;
  }
  switch (order) {
    case 'eq':
      return below || above ? { lo: Infinity, hi: -Infinity } : { lo: nearest, hi: nearest };
    case 'lt':
      return { lo: -Infinity, hi: below ? nearest : nextDown(nearest) };
    case 'le':
      return { lo: -Infinity, hi: above ? nextDown(nearest) : nearest };
    case 'gt':
      return { lo: above ? nearest : nextUp(nearest), hi: Infinity };
    case 'ge':
      return { lo: below ? nextUp(nearest) : nearest, hi: Infinity };
  }
}

function integerBounds(order: Order, { floor, ceil }: Decimal): Bounds['integers'] {
  switch (order) {
    case 'eq':
      return { lo: ceil, hi: floor };
    case 'lt':
      return { lo: -BEYOND, hi: ceil - 1n };
    case 'le':
      return { lo: -BEYOND, hi: floor };
    case 'gt':
      return { lo: floor + 1n, hi: BEYOND };
    case 'ge':
      return { lo: ceil, hi: BEYOND };
  }
}

/** What stands in `order` to the number that `text` is. */
export function boundsOf(order: Order, text: string): Bounds {
  const decimal = decimalOf(text);
  return { integers: integerBounds(order, decimal), doubles: doubleBounds(order, decimal) };
}
