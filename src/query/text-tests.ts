/** Comparisons of text, by its UTF-8 bytes. */
import { bug } from '../model/errors.js';
import type { Operator, Value } from './clause-types.js';
import { globTest, type BytesTest } from './glob.js';

const encoder = new TextEncoder();

/** Negative, 0 or positive as source[start, start + length) stands before, at or behind `other`. */
export function compareBytes(
  source: Uint8Array,
  start: number,
  length: number,
  other: Uint8Array,
  otherStart = 0,
  otherLength = other.length,
): number {
  const common = Math.min(length, otherLength);
  for (let i = 0; i < common; i++) {
    const difference = source[start + i]! - other[otherStart + i]!;
    if (difference !== 0) return difference;
  }
  return length - otherLength;
}

/** One string for each run of bytes, invalid UTF-8 included. */
function latin1(source: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let i = start; i < start + length; i++) text += String.fromCharCode(source[i]!);
  return text;
}

function memberTest(values: readonly Value[]): BytesTest {
  const members = new Set<string>();
  const lengths = new Set<number>();
  for (const { text } of values) {
    const bytes = encoder.encode(text);
    members.add(latin1(bytes, 0, bytes.length));
    lengths.add(bytes.length);
  }
  return (source, start, length) => lengths.has(length) && members.has(latin1(source, start, length));
}

/** The test of a present text: for all operators but `is null`. */
export function textTest(operator: Operator, values: readonly Value[]): BytesTest {
  const text = values[0]?.text ?? '';
  const bytes = encoder.encode(text);
  const compared = (wanted: (order: number) => boolean): BytesTest => {
    return (source, start, length) => wanted(compareBytes(source, start, length, bytes));
  };
  switch (operator) {
    case 'eq':
      return (source, start, length) =>
        length === bytes.length && compareBytes(source, start, length, bytes) === 0;
    case 'ne':
      return (source, start, length) =>
        length !== bytes.length || compareBytes(source, start, length, bytes) !== 0;
    case 'lt':
      return compared((order) => order < 0);
    case 'le':
      return compared((order) => order <= 0);
    case 'gt':
      return compared((order) => order > 0);
    case 'ge':
      return compared((order) => order >= 0);
    case 'prefix':
      return (source, start, length) =>
        length >= bytes.length && compareBytes(source, start, bytes.length, bytes) === 0;
    case 'glob':
      return globTest(text);
    case 'in':
      return memberTest(values);
    case 'not in': {
      const member = memberTest(values);
      return (source, start, length) => !member(source, start, length);
    }
    case 'is null':
      return () => false;
    case 'is not null':
      return () => true;
    default:
      return bug(`an operator that text does not have: ${String(operator)}`);
  }
}
