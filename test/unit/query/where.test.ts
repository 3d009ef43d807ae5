import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import { compileWhere, parseWhere } from '../../../src/query/where.js';
import { row, TableFixture, tableOf } from '../../fixtures/tables.js';

/** Keys of the rows that a filter admits. */
function admitted(table: Table, text: string, agesMs?: readonly number[]): string[] {
  const filter = compileWhere(table, parseWhere(text, 'where'), agesMs);
  const keys: string[] = [];
  table.forEachRow((part, slot) => {
    if (filter(part, slot)) keys.push(table.keyText(part, slot));
    return true;
  });
  return keys;
}

const U64_MAX = 18446744073709551615n;

describe('filters over numbers', () => {
  const table = tableOf([
    row('a', { u: U64_MAX, i: -3, f: 0.1, m: U64_MAX }),
    row('b', { u: U64_MAX - 1n, i: 2, f: 2 ** 53, m: 0.5 }),
    row('c', { u: 0, i: 3, f: -7.25, m: -9223372036854775808n }),
    row('d', { u: null, i: null, f: null, m: null }),
  ]);

  it.each([
    ['u gt 18446744073709551614', ['a']],
    ['u ge 18446744073709551614.5', ['a']],
    ['u eq 18446744073709551614', ['b']],
    ['u ne 18446744073709551614', ['a', 'c']],
    ['u lt 1e19', ['c']],
    ['u gt 1e999999999', []],
    ['u lt 1e999999999', ['a', 'b', 'c']],
    ['u gt -1', ['a', 'b', 'c']],
    ['u le -0', ['c']],
    ['u eq 0.0', ['c']],
    ['u gt 1e-999999999', ['a', 'b']],
    ['i lt 2.5', ['a', 'b']],
    ['i eq 2.5', []],
    ['i ne 2.5', ['a', 'b', 'c']],
    ['i ge -3', ['a', 'b', 'c']],
    ['i gt -3.5', ['a', 'b', 'c']],
    ['i gt -2.5', ['b', 'c']],
    ['i eq +3', ['c']],
    ['i eq 30e-1', ['c']],
    ['i in (2, 3.0, 5.5)', ['b', 'c']],
    ['i not in (2)', ['a', 'c']],
    ['f eq 0.1', ['a']],
    ['f gt 0.1', ['b']],
    ['f ge 0.1 and f le 0.1', ['a']],
    ['f eq 9007199254740993', []],
    ['f lt 9007199254740993', ['a', 'b', 'c']],
    ['f in (0.1, -7.25)', ['a', 'c']],
    ['m gt 18446744073709551614', ['a']],
    ['m lt 0', ['c']],
    ['m le -9223372036854775808', ['c']],
    ['m lt -9223372036854775808', []],
    ['m eq 0.5', ['b']],
    ['m in (0.5, 18446744073709551615)', ['a', 'b']],
    ['m is null', ['d']],
    ['m is not null and i lt 3', ['a', 'b']],
  ])('admits by %s', (text, keys) => {
    expect(admitted(table, text)).toEqual(keys);
  });

  it.each([
    'i eq abc',
    "i lt '5'",
    'i in (1,x)',
    'f prefix 1',
    'u glob 1',
    'i eq 0x10',
    '@timestamp gt soon',
  ])('refuses %s', (text) => {
    expect(() => admitted(table, text)).toThrowError(expect.objectContaining({ code: 'bad_value' }));
  });

  it('names a column that does not exist', () => {
    expect(() => admitted(table, 'i eq 1 and cpu gt 5')).toThrowError(
      expect.objectContaining({
        code: 'unknown_metric',
        message: expect.stringContaining("'cpu'") as string,
      }),
    );
  });
});

describe('filters over text', () => {
  const table = tableOf([
    row('sw-1', { state: 'Active', n: '007' }),
    row('sw-2', { state: 'Armed up', n: '7' }),
    row('sw-10', { state: 'ünder', n: 'x' }),
    row('leaf-1', { state: null, n: null }),
  ]);

  it.each([
    ['state eq Active', ['sw-1']],
    ['state ne Active', ['sw-2', 'sw-10']],
    ['state not in (Active)', ['sw-2', 'sw-10']],
    ['state is null', ['leaf-1']],
    ['state lt B', ['sw-1', 'sw-2']],
    ['state ge ünder', ['sw-10']],
    ['state prefix A', ['sw-1', 'sw-2']],
    ["state prefix ''", ['sw-1', 'sw-2', 'sw-10']],
    ['state glob ?nder', ['sw-10']],
    ['state glob *e*', ['sw-1', 'sw-2', 'sw-10']],
    ['state glob A*e', ['sw-1']],
    ['state glob *', ['sw-1', 'sw-2', 'sw-10']],
    ["state glob ''", []],
    ["state in (Active, 'Armed up', nothing)", ['sw-1', 'sw-2']],
    ['n eq 7', ['sw-2']],
    ['n in (7, 007)', ['sw-1', 'sw-2']],
    ['switch_id eq sw-1', ['sw-1']],
    ['@key ne sw-1', ['sw-2', 'sw-10', 'leaf-1']],
    ['switch_id in (sw-1, sw-10, none)', ['sw-1', 'sw-10']],
    ['switch_id not in (sw-1)', ['sw-2', 'sw-10', 'leaf-1']],
    ['switch_id glob sw-1*', ['sw-1', 'sw-10']],
    ['switch_id prefix sw-1 and n eq x', ['sw-10']],
    ['switch_id lt sw-10', ['sw-1', 'leaf-1']],
    ['switch_id is null', []],
    ['switch_id is not null and state is null', ['leaf-1']],
  ])('admits by %s', (text, keys) => {
    expect(admitted(table, text)).toEqual(keys);
  });

  it('does not take long over a pattern made to be slow', () => {
    const slow = tableOf([row('a', { text: 'a'.repeat(20_000) })]);
    expect(admitted(slow, `text glob ${'*a'.repeat(120)}*b`)).toEqual([]);
  });
});

describe('filters over rows of several sources', () => {
  const fixture = new TableFixture({ sources: ['one', 'two'] });
  const nowMs = Date.parse('2026-01-01T12:00:00Z');
  fixture.publish('one', [row('x', { v: 1, own: 5 }), row('y', { v: 2, own: 6 })], { dataTsMs: nowMs });
  const merged = fixture.publish('two', [row('y', { v: 'text' }), row('z', { v: '3' })], {
    dataTsMs: nowMs + 1000,
  });

  it.each([
    ['@source eq one', ['x']],
    ['@source in (two)', ['y', 'z']],
    ['@source is null', []],
    ['@timestamp gt 2026-01-01T12:00:00Z', ['y', 'z']],
    ['@timestamp le 1767268800000', ['x']],
    ["@timestamp lt '2026-01-02'", ['x', 'y', 'z']],
    ['@age_ms gt 500', ['x']],
    ['own is null', ['y', 'z']],
    ['own gt 0', ['x']],
    ['own ne 5', []],
    // The column is text in one source and a number in the other.
    ['v eq 1', ['x']],
    ['v ge 3', ['y', 'z']],
    ['v ne text', ['x', 'z']],
    ['v glob *', ['y', 'z']],
    ['v in (1, text)', ['x', 'y']],
    ['v lt zzz', ['y', 'z']],
  ])('admits by %s', (text, keys) => {
    expect(admitted(merged, text, [1000, 0])).toEqual(keys);
  });

  it('refuses the age where it is not known', () => {
    expect(() => admitted(merged, '@age_ms gt 500')).toThrowError(
      expect.objectContaining({ code: 'bad_value' }),
    );
  });
});
