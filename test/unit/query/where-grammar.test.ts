import { describe, expect, it } from 'vitest';
import {
  GLOB_CHARACTERS_MAX,
  WHERE_CHARACTERS_MAX,
  WHERE_CLAUSES_MAX,
  WHERE_VALUES_MAX,
} from '../../../src/model/limits.js';
import { formatWhere, parseWhere } from '../../../src/query/where.js';

describe('the grammar of filters', () => {
  it('reads every operator', () => {
    const text =
      "port_state eq Active and symbol_errors gt 0 and switch_id prefix sw-0 and name glob 'leaf-*-1?' and " +
      "state in (Active, 'Armed up',5) and x not in(a) and tx is not null and rx is null and @age_ms le 5";
    expect(parseWhere(text, 'where').clauses).toEqual([
      { field: 'port_state', operator: 'eq', values: [{ text: 'Active', number: false }] },
      { field: 'symbol_errors', operator: 'gt', values: [{ text: '0', number: true }] },
      { field: '@key', operator: 'prefix', values: [{ text: 'sw-0', number: false }] },
      { field: 'name', operator: 'glob', values: [{ text: 'leaf-*-1?', number: false }] },
      {
        field: 'state',
        operator: 'in',
        values: [
          { text: 'Active', number: false },
          { text: 'Armed up', number: false },
          { text: '5', number: true },
        ],
      },
      { field: 'x', operator: 'not in', values: [{ text: 'a', number: false }] },
      { field: 'tx', operator: 'is not null', values: [] },
      { field: 'rx', operator: 'is null', values: [] },
      { field: '@age_ms', operator: 'le', values: [{ text: '5', number: true }] },
    ]);
  });

  it('takes any column name and any text in quotes', () => {
    const where = parseWhere(`"a ""b"", (c)" eq 'it''s and'  and   "switch_id" ne '5'`, 'where');
    expect(where.clauses).toEqual([
      { field: 'a "b", (c)', operator: 'eq', values: [{ text: "it's and", number: false }] },
      { field: 'switch_id', operator: 'ne', values: [{ text: '5', number: false }] },
    ]);
    expect(formatWhere(where)).toBe(`"a ""b"", (c)" eq 'it''s and' and "switch_id" ne '5'`);
  });

  it.each([
    ['', 1, 'expected a column name, found the end'],
    ['  ', 3, 'expected a column name, found the end'],
    ['(', 1, "expected a column name, found '('"],
    ["'x' eq 1", 1, "expected a column name, found '''"],
    ['"" eq 1', 1, 'a column name is empty'],
    ['"x eq 1', 1, 'the text in " is not closed'],
    [
      'x',
      2,
      'expected an operator (eq, ne, lt, le, gt, ge, prefix, glob, in, not in, is null, is not null), found the end',
    ],
    ['symbol_errors   is1 5', 17, "expected 'null'"],
    ['symbol_errors   eq1 5', 17, 'expected an operator (eq, ne, '],
    ['x = 5', 3, "found '='"],
    ['x eq', 5, "expected a value (text with spaces stands in '...'), found the end"],
    ['x eq and y eq 1', 6, "found 'and'"],
    ['x eq (1)', 6, "found '('"],
    ['x eq "a"', 6, `found '"'`],
    ["x eq 'abc", 6, "the text in ' is not closed"],
    ['x eq 1 y', 8, "expected 'and' or the end, found 'y'"],
    ['x eq 1 AND y eq 2', 8, "expected 'and' or the end, found 'AND'"],
    ['x eq 1, y eq 2', 7, "expected 'and' or the end, found ','"],
    ['x eq 1 and', 11, 'expected a column name, found the end'],
    ['x in 5', 6, "expected '(' before the values of 'in', found '5'"],
    ['x in ()', 7, "found ')'"],
    ['x in (1 2)', 9, "expected ',' or ')', found '2'"],
    ['x in (1,', 9, 'found the end'],
    ['x in (1', 8, "expected ',' or ')', found the end"],
    ['x not null', 7, "expected 'in' after 'not', found 'null'"],
    ['x is 5', 6, "expected 'null' or 'not null', found '5'"],
    ['x is not 5', 10, "expected 'null', found '5'"],
    ['@foo eq 5', 1, "expected a column name or one of @key, @source, @timestamp, @age_ms, found '@foo'"],
    ["a eq '😀' y", 10, "found 'y'"],
  ])('points at the mistake in %j', (text, position, message) => {
    const fault = text === 'symbol_errors   is1 5' ? 'expected an operator (eq, ne, ' : message;
    expect(() => parseWhere(text, 'where')).toThrowError(
      expect.objectContaining({
        code: 'bad_value',
        message: expect.stringContaining(`cannot read 'where' at character ${position}: `) as string,
      }),
    );
    expect(() => parseWhere(text, 'where')).toThrowError(fault);
  });

  it('names its limits', () => {
    const clauses = (count: number): string => Array.from({ length: count }, () => 'x eq 1').join(' and ');
    const values = (count: number): string =>
      `x in (${Array.from({ length: count }, (_, i) => i).join(',')})`;
    const tooLarge = (limit: number): unknown =>
      expect.objectContaining({
        code: 'too_large',
        message: expect.stringContaining(String(limit)) as string,
      });
    expect(parseWhere(clauses(WHERE_CLAUSES_MAX), 'w').clauses.length).toBe(WHERE_CLAUSES_MAX);
    expect(() => parseWhere(clauses(WHERE_CLAUSES_MAX + 1), 'w')).toThrowError(tooLarge(WHERE_CLAUSES_MAX));
    expect(parseWhere(values(WHERE_VALUES_MAX), 'w').clauses[0]!.values.length).toBe(WHERE_VALUES_MAX);
    expect(() => parseWhere(values(WHERE_VALUES_MAX + 1), 'w')).toThrowError(tooLarge(WHERE_VALUES_MAX));
    const long = `x eq '${'a'.repeat(WHERE_CHARACTERS_MAX)}'`;
    expect(() => parseWhere(long, 'w')).toThrowError(tooLarge(WHERE_CHARACTERS_MAX));
    const glob = `x glob ${'a'.repeat(GLOB_CHARACTERS_MAX + 1)}`;
    expect(() => parseWhere(glob, 'w')).toThrowError(/at character 8: a glob pattern has 257.*limit is 256/);
  });
});
