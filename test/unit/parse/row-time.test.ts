import { describe, expect, test } from 'vitest';
import { NumberReader } from '../../../src/parse/numbers.js';
import { readTime, TimeCache } from '../../../src/parse/row-time.js';
import { bytesOf, tableOf } from '../../fixtures/parse-table.js';

const reader = new NumberReader();
const time = (text: string): number => readTime(bytesOf(text), 0, text.length, reader);

describe('readTime', () => {
  test.each([
    ['1767268800', 1767268800000],
    ['1767268800.25', 1767268800250],
    ['1767268800123', 1767268800123],
    ['1709652347161873', 1709652347161.873],
    ['1709652347161873000', 1709652347161.873],
    ['0', 0],
    [' 1767268800 ', 1767268800000],
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01T12:00:00Z', Date.UTC(2026, 0, 1, 12)],
    ['2026-01-01 12:00:00', Date.UTC(2026, 0, 1, 12)],
    ['2026-01-01T12:00', Date.UTC(2026, 0, 1, 12)],
    ['2026-01-01T12:00:00.5Z', Date.UTC(2026, 0, 1, 12) + 500],
    ['2026-01-01T12:00:00.123456+02:00', Date.UTC(2026, 0, 1, 10) + 123.456],
    ['2026-01-01T12:00:00-0530', Date.UTC(2026, 0, 1, 17, 30)],
    ['2026-01-01T12:00:00+02', Date.UTC(2026, 0, 1, 10)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('%s', (text, want) => {
    expect(time(text)).toBeCloseTo(want, 3);
  });

  test.each([
    ...['-5', 'NOT_A_TIMESTAMP', '', '12:00:00', '2026-02-30', '2025-02-29', '2026-13-01', '2026-00-10'],
    ...['2026-01-01T24:00:00', '2026-01-01T12:60:00', '2026-01-01T12:00:61', '1969-12-31', '0050-01-01'],
    ...['2026-01-01T12:00:00Zulu', '2026-01-01T12', `2026-01-01T12:00:00.${'0'.repeat(60)}Z`],
  ])('%j is no time', (text) => {
    expect(time(text)).toBeNaN();
  });
});

test('a cache answers for equal cells only', () => {
  const cache = new TimeCache();
  const read = (text: string): number => cache.read(bytesOf(text), 0, text.length, reader);
  expect([read('5'), read('5'), read('6'), read('55'), read('x'), read('x'), read('5')]).toEqual([
    5000,
    5000,
    6000,
    55000,
    NaN,
    NaN,
    5000,
  ]);
});

test('row times of a table: absent is NaN, what is no time is rejected', () => {
  const table = tableOf('timestamp,switch_id\n1767268800,a\n,b\nsoon,c\n2026-01-01T00:00:00Z,d\n');
  expect([...table.rows.values()].map((row) => row.time)).toEqual([1767268800000, NaN, NaN, 1767225600000]);
  expect(table.report).toMatchObject({ rejectedCells: 1, timeColumn: 'timestamp' });
  expect(table.report.examples).toEqual(["line 4, timestamp: 'soon'"]);
});
