import { describe, expect, test } from 'vitest';
import { TEXT_BYTES_MAX } from '../../../src/model/limits.js';
import { wantedKinds } from '../../../src/parse/kinds.js';
import { cellsOf, columnOf, parseTable, tableOf } from '../../fixtures/parse-table.js';

/** One column of numbers, enough of them that most pass through the hot loop. */
const numbers = (cells: readonly string[]): string =>
  `switch_id,first,x,last\n${cells.map((cell, i) => `sw-${i},${i},${cell},${i}\n`).join('')}`;

describe('integers', () => {
  test('keep every digit, whatever their length', () => {
    const cells = [
      '0',
      '5',
      '12',
      '1234567',
      '12345678',
      '123456789',
      '9007199254740993',
      '9223372036854775807',
    ];
    const table = tableOf(numbers(cells));
    expect(table.columns.map((column) => column.kind)).toEqual(['i64', 'i64', 'i64']);
    expect(columnOf(table, 'x')).toEqual(cells.map(BigInt));
    expect(columnOf(table, 'last')).toEqual(cells.map((_, i) => BigInt(i)));
  });

  test('negative ones', () => {
    const cells = ['-1', '-0', '-1234567', '-12345678', '-123456789012', '-9223372036854775808'];
    expect(columnOf(tableOf(numbers(cells)), 'x')).toEqual(cells.map(BigInt));
  });

  test('beyond i64: u64, and mixed beside a negative one', () => {
    const table = tableOf(numbers(['18446744073709551615', '0', '9223372036854775808', '7']));
    expect(table.columns[1]!.kind).toBe('u64');
    expect(columnOf(table, 'x')).toEqual([18446744073709551615n, 0n, 9223372036854775808n, 7n]);
    const mixed = tableOf(numbers(['18446744073709551615', '-9223372036854775808', '-3', '12']));
    expect(mixed.columns[1]!.kind).toBe('mixed');
    expect(columnOf(mixed, 'x')).toEqual([18446744073709551615n, -9223372036854775808n, -3, 12]);
  });

  test('beyond 64 bits: the nearest double, counted', () => {
    const table = tableOf(numbers(['123456789012345678901234567890', '1']));
    expect(columnOf(table, 'x')).toEqual([123456789012345678901234567890, 1]);
    expect(table.report.roundedIntegers).toBe(1);
  });
});

describe('fractions', () => {
  test('have the bits of Number(text)', () => {
    const cells = [
      '8.741',
      '0.1',
      '-0.5',
      '12345678.87654321',
      '0.00000153523',
      '1.5e-254',
      '1.',
      '.5',
      '1e3',
      '5',
    ];
    const table = tableOf(numbers(cells));
    expect(table.columns[1]!.kind).toBe('f64');
    expect(columnOf(table, 'x')).toEqual(cells.map(Number));
  });

  test('-0 stays -0 where the column holds doubles', () => {
    const values = columnOf(tableOf(numbers(['-0', '-0.0', '0.5'])), 'x');
    expect(values.map((value) => Object.is(value, -0))).toEqual([true, true, false]);
  });

  test('beside integers beyond 2^53: mixed, and both exact', () => {
    const table = tableOf(numbers(['9007199254740993', '0.25', '-9007199254740993', '-0', '', 'x', '4']));
    expect(table.columns[1]!.kind).toBe('mixed');
    expect(columnOf(table, 'x')).toEqual([9007199254740993n, 0.25, -9007199254740993n, -0, null, null, 4]);
  });
});

describe('cells that are no numbers', () => {
  const odd = ['NaN', 'Infinity', 'inf', '1e999', '0x10', '1_000', '37C', 'x'];

  test('are missing and counted, and the first ones shown', () => {
    const cells = [...odd, ...odd.map((_, i) => String(i)), ' 12 ', '0'];
    const table = tableOf(numbers(cells));
    expect(columnOf(table, 'x')).toEqual([...odd.map(() => null), 0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 12n, 0n]);
    expect(table.report).toMatchObject({ rejectedCells: odd.length, rows: cells.length });
    expect(table.report.fields[1]).toMatchObject({ present: 18, numeric: 10, rejected: 8 });
    expect(table.report.examples).toHaveLength(5);
    expect(table.report.examples[0]).toBe("line 2, x: 'NaN'");
    expect(table.report.examples[4]).toBe("line 6, x: '0x10'");
  });

  test('what is shown of them is short and printable', () => {
    const { examples } = tableOf(
      numbers([`\u001b`.replace('\u001b', 'ä') + 'y'.repeat(100), '1', '2']),
    ).report;
    expect(examples).toEqual([`line 2, x: '??${'y'.repeat(30)}...'`]);
  });

  test('a comma inside quotes is part of the cell', () => {
    const table = tableOf(numbers(['"1,5"', '"15"', '" 7 "', '1']));
    expect(columnOf(table, 'x')).toEqual([null, 15n, 7n, 1n]);
  });
});

describe('missing cells', () => {
  test('are the empty ones, quoted or not', () => {
    const table = tableOf(numbers(['', '""', '1', '']));
    expect(columnOf(table, 'x')).toEqual([null, null, 1n, null]);
    expect(table.report).toMatchObject({ rejectedCells: 0 });
    expect(table.report.fields[1]).toMatchObject({ present: 1 });
  });

  test('and what the policy adds, in numbers and in text', () => {
    const body = 'switch_id,x,tag\na,N/A,N/A\nb,NA,\nc,1,N/A \nd,"NA",x\n';
    const table = tableOf(body, { missing: ['N/A', 'NA'] });
    expect(columnOf(table, 'x')).toEqual([null, null, 1n, null]);
    expect(columnOf(table, 'tag')).toEqual([null, null, 'N/A ', 'x']);
  });

  test('also when they look like numbers', () => {
    expect(columnOf(tableOf(numbers(['-1', '-2', '1', '-1']), { missing: ['-1'] }), 'x')).toEqual([
      null,
      -2n,
      1n,
      null,
    ]);
    expect(columnOf(tableOf(numbers(['0', '65535', '7']), { missing: ['65535'] }), 'x')).toEqual([
      0n,
      null,
      7n,
    ]);
  });

  test('an all-missing column has no kind of its own yet', () => {
    const table = tableOf(numbers(['', '']));
    expect(table.columns[1]!.kind).toBe('i64');
    expect(columnOf(table, 'x')).toEqual([null, null]);
  });

  test('the last cell of a row', () => {
    expect(cellsOf(tableOf('switch_id,x,y\na,1,\nb,,\r\nc,,3\n'))).toEqual({
      a: { x: 1n, y: null },
      b: { x: null, y: null },
      c: { x: null, y: 3n },
    });
  });
});

describe('units', () => {
  test('are stripped', () => {
    const table = tableOf('switch_id,t\na,37C\nb,-0.5C\nc,12\nd,C\ne,37 C\nf,37F\ng,\n', {
      units: { t: 'C' },
    });
    expect(columnOf(table, 't')).toEqual([37, -0.5, 12, null, 37, null, null]);
    expect(table.report.rejectedCells).toBe(2);
  });
});

describe('text', () => {
  test('by name is kept verbatim', () => {
    const table = tableOf(
      'switch_id,node_guid,tag\na,12e4567890123456, 007 \nb,0x10,"x, ""y"""\nc,,1e999\n',
      {
        key: ['switch_id'],
      },
    );
    expect(columnOf(table, 'node_guid')).toEqual(['12e4567890123456', '0x10', null]);
    expect(columnOf(table, 'tag')).toEqual([' 007 ', 'x, "y"', '1e999']);
  });

  test('by content, when most present cells are no numbers', () => {
    const table = tableOf(numbers(['Active', '3', 'Polling', '', 'Active']));
    expect(table.columns[1]!.kind).toBe('text');
    expect(columnOf(table, 'x')).toEqual(['Active', '3', 'Polling', null, 'Active']);
    expect(table.report.fields[1]).toMatchObject({ present: 4, rejected: 0 });
  });

  test('by content counts numbers only as long as there is nothing else', () => {
    const before = [{ name: 'x', kind: 'text' }] as const;
    const facts = (cells: readonly string[]): unknown => {
      const parsed = parseTable(
        `switch_id,x\n${cells.map((cell, i) => `s${i},${cell}\n`).join('')}`,
        {},
        before,
      );
      if (!parsed.ok) throw new Error(parsed.failure.message);
      return wantedKinds(parsed.table.report, parsed.table.columns)[0]!.kind;
    };
    expect(facts(['1', 'up', '3'])).toBe('text');
    expect(facts(['1', '2', '\u00e4'])).toBe('text');
    const all = parseTable('switch_id,x\na,1\nb,\nc,2.5\n', {}, before);
    expect(all.ok && all.table.columns[0]!.kind).toBe('f64');
  });

  test('that is not UTF-8 is read as Latin-1 and counted', () => {
    const body = Buffer.from('switch_id,tag\na,gr\xfcn\nb,gr\xc3\xbcn\nsw\xe4,x\n', 'latin1');
    const table = tableOf(body);
    expect(cellsOf(table)).toEqual({ a: { tag: 'grün' }, b: { tag: 'grün' }, swä: { tag: 'x' } });
    expect(table.report.latin1Cells).toBe(2);
  });

  test('beyond the limit is a rejected cell', () => {
    const fits = 'x'.repeat(TEXT_BYTES_MAX);
    const table = tableOf(`switch_id,tag\na,${fits}\nb,${fits}x\n`);
    expect(columnOf(table, 'tag')).toEqual([fits, null]);
    expect(table.report.rejectedCells).toBe(1);
  });

  test('quotes that are no quoting are text', () => {
    const table = tableOf('switch_id,tag,x\na,24" rack,1\nb,"sw1" rack,2\nc,"a""b" c,3\nd,""x,4\n');
    expect(columnOf(table, 'tag')).toEqual(['24" rack', '"sw1" rack', '"a"b" c', '""x']);
    expect(columnOf(table, 'x')).toEqual([1n, 2n, 3n, 4n]);
  });
});

describe('composite keys', () => {
  test('are joined by colons and stay fields', () => {
    const table = tableOf('x,node_guid,y,port_num\n1,"0xa",2,7\n3,0xb,4,8\n', { guidKeys: 'as_is' });
    expect(cellsOf(table)).toEqual({
      '0xa:7': { x: 1n, node_guid: '0xa', y: 2n, port_num: '7' },
      '0xb:8': { x: 3n, node_guid: '0xb', y: 4n, port_num: '8' },
    });
  });

  test('in the order of the policy', () => {
    expect([...tableOf('a,b\n1,2\n', { key: ['b', 'a'] }).rows.keys()]).toEqual(['2:1']);
  });

  test('far behind in the row', () => {
    const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
    const body = `${names.join(',')},switch_id,z\n${names.map((_, i) => i).join(',')},sw,9\n`;
    const cells = cellsOf(tableOf(body));
    expect(cells['sw']).toMatchObject({ c0: 0n, c39: 39n, z: 9n });
  });
});
