import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import type { ColumnKind } from '../../../src/model/schema.js';
import { ByteWriter } from '../../../src/view/bytes.js';
import { writeCsvCell, writeJsonCell, writePlainCell } from '../../../src/view/cell.js';
import { row, tableOf, type Cell } from '../../fixtures/tables.js';

/** A one-column table of `cells`, each in a row of its own. */
function columnOf(kind: ColumnKind, cells: readonly Cell[]): Table {
  return tableOf(
    cells.map((cell, i) => row(`r${i}`, { c: cell })),
    { columns: [{ name: 'c', kind }] },
  );
}

function written(table: Table, write: (out: ByteWriter, slot: number) => void): string[] {
  return Array.from({ length: table.rowsTotal }, (_, slot) => {
    const out = new ByteWriter(1e7, 'X', '', 1);
    write(out, slot);
    return Buffer.from(out.result()).toString();
  });
}

function json(kind: ColumnKind, cells: readonly Cell[], int64AsString = false): string[] {
  const table = columnOf(kind, cells);
  const { reader } = table.parts[0]!;
  return written(table, (out, slot) =>
    writeJsonCell(out, reader, table.columnView(0, 0), slot, int64AsString),
  );
}

function csv(kind: ColumnKind, cells: readonly Cell[]): string[] {
  const table = columnOf(kind, cells);
  return written(table, (out, slot) =>
    writeCsvCell(out, table.parts[0]!.reader, table.columnView(0, 0), slot),
  );
}

function plain(kind: ColumnKind, cells: readonly Cell[]): string[] {
  const table = columnOf(kind, cells);
  return written(table, (out, slot) =>
    writePlainCell(out, table.parts[0]!.reader, table.columnView(0, 0), slot),
  );
}

const I64: Cell[] = [0, -1, 2n ** 63n - 1n, -(2n ** 63n), null];
const U64: Cell[] = [0, 2n ** 64n - 1n, 2n ** 53n, 2n ** 53n + 1n, null];
const MIXED: Cell[] = [0.5, -3, 2n ** 63n - 1n, 2n ** 64n - 1n, null, -(2n ** 60n), 1e-7];

describe('numbers', () => {
  it('keep every digit as JSON', () => {
    expect(json('i64', I64)).toEqual(['0', '-1', '9223372036854775807', '-9223372036854775808', 'null']);
    expect(json('u64', U64)).toEqual([
      '0',
      '18446744073709551615',
      '9007199254740992',
      '9007199254740993',
      'null',
    ]);
    expect(json('f64', [34.1, 1.5e-254, -0, 7, null])).toEqual(['34.1', '1.5e-254', '0', '7', 'null']);
    expect(json('mixed', MIXED)).toEqual([
      '0.5',
      '-3',
      '9223372036854775807',
      '18446744073709551615',
      'null',
      '-1152921504606846976',
      '1e-7',
    ]);
  });

  it('are quoted beyond 2^53 when asked, and only integers are', () => {
    expect(json('u64', U64, true)).toEqual([
      '0',
      '"18446744073709551615"',
      '9007199254740992',
      '"9007199254740993"',
      'null',
    ]);
    expect(json('i64', [-(2n ** 63n), -(2n ** 53n)], true)).toEqual([
      '"-9223372036854775808"',
      '-9007199254740992',
    ]);
    expect(json('f64', [1e300], true)).toEqual(['1e+300']);
    expect(json('mixed', [2n ** 64n - 1n, 0.5], true)).toEqual(['"18446744073709551615"', '0.5']);
  });

  it('are never JSON that is not a number', () => {
    expect(json('f64', [NaN, Infinity, -Infinity])).toEqual(['null', 'null', 'null']);
    expect(csv('f64', [NaN, Infinity])).toEqual(['', '']);
  });

  it('are bare in CSV, negative ones too, and missing is nothing', () => {
    expect(csv('i64', I64)).toEqual(['0', '-1', '9223372036854775807', '-9223372036854775808', '']);
    expect(csv('f64', [-0.5, null])).toEqual(['-0.5', '']);
  });

  it('are bare as plain text, and missing is null', () => {
    expect(plain('mixed', [-0.5, 2n ** 64n - 1n, null])).toEqual(['-0.5', '18446744073709551615', 'null']);
  });

  it('are missing where the part lacks the column', () => {
    const { reader } = columnOf('i64', [1]).parts[0]!;
    const out = new ByteWriter(100, 'X');
    writeJsonCell(out, reader, undefined, 0, false);
    writeCsvCell(out, reader, undefined, 0);
    expect(Buffer.from(out.result()).toString()).toBe('null');
  });
});

const CONTROLS = Array.from({ length: 32 }, (_, code) => `a${String.fromCharCode(code)}b`);
const TEXTS = [
  'UP',
  'ü 😀 \u2028',
  '"',
  '\\',
  'a"b\\c/',
  ...CONTROLS,
  '\u007f',
  'x'.repeat(300) + '"',
  '"'.repeat(5000),
];

describe('text', () => {
  it('is a JSON string that reads back, control characters escaped', () => {
    const strings = json('text', TEXTS);
    expect(strings.map((one) => JSON.parse(one) as string)).toEqual(TEXTS);
    expect(strings).toEqual(TEXTS.map((one) => JSON.stringify(one)));
  });

  it('is as it is in plain text, and missing is null', () => {
    expect(plain('text', ['a"b', null])).toEqual(['a"b', 'null']);
  });

  it.each([
    ['UP', 'UP'],
    ['a b', 'a b'],
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['"', '""""'],
    ['a\nb', '"a\nb"'],
    ['a\r', '"a\r"'],
    ['=cmd()', `"'=cmd()"`],
    ['+a', `"'+a"`],
    ['-a', `"'-a"`],
    ['@a', `"'@a"`],
    ['\ta', `"'\ta"`],
    ['\ra', `"'\ra"`],
    ['="x",1', `"'=""x"",1"`],
    ['-', `"'-"`],
    ['-1', '-1'],
    ['+1.5e-3', '+1.5e-3'],
    ['-1+1', `"'-1+1"`],
    ['-.5', '-.5'],
    ['a=b', 'a=b'],
  ])('%j is the CSV field %s', (value, field) => {
    expect(csv('text', [value])).toEqual([field]);
  });
});
