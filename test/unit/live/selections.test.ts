import { expect, test } from 'vitest';
import { SelectionBook } from '../../../src/live/selections.js';
import { parsePatterns } from '../../../src/query/selector.js';
import type { FrameSelection } from '../../../src/view/frame-selection.js';
import { row, tableOf } from '../../fixtures/tables.js';

function selection(
  switches: string[] | null,
  metrics: string[] | null,
  int64AsString = false,
): FrameSelection {
  const rows = switches && parsePatterns(switches, 'switches');
  return { rows, where: null, sort: [], limit: null, view: null, metrics, int64AsString };
}

test('equal selections are one object, in use and for a while afterwards', () => {
  const book = new SelectionBook();
  const one = book.acquire(selection(['b', 'a', 'c*'], ['x']));
  expect(book.acquire(selection(['c*', 'a', 'b', 'a'], ['x']))).toBe(one);
  book.release(one);
  expect(book.acquire(selection(['a', 'b', 'c*'], ['x']))).toBe(one);
  book.release(one);
  book.release(one);
  expect(book.size).toBe(0);
  expect(book.acquire(selection(['a', 'b', 'c*'], ['x']))).toBe(one);
});

test('what nobody uses is forgotten in the end: the oldest first, long ones at once', () => {
  const book = new SelectionBook();
  const first = book.acquire(selection(['first'], null));
  const used = book.acquire(selection(['used'], null));
  book.release(first);
  for (let i = 0; i < 2000; i++) book.release(book.acquire(selection([`sw-${i}`], null)));
  expect(book.acquire(selection(['first'], null))).not.toBe(first);
  expect(book.acquire(selection(['used'], null))).toBe(used);
  const long = book.acquire(selection(['x'.repeat(5000)], null));
  book.release(long);
  expect(book.acquire(selection(['x'.repeat(5000)], null))).not.toBe(long);
});

test('what makes frames differ makes selections differ', () => {
  const book = new SelectionBook();
  const all = [
    selection(null, null),
    selection(['a'], null),
    selection(['a*'], null),
    selection(['a\\*'], null),
    selection(['a,b'], null),
    selection(['a', 'b'], null),
    selection(null, ['x', 'y']),
    selection(null, ['y', 'x']),
    selection(null, ['x,y']),
    selection(null, null, true),
  ];
  const keys = new Set(all.map((one) => book.acquire(one).key));
  expect(keys.size).toBe(all.length);
  expect(book.acquire(selection(['a', '*'], null))).toBe(book.acquire(selection(null, null)));
});

test('fields of two schemas are compared in the order of frames', () => {
  const before = tableOf([row('r', { a: 1, b: 2 })]).schema;
  const reordered = tableOf([row('r', { b: 2, a: 1, c: 3 })]).schema;
  const book = new SelectionBook();
  expect(book.acquire(selection(null, null)).sameFields(before, reordered)).toBe(false);
  expect(book.acquire(selection(null, ['b', 'a'])).sameFields(before, reordered)).toBe(true);
  expect(book.acquire(selection(null, ['a', 'c'])).sameFields(before, reordered)).toBe(false);
  expect(book.acquire(selection(null, ['a', 'c'])).fieldsOf(before)).toEqual(['a']);
});
