/** Rows by names that are spelled otherwise than their keys, and columns by other names. */
import { describe, expect, test } from 'vitest';
import { LocatedMetric, locatePath } from '../../../src/query/get-metric.js';
import { findRow, storedSpelling } from '../../../src/query/keys.js';
import { ALL_ROWS, visitSlice, type Slice } from '../../../src/query/slice.js';
import { parseRows, resolveColumns } from '../../../src/query/selector.js';
import { parseWhere } from '../../../src/query/where.js';
import { row, TableFixture, tableOf } from '../../fixtures/tables.js';
import type { Table } from '../../../src/fabric/table.js';

const A = '0x0c42a103007ab890';
const B = '0x00000000000000ff';
const ports = tableOf([row(`${A}:1`, { x: 1 }), row(`${A}:12`, { x: 2 }), row(`${B}:1`, { x: 3 })], {
  keyColumns: ['port_guid', 'port_num'],
});
const RULES = { extra: [], ignoreUnknown: false };

/** The key of the row that `name` finds, or undefined. */
function found(table: Table, name: string): string | undefined {
  const at = { part: 0, slot: -1 };
  return findRow(table, name, at) ? table.keyText(at.part, at.slot) : undefined;
}

function selected(table: Table, text: string, more: Partial<Slice> = {}): string[] {
  const keys: string[] = [];
  const slice = { ...ALL_ROWS, rows: parseRows(text, 'switches'), ...more };
  visitSlice(table, slice, (p, s) => keys.push(table.keyText(p, s)));
  return keys;
}

describe('other spellings', () => {
  test.each([
    [`${A}:12`, `${A}:12`],
    ['0C42A103007AB890:12', `${A}:12`],
    ['c42a103007ab890:12', `${A}:12`],
    ['0Xc42a103007AB890:12', `${A}:12`],
    ['0c42:a103:007a:b890:12', `${A}:12`],
    ['0c42a103007ab890_12', `${A}:12`],
    ['0x0c42a103007ab890_12', `${A}:12`],
    ['ff_1', `${B}:1`],
    ['FF:1', `${B}:1`],
    ['ff:2', undefined],
    ['0c42a103007ab890', undefined],
    ['0c42a103007ab890:012', undefined],
    ['0c42a103007ab890:12:1', undefined],
    ['ff', undefined],
    ['', undefined],
    [':', undefined],
    ['_', undefined],
  ])('%j names %j', (name, key) => expect(found(ports, name)).toBe(key));

  test('keys that hold no GUID are never rewritten', () => {
    const switches = tableOf([row('0x0000000000000abc', { x: 1 }), row('sw-000', { x: 2 })]);
    expect(found(switches, 'abc')).toBeUndefined();
    expect(found(switches, 'sw-000')).toBe('sw-000');
    const kept = tableOf([row(B, { x: 1 })], { keyColumns: ['guid'], policy: { guidKeys: 'as_is' } });
    expect(found(kept, 'ff')).toBeUndefined();
  });

  test('a name that stands in the table as it is given is that row', () => {
    const fixture = new TableFixture({ sources: ['a', 'b'] });
    fixture.publish('a', [row(B, { x: 1 })], { keyColumns: ['guid'] });
    const both = fixture.publish('b', [row('ff', { x: 2 })]);
    expect(found(both, 'ff')).toBe('ff');
    expect(found(both, 'FF')).toBe(B);
    expect(selected(both, 'ff')).toEqual(['ff']);
    expect(selected(both, 'ff,FF')).toEqual([B, 'ff']);
  });

  test('of XDR switches both forms are found', () => {
    const xdr = tableOf([row(`${A}:${B}:7`, { x: 1 }), row(`${B}:3`, { x: 2 })], {
      keyColumns: ['node_guid', 'port_guid', 'port_num'],
      policy: { xdrKey: true },
    });
    expect(found(xdr, 'c42a103007ab890:FF:7')).toBe(`${A}:${B}:7`);
    expect(found(xdr, '0c42:a103:007a:b890:0000:0000:0000:00ff:7')).toBe(`${A}:${B}:7`);
    expect(found(xdr, 'ff:3')).toBe(`${B}:3`);
    expect(found(xdr, 'ff_3')).toBe(`${B}:3`);
  });

  test('a cell that is no GUID stays in the key as it is', () => {
    const odd = tableOf([row(`NA:${B}`, { x: 1 })], { keyColumns: ['node_guid', 'port_guid'] });
    expect(found(odd, 'NA:ff')).toBe(`NA:${B}`);
    expect(found(odd, 'na:ff')).toBeUndefined();
  });

  test('a text that could be read in very many ways is no trouble', () => {
    const keyColumns = Array.from({ length: 16 }, (_, i) => `guid${i}`);
    const wide = tableOf([row('x', { x: 1 })], { keyColumns });
    expect(found(wide, Array.from({ length: 40 }, () => 'abcd').join(':'))).toBeUndefined();
  });

  test('lists take them, and a row that is named twice comes once', () => {
    expect(selected(ports, 'ff_1,c42a103007ab890:1')).toEqual([`${A}:1`, `${B}:1`]);
    expect(selected(ports, `ff_1,${B}:1,FF:1`)).toEqual([`${B}:1`]);
    expect(selected(ports, `ff_1,${A}*`)).toEqual([`${A}:1`, `${A}:12`, `${B}:1`]);
    const sort = [{ field: '@key', descending: false }];
    expect(selected(ports, 'ff_1,FF:1', { sort })).toEqual([`${B}:1`]);
    const where = (text: string): Partial<Slice> => ({ rows: null, where: parseWhere(text, 'where') });
    expect(selected(ports, '*', where("switch_id in (ff_1, 'FF:2')"))).toEqual([`${B}:1`]);
    expect(selected(ports, '*', where('switch_id ne ff_1'))).toEqual([`${A}:1`, `${A}:12`]);
    // Prefixes are compared as they are.
    expect(selected(ports, '0c42*')).toEqual([]);
  });

  test('a row that vanished is still meant', () => {
    const fixture = new TableFixture();
    const options = { keyColumns: ['guid'] };
    fixture.publish('s1', [row(A, { x: 1 }), row(B, { x: 1 })], options);
    const without = fixture.publish('s1', [row(A, { x: 2 })], options);
    expect(found(without, 'ff')).toBeUndefined();
    expect(storedSpelling(without, 'ff')).toBe(B);
  });
});

describe('GetMetric', () => {
  test('answers with the key that the row has', () => {
    const located = new LocatedMetric(ports, {
      switchId: 'ff_1',
      metric: 'x',
      format: 'json',
      int64AsString: false,
      view: null,
    });
    expect(located.request.switchId).toBe(`${B}:1`);
    expect(located.stillIn(ports)).toBe(true);
    expect(locatePath(ports, 'x', 'FF:1', '', RULES).request.switchId).toBe(`${B}:1`);
    expect(locatePath(ports, 'FF:1', 'x', '', RULES).request.switchId).toBe(`${B}:1`);
    expect(() => locatePath(ports, 'x', 'FE:1', '', RULES)).toThrow("Unknown switch_id 'FE:1'.");
  });
});

describe('aliases', () => {
  const fixture = new TableFixture({ sources: ['a', 'b'] });
  fixture.publish('a', [row('s', { tx: 1, rx: 2 })], {
    policy: { alias: { out: 'tx', rx: 'tx', gone: 'no' } },
  });
  const table = fixture.publish('b', [row('t', { rx: 3, temp: 4 })], {
    policy: { alias: { out: 'temp', warm: 'temp', tx: 'temp' } },
  });
  const nameOf = (name: string): string => table.schema.columns[resolveColumns(table, [name])[0]!]!.name;

  test('stand for columns; a real column wins, then the first source', () => {
    expect(nameOf('out')).toBe('tx');
    expect(nameOf('warm')).toBe('temp');
    expect(nameOf('rx')).toBe('rx');
    expect(nameOf('tx')).toBe('tx');
  });

  test('of a column that is not there is an unknown metric', () => {
    expect(() => resolveColumns(table, ['gone'])).toThrow(/Unknown metric 'gone'/);
  });

  test('are not among all columns', () => {
    expect(resolveColumns(table, null)).toEqual([0, 1, 2]);
  });
});
