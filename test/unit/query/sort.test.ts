import { describe, expect, it } from 'vitest';
import { SORT_KEYS_MAX } from '../../../src/model/limits.js';
import { ALL_ROWS, checkSlice, visitSlice } from '../../../src/query/slice.js';
import { parseSort } from '../../../src/query/sort.js';
import { row, TableFixture, tableOf } from '../../fixtures/tables.js';

describe('the grammar of sorts', () => {
  it('reads several keys, with quotes where a name needs them', () => {
    expect(parseSort('-symbol_errors, switch_id,"-a, b",-@age_ms', 'sort')).toEqual([
      { field: 'symbol_errors', descending: true },
      { field: '@key', descending: false },
      { field: '-a, b', descending: false },
      { field: '@age_ms', descending: true },
    ]);
  });

  it.each([
    ['', 1, 'expected a column name, found the end'],
    ['-', 2, 'found the end'],
    ['a,', 3, 'found the end'],
    ['a,,b', 3, "found ','"],
    ['a b', 3, "expected ',' or the end, found 'b'"],
    ['a,-a', 3, 'a is named twice'],
    ['switch_id,@key', 11, 'switch_id is named twice'],
    ['@what', 1, 'one of @key'],
  ])('points at the mistake in %j', (text, position, message) => {
    expect(() => parseSort(text, 'sort')).toThrowError(`cannot read 'sort' at character ${position}: `);
    expect(() => parseSort(text, 'sort')).toThrowError(message);
  });

  it('names its limit', () => {
    const text = Array.from({ length: SORT_KEYS_MAX + 1 }, (_, i) => `a${i}`).join(',');
    expect(() => parseSort(text, 'sort')).toThrowError(expect.objectContaining({ code: 'too_large' }));
  });
});

describe('sorted slices', () => {
  const table = tableOf([
    row('b', { v: 18446744073709551615n, w: 1 }),
    row('a', { v: 18446744073709551614n, w: 1 }),
    row('d', { v: null, w: 0 }),
    row('c', { v: 18446744073709551615n, w: null }),
  ]);
  const keys = (sort: string, range: { offset?: number; limit?: number } = {}, of = table): string[] => {
    const found: string[] = [];
    const slice = { ...ALL_ROWS, sort: parseSort(sort, 'sort'), ...range };
    const total = visitSlice(of, slice, (p, s) => found.push(of.keyText(p, s)), [0, 1000]);
    expect(total).toBe(4);
    return found;
  };

  it("are exact in 64 bits, with missing last and ties in the table's order", () => {
    expect(keys('-v')).toEqual(['b', 'c', 'a', 'd']);
    expect(keys('v')).toEqual(['a', 'b', 'c', 'd']);
    expect(keys('-w,switch_id')).toEqual(['a', 'b', 'd', 'c']);
    expect(keys('-switch_id')).toEqual(['d', 'c', 'b', 'a']);
    expect(keys('-v', { limit: 1 })).toEqual(['b']);
    expect(keys('-v', { offset: 1, limit: 2 })).toEqual(['c', 'a']);
    expect(keys('-v', { offset: 9 })).toEqual([]);
  });

  it('are of whole keys too', () => {
    const found: string[] = [];
    const rows = { exact: ['a', 'c', 'd', 'x'], prefixes: [] };
    const slice = { ...ALL_ROWS, rows, sort: parseSort('-v', 'sort'), limit: 2 };
    expect(visitSlice(table, slice, (p, s) => found.push(table.keyText(p, s)))).toBe(3);
    expect(found).toEqual(['c', 'a']);
  });

  it('order by source, time and age, and put numbers before text', () => {
    const fixture = new TableFixture({ sources: ['z', 'y'] });
    const nowMs = fixture.clock.nowMs();
    fixture.publish('z', [row('a', { v: 5 }), row('b', { v: 2 })], { dataTsMs: nowMs });
    const merged = fixture.publish('y', [row('c', { v: 'x' }), row('d', { v: '1' })], {
      dataTsMs: nowMs + 1000,
    });
    expect(keys('@source', {}, merged)).toEqual(['c', 'd', 'a', 'b']);
    expect(keys('-@timestamp,-v', {}, merged)).toEqual(['c', 'd', 'a', 'b']);
    expect(keys('-@age_ms', {}, merged)).toEqual(['c', 'd', 'a', 'b']);
    expect(keys('v', {}, merged)).toEqual(['b', 'a', 'd', 'c']);
  });

  it('are refused by what they name', () => {
    const check = (sort: string) => (): void =>
      checkSlice(table, { ...ALL_ROWS, sort: parseSort(sort, 'sort') });
    expect(check('v,nothing')).toThrowError(expect.objectContaining({ code: 'unknown_metric' }));
    expect(check('@age_ms')).toThrowError(expect.objectContaining({ code: 'bad_value' }));
  });
});
