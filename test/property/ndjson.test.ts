/** Random tables written as NDJSON and as CSV by other code than ours: the same segment content. */
import fc from 'fast-check';
import { parse as parseLossless } from 'lossless-json';
import { expect, test } from 'vitest';
import { JsonLine } from '../../src/parse/json-line.js';
import { ndjsonToCsv } from '../../src/parse/ndjson.js';
import { parseTable, type Parsed } from '../fixtures/parse-table.js';

type Value = string | { readonly digits: string } | boolean | null | undefined;

const number = fc.oneof(
  fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
  fc.constantFrom('0', '-0', '18446744073709551615', '1e400', '0.1e-7'),
);
const text = fc.string({ unit: fc.constantFrom(...'ab,"\n\r\t;é 漢😀1.-'), maxLength: 8 });
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: number.map((digits) => ({ digits })) },
  { weight: 2, arbitrary: text },
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
);
const name = fc.oneof(
  fc.constantFrom('1', '2', '__proto__', 'a,b', 'q"x', 'größe'),
  fc.string({ unit: fc.constantFrom(...'abcxyz_'), minLength: 1, maxLength: 4 }),
);
const table = fc.uniqueArray(name, { minLength: 1, maxLength: 6 }).chain((names) =>
  fc.record({
    names: fc.constant(names.filter((one) => one !== 'switch_id')),
    rows: fc.array(fc.array(value, { minLength: names.length, maxLength: names.length }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
);

function ndjsonOf(names: readonly string[], rows: readonly (readonly Value[])[]): string {
  return rows
    .map((row, i) => {
      const members = names.flatMap((key, k) => {
        const cell = row[k];
        if (cell === undefined) return [];
        const json = typeof cell === 'object' && cell !== null ? cell.digits : JSON.stringify(cell);
        return [`${JSON.stringify(key)}: ${json}`];
      });
      // The key moves about, and the first line has every column, so that their order is known.
      const id = `"switch_id":"sw-${i}"`;
      return `{${(i % 2 === 0 ? [id, ...members] : [...members, id]).join(',')}}\n`;
    })
    .join('');
}

function csvOf(names: readonly string[], rows: readonly (readonly Value[])[]): string {
  const cell = (one: Value): string => {
    if (one === null || one === undefined) return '';
    return `"${(typeof one === 'object' ? one.digits : String(one)).replaceAll('"', '""')}"`;
  };
  const lines = rows.map((row, i) => [`sw-${i}`, ...names.map((_, k) => cell(row[k]))].join(','));
  return `${['switch_id', ...names.map((one) => cell(one))].join(',')}\n${lines.join('\n')}\n`;
}

/** What a segment would hold. */
function contentOf(parsed: Parsed): unknown {
  if (!parsed.ok) return parsed.failure.outcome;
  const { columns, rows, report } = parsed.table;
  return { columns, rows: [...rows], rejected: report.rejectedCells, header: report.header };
}

test('NDJSON and CSV of one table are the same', () => {
  fc.assert(
    fc.property(table, ({ names, rows }) => {
      const first = rows[0]!.map((cell) => (cell === undefined ? null : cell));
      const whole = [first, ...rows.slice(1)];
      const made = ndjsonToCsv(Buffer.from(ndjsonOf(names, whole)), 2 ** 24);
      if (!made.ok) throw new Error(made.failure.message);
      expect(contentOf(parseTable(made.csv))).toEqual(contentOf(parseTable(csvOf(names, whole))));
    }),
    { numRuns: 400 },
  );
});

test('columns that come later are missing in the rows before', () => {
  fc.assert(
    fc.property(table, ({ names, rows }) => {
      const order = ['switch_id'];
      rows.forEach((row, i) => {
        const present = names.filter((_, k) => row[k] !== undefined);
        for (const key of i % 2 === 0 ? present : present) if (!order.includes(key)) order.push(key);
      });
      const made = ndjsonToCsv(Buffer.from(ndjsonOf(names, rows)), 2 ** 24);
      if (!made.ok) throw new Error(made.failure.message);
      const columns = order.slice(1);
      const moved = rows.map((row) => columns.map((key) => row[names.indexOf(key)]));
      expect(contentOf(parseTable(made.csv))).toEqual(contentOf(parseTable(csvOf(columns, moved))));
    }),
    { numRuns: 300 },
  );
});

/** What is JSON and flat, another reader takes as well, with the same members. */
test('lines are read as lossless-json reads them, or refused', () => {
  const line = fc.oneof(
    table.map(({ names, rows }) => ndjsonOf(names, rows.slice(0, 1)).trim()),
    fc
      .string({ unit: fc.constantFrom(...'{}":,a1.0e-[]\\n tru'), maxLength: 16 })
      .map((inner) => `{"a":${inner}}`),
  );
  const reader = new JsonLine();
  fc.assert(
    fc.property(line, (given) => {
      const seen = new Map<string, string>();
      try {
        reader.read(given, (key, cell) => seen.set(key, cell));
      } catch {
        return;
      }
      const known = parseLossless(given) as Record<string, unknown>;
      for (const [key, cell] of seen) {
        if (key === '__proto__') continue; // the other reader loses it
        const theirs = known[key];
        expect(cell).toBe(theirs === null ? '' : String(theirs as string));
      }
    }),
    { numRuns: 1000 },
  );
});
