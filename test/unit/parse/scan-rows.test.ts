import { describe, expect, test } from 'vitest';
import { KEY_BYTES_MAX, RECORD_BYTES_MAX } from '../../../src/model/limits.js';
import { cellsOf, failureOf, parseTable, tableOf } from '../../fixtures/parse-table.js';

const matching = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

describe('line ends', () => {
  const want = { a: { x: 1n, y: 2n }, b: { x: 3n, y: 4n } };

  test.each([
    ['LF', 'switch_id,x,y\na,1,2\nb,3,4\n'],
    ['CRLF', 'switch_id,x,y\r\na,1,2\r\nb,3,4\r\n'],
    ['mixed', 'switch_id,x,y\na,1,2\r\nb,3,4\n'],
    ['blank lines', '\nswitch_id,x,y\n\n\r\na,1,2\n\nb,3,4\n\r\n\n'],
    ['a BOM', '\ufeffswitch_id,x,y\na,1,2\nb,3,4\n'],
  ])('%s', (_, body) => {
    expect(cellsOf(tableOf(body))).toEqual(want);
  });

  test('a CR inside a line is part of its cell', () => {
    expect(cellsOf(tableOf('switch_id,tag,x\na\rb,c\rd,1\n'))).toEqual({ 'a\rb': { tag: 'c\rd', x: 1n } });
    expect(cellsOf(tableOf('switch_id,x\na,1\r2\nb,7\nc,8\n'))).toMatchObject({
      a: { x: null },
      b: { x: 7n },
    });
  });

  test('a body longer than the margins of the hot loop', () => {
    const rows = Array.from({ length: 300 }, (_, i) => `sw-${i},${i},-${i}.5,${'9'.repeat(i % 19)}`);
    const table = tableOf(`switch_id,a,b,c\n${rows.join('\r\n')}\r\n`);
    expect(table.rows.size).toBe(300);
    expect(cellsOf(table)['sw-299']).toEqual({ a: 299n, b: -299.5, c: 99999999999999n });
    expect(cellsOf(table)['sw-0']).toEqual({ a: 0n, b: -0.5, c: null });
  });
});

describe('the last line', () => {
  const cut = 'switch_id,x\na,1\nb,2,3'.slice(0, -2);

  test('without a line break is `truncated`', () => {
    expect(failureOf(cut)).toMatchObject({
      outcome: 'truncated',
      line: 3,
      offset: cut.length,
      message: matching(/line 3.*require_final_newline/),
    });
  });

  test('or is taken, when the policy says so', () => {
    expect(cellsOf(tableOf(cut, { requireFinalNewline: false }))).toEqual({ a: { x: 1n }, b: { x: 2n } });
    expect(cellsOf(tableOf('switch_id,x\r\na,1\r', { requireFinalNewline: false }))).toEqual({
      a: { x: 1n },
    });
    expect(failureOf('switch_id,x\na,"1', { requireFinalNewline: false })).toMatchObject({
      outcome: 'parse',
    });
  });
});

describe('bodies without rows', () => {
  test.each(['switch_id,x\n', 'switch_id,x\r\n\r\n', '', 'switch_id,x\nswitch_id,x\n'])(
    '%j is `empty`',
    (body) => {
      expect(failureOf(body)).toMatchObject({ outcome: 'empty', message: matching(/allow_empty/) });
      expect(tableOf(body, { allowEmpty: true }).rows.size).toBe(0);
    },
  );

  test('all rows dropped is empty, and says so', () => {
    expect(failureOf('switch_id,x\na\nb\n', { ragged: 'drop' })).toMatchObject({
      outcome: 'empty',
      message: matching(/2 rows were dropped/),
    });
  });
});

describe('repeated header rows', () => {
  test('are skipped and counted', () => {
    const table = tableOf('switch_id,x\na,1\nswitch_id,x\r\nb,2\nswitch_id,x\n');
    expect(cellsOf(table)).toEqual({ a: { x: 1n }, b: { x: 2n } });
    expect(table.report.headerRepeats).toBe(2);
  });

  test('a row that only begins like one is a row', () => {
    expect([...tableOf('s,x\ns,xy\nsw,x\ns2,1\n', { key: ['s'] }).rows.keys()]).toEqual(['s', 'sw', 's2']);
  });
});

describe('ragged rows', () => {
  test.each([
    ['switch_id,x,y\na,1,2\nb,3\n', 3, /line 3: found 2 cells where the header has 3/, 'y'],
    ['switch_id,x,y\na,1,2,9,"8,8"\n', 2, /found 5 cells where the header has 3/, null],
    ['switch_id,x,y\na,1,2,\n', 2, /found 4 cells/, null],
    ['x,y,switch_id\n1,2,a\n\n1\n', 4, /line 4: found 1 cells/, 'y'],
    ['x,switch_id\n1,a\n\n1\n', 4, /line 4: found 1 cells/, 'switch_id'],
  ])('%j is refused, and says where', (body, line, pattern, column) => {
    expect(failureOf(body)).toMatchObject({ outcome: 'parse', line, column, message: matching(pattern) });
    expect(failureOf(body).message).toContain('`ragged: drop`');
  });

  test('are dropped and counted, when the policy says so', () => {
    const table = tableOf('switch_id,x,y\na,1,2\ngarbage\nb,,,,,extra,@@@\nc,3,4\n"d,5",6,7\n,,\n', {
      ragged: 'drop',
    });
    expect(cellsOf(table)).toEqual({ a: { x: 1n, y: 2n }, c: { x: 3n, y: 4n }, 'd,5': { x: 6n, y: 7n } });
    expect(table.report).toMatchObject({ rows: 3, rejectedRows: 3 });
    expect(table.report.examples[0]).toBe('line 3: found 1 cells where the header has 3');
  });

  test('leave no trace in an earlier row of the same key', () => {
    const policy = { ragged: 'drop', duplicateRows: 'last' } as const;
    const table = tableOf('switch_id,x,y\na,1,2\na,x,,4\na,9\n', policy);
    expect(cellsOf(table)).toEqual({ a: { x: 1n, y: 2n } });
    expect(table.report).toMatchObject({ duplicates: 0, rejectedRows: 2, rejectedCells: 0 });
    expect(table.report.fields.map((field) => field.present)).toEqual([1, 1]);
  });

  test('a header that ends in a delimiter: rows may do so too', () => {
    expect(cellsOf(tableOf('switch_id,x,\na,1,\nb,2\nc,3,z\n'))).toEqual({
      a: { x: 1n },
      b: { x: 2n },
      c: { x: 3n },
    });
    expect(failureOf('switch_id,x,\na,1,2,3\n')).toMatchObject({ outcome: 'parse' });
  });

  test('a row without a key', () => {
    expect(failureOf('switch_id,x\na,1\n,2\n')).toMatchObject({
      outcome: 'parse',
      line: 3,
      column: 'switch_id',
      message: matching(/key is empty.*ragged: drop/),
    });
    const table = tableOf('node_guid,port_num,x\n,,1\n,7,2\n', { ragged: 'drop' });
    expect([...table.rows.keys()]).toEqual([':7']);
    expect(table.report.rejectedRows).toBe(1);
  });

  test('a key beyond the limit', () => {
    const key = 'k'.repeat(KEY_BYTES_MAX);
    expect(tableOf(`switch_id,x\n${key},1\n`).rows.has(key)).toBe(true);
    expect(failureOf(`switch_id,x\n${key}k,1\n`)).toMatchObject({
      outcome: 'parse',
      message: matching(new RegExp(String(KEY_BYTES_MAX))),
    });
    expect(failureOf(`node_guid,port_num,x\n${key},${key},1\n`)).toMatchObject({ outcome: 'parse' });
  });
});

describe('duplicate keys', () => {
  const body = 'switch_id,x,y,z\na,1,2,0.5\nb,3,4,9007199254740993\na,,6,x\n';

  test('are refused with line and key', () => {
    expect(failureOf(body)).toMatchObject({
      outcome: 'parse',
      line: 4,
      message: matching(/line 4: a second row of key a .*duplicate_rows: last/),
    });
  });

  test('or the last one wins, whole', () => {
    const table = tableOf(body, { duplicateRows: 'last' });
    expect(cellsOf(table)).toEqual({
      a: { x: null, y: 6n, z: null },
      b: { x: 3n, y: 4n, z: 9007199254740993n },
    });
    expect(table.report).toMatchObject({ rows: 2, duplicates: 1 });
  });

  test('a mixed cell forgets its tag', () => {
    const table = tableOf('switch_id,z\na,9007199254740993\nb,0.5\na,0.25\n', { duplicateRows: 'last' });
    expect(cellsOf(table)).toEqual({ a: { z: 0.25 }, b: { z: 0.5 } });
  });
});

describe('what is no text', () => {
  test.each([
    ['switch_id,x\na,\0\n', 14],
    ['switch_id,x\na\x01,1\n', 13],
    ['switch_id,x,y\na,12\x1f,1\n', 18],
    ['switch_id,x,y\na,1,"\x07"\n', 19],
    [`switch_id,x\n${Array.from({ length: 40 }, (_, i) => `key${i + 10},1\n`).join('')}z,\x02\n`, 334],
  ])('%j is `encoding`, with the offset', (body, offset) => {
    expect(body.charCodeAt(offset)).toBeLessThan(32);
    expect(failureOf(body)).toMatchObject({ outcome: 'encoding', offset });
    expect(failureOf(body).message).toContain(`offset ${offset}`);
  });

  test('a tab is text', () => {
    expect(cellsOf(tableOf('switch_id,tag\na,x\ty\n'))).toEqual({ a: { tag: 'x\ty' } });
  });
});

describe('quotes that stay open', () => {
  test('fail at the quote, not at the end of the body', () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `sw-${i},${i}\n`).join('');
    expect(failureOf(`switch_id,x\nb,1\na,"2\n${rows}`)).toMatchObject({
      outcome: 'parse',
      line: 3,
      message: matching(new RegExp(`line 3.*not closed within ${RECORD_BYTES_MAX}`)),
    });
  });

  test('or within a record, when another quote follows far behind', () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `sw-${i},${i}\n`).join('');
    expect(failureOf(`switch_id,x\na,"2\n${rows}b,"\n`)).toMatchObject({ outcome: 'parse' });
  });

  test('a record beyond the limit without any quote', () => {
    const body = `switch_id,tag,x\na,b,${' '.repeat(RECORD_BYTES_MAX)}1\n`;
    expect(failureOf(body)).toMatchObject({
      outcome: 'parse',
      line: 2,
      message: matching(/more than \d+ bytes/),
    });
  });
});

test('a failure is plain data', () => {
  const parsed = parseTable('switch_id,x\na\n');
  expect(parsed.ok).toBe(false);
  expect(structuredClone(parsed)).toEqual(parsed);
});
