import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, expect, test } from 'vitest';
import { buildMatrix, columnNames } from '../../../src/simulator/matrix.js';
import { SIMULATOR_DIALECTS } from '../../../src/simulator/options.js';

const SCRIPT = fileURLToPath(new URL('../../../scripts/make-matrix.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'make-matrix-'));
afterAll(() => rmSync(folder, { recursive: true }));

function make(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
}

test('writes the bytes of buildMatrix, which parse into the shape it prints', () => {
  const out = join(folder, 'matrix.csv');
  const run = make('--rows', '300', '--columns', '33', '--seed', '7', '--tick', '3', '--out', out);
  const body = readFileSync(out);
  expect(run.stdout).toBe(`${out}: ${body.length} bytes, 300 rows, 9900 cells\n`);
  expect(body.equals(buildMatrix({ dialect: 'ufm', rows: 300, columns: 33, seed: 7, tick: 3 }))).toBe(true);
  const rows: string[][] = parse(body);
  expect(rows).toHaveLength(301);
  expect(rows.every((row) => row.length === 33)).toBe(true);
  expect(rows[0]).toEqual(columnNames('ufm', 33));
});

test.each(SIMULATOR_DIALECTS)('buildMatrix %s parses into its columns', (dialect) => {
  const rows: string[][] = parse(Buffer.from(buildMatrix({ dialect, rows: 50, seed: 1, tick: 0 })));
  expect(rows).toHaveLength(51);
  expect(rows[0]).toEqual(columnNames(dialect, 120));
});

test('mistakes are named and exit 1', () => {
  expect(make('--rows', '5')).toMatchObject({
    status: 1,
    stderr: 'cannot make a matrix: --out FILE is missing\n',
  });
  const many = make('--rows', '200001', '--out', join(folder, 'x.csv'));
  expect(many.status).toBe(1);
  expect(many.stderr).toContain('switches must be a whole number from 1 to 200000, got 200001');
  expect(() => buildMatrix({ dialect: 'map', rows: 1, seed: 1, tick: -1 })).toThrow(
    'tick must be a whole number',
  );
});
