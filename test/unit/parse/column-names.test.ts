/** rename, drop and the key of XDR switches: what a header means when the configuration says more. */
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../../src/model/glob.js';
import { cellsOf, failureOf, tableOf } from '../../fixtures/parse-table.js';

describe('rename', () => {
  test('gives a column another name; time, text and units go by the raw one', () => {
    const table = tableOf('switch_id,at,temp,fw\na,1,37C,12\n', {
      rename: { at: 'x', temp: 'temperature', fw: 'firmware' },
      time: 'at',
      units: { temp: 'C' },
      text: ['fw'],
    });
    expect(cellsOf(table)).toEqual({ a: { temperature: 37n, firmware: '12' } });
    expect(table.rows.get('a')!.time).toBe(1000);
  });

  test('of a key column leaves the key as it is, and its field takes the name', () => {
    const body = 'node_guid,port_num,x\n0x000000000000000a,1,5\n';
    expect(cellsOf(tableOf(body, { rename: { node_guid: 'node', port_num: 'port' } }))).toEqual({
      '0x000000000000000a:1': { node: '0x000000000000000a', port: '1', x: 5n },
    });
    expect(cellsOf(tableOf('switch_id,x\na,1\n', { rename: { switch_id: 'x' } }))).toEqual({ a: { x: 1n } });
  });

  test('two names may be exchanged', () => {
    const table = tableOf('switch_id,a,b\ns,1,2\n', { rename: { a: 'b', b: 'a' } });
    expect(cellsOf(table)).toEqual({ s: { b: 1n, a: 2n } });
  });

  test('onto a name that exists, or two onto one: as duplicate columns are treated', () => {
    const header = 'switch_id,a,b\ns,1,2\n';
    for (const rename of [{ a: 'b' }, { a: 'c', b: 'c' }]) {
      const { outcome, message } = failureOf(header, { rename });
      expect(outcome).toBe('schema');
      expect(message).toMatch(/columns 2 and 3 are both named '[bc]' \(by `rename`\); `duplicate_columns/);
    }
    const suffixed = tableOf(header, { rename: { a: 'c', b: 'c' }, duplicateColumns: 'suffix' });
    expect(cellsOf(suffixed)).toEqual({ s: { c: 1n, c_2: 2n } });
  });

  test('tells duplicates apart by their suffixes', () => {
    const table = tableOf('switch_id,fw,fw\ns,1,2\n', {
      rename: { fw_2: 'firmware' },
      duplicateColumns: 'suffix',
    });
    expect(cellsOf(table)).toEqual({ s: { fw: 1n, firmware: 2n } });
  });
});

describe('drop', () => {
  test('leaves columns out by name and by glob; what stands in them counts for nothing', () => {
    const body = 'switch_id,hist0,hist1,x,junk,hist10\na,1,"q,r",7,5,\nb,n/a,\xff,8,z,6\n';
    const { columns, report, rows } = tableOf(body, { drop: ['hist*', 'junk'] });
    expect(columns.map((column) => column.name)).toEqual(['x']);
    expect([...rows].map(([key, row]) => [key, ...row.cells])).toEqual([
      ['a', 7n],
      ['b', 8n],
    ]);
    expect(report).toMatchObject({ rejectedCells: 0, latin1Cells: 0, examples: [] });
  });

  test('names raw columns: a dropped name may be given to another', () => {
    const table = tableOf('switch_id,a,b\ns,1,2\n', { drop: ['a'], rename: { b: 'a' } });
    expect(cellsOf(table)).toEqual({ s: { a: 2n } });
  });

  test('a name that stands twice is no mistake once it is dropped', () => {
    expect(cellsOf(tableOf('switch_id,fw,x,fw\ns,1,2,3\n', { drop: ['f?'] }))).toEqual({ s: { x: 2n } });
  });

  test('of a key column drops the field, never the key; ragged rows are still told', () => {
    const body = 'node_guid,port_num,x,y\n0x1,7,1,2\n';
    expect(cellsOf(tableOf(body, { drop: ['*'] }))).toEqual({ '0x0000000000000001:7': {} });
    expect(failureOf('switch_id,a,b\ns,1\n', { drop: ['a', 'b'] }).outcome).toBe('parse');
    expect(failureOf('switch_id,a\ns,1,2\n', { drop: ['a'] }).outcome).toBe('parse');
  });

  test.each([
    ['', '*', true],
    ['', '?', false],
    ['abc', 'a*c', true],
    ['abc', 'a?c', true],
    ['abc', 'a?', false],
    ['abc', '*b*', true],
    ['abcbd', 'a*b?', true],
    ['a.c', 'a.c', true],
    ['axc', 'a.c', false],
    ['aaaa', '*a*a*a*a*', true],
    ['aaa', '*a*a*a*a*', false],
  ])('%j matches %j: %s', (text, glob, matches) => {
    expect(matchesGlob(text, glob)).toBe(matches);
  });

  test('many stars take no time', () => {
    expect(matchesGlob('a'.repeat(512), `${'*a'.repeat(200)}b`)).toBe(false);
  });
});

describe('XDR', () => {
  const header = 'port_type,node_guid,port_num,sys_image_guid,aport,x';
  const xdr = { xdrKey: true };

  test('rows of type 4 are named by sys_image_guid and aport, the others as usual', () => {
    const body = `${header}\n1,0x1,5,0x9,3,10\n4,0x1,6,0x9,3,11\n"4",0x1,6,A,4,12\n,0x1,8,0x9,5,13\n14,0x1,9,,,14\n`;
    expect([...tableOf(body, xdr).rows.keys()]).toEqual([
      '0x0000000000000001:5',
      '0x0000000000000009:3',
      '0x000000000000000a:4',
      '0x0000000000000001:8',
      '0x0000000000000001:9',
    ]);
  });

  test('the general path does the same', () => {
    const body = `${header},t\n1,0x1,5,0x9,3,10,"a\nb"\n4,0x1,6,0x9,3,11,c\n`;
    expect([...tableOf(body, xdr).rows.keys()]).toEqual(['0x0000000000000001:5', '0x0000000000000009:3']);
  });

  test('the columns may stand in any order and case, behind the rest', () => {
    const body = 'switch_id,x,APort,Sys_Image_GUID,Port_Type\na,1,7,0X9,4\nb,2,7,0X9,1\n';
    expect([...tableOf(body, xdr).rows.keys()]).toEqual(['0x0000000000000009:7', 'b']);
  });

  test('an aggregated port that stands twice is a duplicate row', () => {
    const body = `${header}\n4,0x1,5,0x9,3,10\n4,0x2,6,0x09,3,11\n`;
    expect(failureOf(body, xdr)).toMatchObject({ outcome: 'parse', line: 3 });
  });

  test('absent columns are named', () => {
    const { outcome, message } = failureOf('node_guid,port_num,aport\n0x1,1,1\n', xdr);
    expect(outcome).toBe('schema');
    expect(message).toMatch(/XDR columns port_type, sys_image_guid \(`key: xdr`\).*'aport'/);
  });
});
