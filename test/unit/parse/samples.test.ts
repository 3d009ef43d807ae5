/** Real files of the field, read as a source's bodies would be. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { cellsOf, columnOf, failureOf, tableOf } from '../../fixtures/parse-table.js';

/** The samples lie beside the checkout; the compiled test may stand at any depth in it. */
function findSamples(): string | null {
  for (let at = import.meta.dirname; dirname(at) !== at; at = dirname(at)) {
    const folder = join(at, 'shared', 'samples');
    if (existsSync(folder)) return folder;
  }
  return null;
}

const folder = findSamples();
const sample = (name: string): Buffer => readFileSync(join(folder!, name));

describe.skipIf(folder === null)('real files (needs ../shared/samples)', () => {
  test('BER thresholds: CRLF and scientific notation', () => {
    const table = tableOf(sample('Field_BER_Thresholds.csv'), {
      key: ['ASIC', 'Protocol', 'Speed', 'FEC OPCODE', 'Media Type'],
      duplicateRows: 'last',
    });
    const records = parse<Record<string, string>>(sample('Field_BER_Thresholds.csv'), { columns: true });
    expect(table.rows.size + table.report.duplicates).toBe(records.length);
    const name = 'Post-FEC BER Warning';
    expect(table.columns.find((column) => column.name === name)?.kind).toBe('f64');
    const key = (row: Record<string, string>): string =>
      ['ASIC', 'Protocol', 'Speed', 'FEC OPCODE', 'Media Type'].map((column) => row[column]!).join(':');
    const last = new Map(records.map((row) => [key(row), Number(row[name])]));
    expect(Object.entries(cellsOf(table)).map(([at, row]) => [at, row[name]])).toEqual([...last]);
  });

  test('the FEC matrix', () => {
    const key = ['active_speed', 'fec_mode_active'];
    expect(failureOf(sample('fec_ber_matrix.csv'), { key })).toMatchObject({ outcome: 'parse', line: 10 });
    const table = tableOf(sample('fec_ber_matrix.csv'), { key, duplicateRows: 'last' });
    expect(table.rows.size + table.report.duplicates).toBe(13);
    expect(new Set(columnOf(table, 'raw_ber'))).toEqual(new Set([1n]));
  });

  test('event policies: quoted commas, no header of their own', () => {
    const names = Array.from({ length: 24 }, (_, i) => (i === 0 ? 'switch_id' : `c${i}`)).join(',');
    const body = `${names}\n${sample('ufm_event_policy.csv').toString('latin1')}\n`;
    const records: string[][] = parse(sample('ufm_event_policy.csv'));
    const cells = cellsOf(tableOf(Buffer.from(body, 'latin1')));
    expect(Object.keys(cells)).toHaveLength(records.length);
    for (const record of records) {
      const row = cells[record[0]!]!;
      expect([row['c1'], row['c3'], row['c19']]).toEqual([record[1], BigInt(record[3]!), record[19] || null]);
    }
  });

  test('topology: names twice, names missing, rows with and without the last empty cell', () => {
    const body = sample('ndt.csv');
    const key = ['#Fields:StartDevice', 'StartPort'];
    expect(failureOf(body, { key })).toMatchObject({ outcome: 'schema', column: 'U height' });
    const table = tableOf(body, { key, duplicateColumns: 'suffix' });
    expect(table.rows.size).toBe(400);
    expect(table.columns.map((column) => column.name)).toContain('U height_2');
    expect(new Set(columnOf(table, 'Speed'))).toEqual(new Set([200000n]));
  });
});
