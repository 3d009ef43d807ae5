/** rename and drop against the same table without them: what is kept is the same, cell by cell. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from '../../src/model/glob.js';
import { oracleOf } from '../fixtures/parse-oracle.js';
import { parseTable, policyOf } from '../fixtures/parse-table.js';

const cell = fc.constantFrom(
  '',
  '0',
  '7',
  '12345678901',
  '-3',
  '1.5',
  'up',
  '"a,b"',
  '"x ""y"""',
  'NA',
  '0x1',
);
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'aa', 'ab', 'hist0', 'hist1', 'x_y'), {
  minLength: 1,
  maxLength: 8,
});
const body = names.chain((header) =>
  fc.record({
    header: fc.constant(header),
    rows: fc.array(fc.array(cell, { minLength: header.length, maxLength: header.length }), {
      minLength: 1,
      maxLength: 12,
    }),
    drop: fc.subarray(['a', 'a*', '?', 'hist*', '*_*', 'b', 'nope'], { maxLength: 3 }),
    /** Renamed to names that no column has. */
    rename: fc.subarray(header),
    keyAt: fc.nat(header.length),
  }),
);

test('the kept columns hold what they hold without rename and drop', () => {
  fc.assert(
    fc.property(body, ({ header, rows, drop, rename, keyAt }) => {
      const withKey = (cells: readonly string[], key: string): string =>
        [...cells.slice(0, keyAt), key, ...cells.slice(keyAt)].join(',');
      const lines = [withKey(header, 'switch_id'), ...rows.map((cells, i) => withKey(cells, `sw-${i}`))];
      const text = `${lines.join('\n')}\n`;
      const renames = Object.fromEntries(rename.map((name) => [name, `new ${name}`]));
      const parsed = parseTable(text, { drop, rename: renames });
      const plain = parseTable(text);
      const oracle = oracleOf(Buffer.from(text), policyOf()).table!;
      if (!parsed.ok || !plain.ok) throw new Error('refused');
      const kept = oracle.fields.filter((name) => !drop.some((glob) => matchesGlob(name, glob)));
      const called = kept.map((name) => renames[name] ?? name);
      const { columns, rows: cells } = parsed.table;
      expect(columns.map(({ name }) => name)).toEqual(called);
      const at = kept.map((name) => oracle.fields.indexOf(name));
      expect(columns.map(({ kind }) => kind)).toEqual(at.map((i) => plain.table.columns[i]!.kind));
      expect([...cells.keys()]).toEqual([...oracle.rows.keys()]);
      for (const [key, row] of cells) {
        const whole = plain.table.rows.get(key)!.cells;
        expect(row.cells).toEqual(at.map((i) => whole[i]));
      }
    }),
    { numRuns: 600 },
  );
});
