/** The scanner against csv-parse, BigInt and Number: generated bodies, every cell. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_PARSE_POLICY, type ParsePolicy } from '../../src/model/parse-policy.js';
import { difference, isNumber, oracleOf } from '../fixtures/parse-oracle.js';
import { parseTable, type ParsedTable } from '../fixtures/parse-table.js';

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });

const sign = fc.constantFrom('', '', '', '-', '-', '+');

/** Integers of every length, the edges of every kind among them. */
const integer = fc.oneof(
  fc.tuple(sign, digits(1, 1)).map((parts) => parts.join('')),
  fc.tuple(sign, digits(1, 21)).map((parts) => parts.join('')),
  fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String),
  fc
    .tuple(fc.constantFrom(31n, 32n, 53n, 63n, 64n), fc.bigInt(-2n, 2n), fc.boolean())
    .map(([power, off, minus]) => String((minus ? -1n : 1n) * (2n ** power + off))),
);

/** Decimals that lie exactly between two doubles, and right beside them. */
const halfway = fc
  .tuple(
    fc.bigInt(2n ** 52n, 2n ** 53n - 1n),
    fc.integer({ min: 1, max: 60 }),
    fc.constantFrom('', '0', '1', '00000000001'),
  )
  .map(([mantissa, shift, tail]) => {
    // (2m + 1) / 2^shift, written out with all its digits.
    const scaled = (2n * mantissa + 1n) * 5n ** BigInt(shift);
    const text = scaled.toString().padStart(shift + 1, '0');
    return `${text.slice(0, -shift)}.${text.slice(-shift)}${tail}`;
  });

const decimal = fc.oneof(
  fc.tuple(sign, digits(0, 10), digits(1, 20)).map(([s, whole, part]) => `${s}${whole}.${part}`),
  fc
    .tuple(sign, digits(1, 20), fc.constantFrom('', '.', '.5', '.25'), fc.integer({ min: -340, max: 320 }))
    .map(([s, whole, part, e]) => `${s}${whole}${part}e${e}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential(17)),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value.toFixed(6)),
  // Subnormals.
  fc.double({ min: -2.3e-308, max: 2.3e-308, noNaN: true }).map(String),
  halfway,
);

const odd = fc.oneof(
  fc.constantFrom(
    '',
    '',
    '',
    'NA',
    '-1',
    'NaN',
    'inf',
    '1e999',
    '0x10',
    '1_000',
    ' 12 ',
    '37C',
    '-',
    '.',
    'e5',
    '-0',
    '1.',
  ),
  fc.string({ unit: fc.constantFrom(...'aZ 0-.,"éü;:/9'), maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => text.replace(/\p{Cc}/gu, '')),
);

/** A column's cells are mostly of one form, as in life. */
const column = fc.constantFrom(integer, decimal, odd, fc.oneof(integer, decimal), digits(1, 3));

interface Shape {
  readonly columns: readonly fc.Arbitrary<string>[];
  readonly keyAt: number;
  readonly rows: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  columns: fc.array(column, { minLength: 2, maxLength: 7 }),
  keyAt: fc.nat(7),
  rows: fc.nat(14),
});

/** Quotes where they are needed, and sometimes where they are not; one bit of `dice` for each cell. */
function written(cell: string, quoteAnyway: boolean): string {
  return quoteAnyway || /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

const eol = fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n');

const body: fc.Arbitrary<string> = shape.chain(({ columns, keyAt, rows }) => {
  const at = keyAt % (columns.length + 1);
  const names = columns.map((_, i) => `c${i}`);
  names.splice(at, 0, 'switch_id');
  const row = fc.tuple(
    fc.tuple(...columns),
    fc.oneof({ weight: 20, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
    fc.nat(1023),
    eol,
  );
  const head = fc.tuple(fc.constantFrom('', '', '\ufeff'), eol);
  return fc.tuple(head, fc.array(row, { minLength: rows, maxLength: rows })).map(([[bom, end], lines]) => {
    const text = lines.map(([cells, repeats, dice, lineEnd], i) => {
      const all: string[] = [...cells];
      all.splice(at, 0, `sw-${repeats < 0 ? i : repeats}`);
      const quoted = all.map((cell, c) => written(cell, dice < 128 && ((dice >> (c % 7)) & 1) === 1));
      return `${quoted.join(',')}${lineEnd}`;
    });
    return `${bom}${names.join(',')}${end}${text.join('')}`;
  });
});

const policy: fc.Arbitrary<ParsePolicy> = fc
  .record({
    ragged: fc.constantFrom('reject' as const, 'drop' as const),
    duplicateRows: fc.constantFrom('reject' as const, 'last' as const, 'last' as const),
    missing: fc.constantFrom<string[]>([], [], ['NA'], ['NA', '-1'], ['7', 'x']),
    allowEmpty: fc.boolean(),
  })
  .map((changes) => ({ ...DEFAULT_PARSE_POLICY, ...changes }));

function compare(table: ParsedTable, bytes: Uint8Array, rules: ParsePolicy): void {
  const want = oracleOf(bytes, rules).table!;
  expect(table.columns.map((spec) => spec.name)).toEqual(want.fields);
  expect([...table.rows.keys()].sort()).toEqual([...want.rows.keys()].sort());
  expect(table.report).toMatchObject({
    rows: want.rows.size,
    duplicates: want.duplicates,
    rejectedRows: want.rejectedRows,
  });
  for (const [key, texts] of want.rows) {
    const { cells } = table.rows.get(key)!;
    texts.forEach((text, i) => expect(difference(text, table.columns[i]!.kind, cells[i]!)).toBe(''));
  }
  if (want.duplicates > 0) return;
  want.fields.forEach((_, i) => {
    const present = [...want.rows.values()].flatMap((texts) => texts[i] ?? []);
    const numbers = present.filter(isNumber).length;
    const isText = (present.length - numbers) * 2 > present.length;
    expect(table.columns[i]!.kind === 'text').toBe(isText);
    expect(table.report.fields[i]).toMatchObject({
      present: present.length,
      // Of text, only whether all of it is numbers is counted.
      numeric: isText ? (expect.any(Number) as number) : numbers,
      rejected: isText ? 0 : present.length - numbers,
    });
    expect(table.surveyed.fields[i]).toMatchObject({ present: present.length, numeric: numbers });
  });
}

test("generated bodies: the table, the counts and the kinds are the oracle's", () => {
  fc.assert(
    fc.property(body, policy, (text, rules) => {
      const bytes = new TextEncoder().encode(text);
      const { reasons } = oracleOf(bytes, rules);
      const parsed = parseTable(bytes, rules);
      if (parsed.ok) {
        expect([...reasons]).toEqual([]);
        compare(parsed.table, bytes, rules);
      } else {
        expect([...reasons]).toContain(parsed.failure.outcome);
      }
    }),
    { numRuns: 800 },
  );
});

test('integers: every digit, against BigInt', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), { minLength: 1, maxLength: 12 }),
      (values) => {
        const text = `switch_id,a,x,z\n${values.map((value, i) => `s${i},1,${value},${value}\n`).join('')}`;
        const parsed = parseTable(text);
        if (!parsed.ok) throw new Error(parsed.failure.message);
        for (const row of parsed.table.rows.values()) expect(row.cells[1]).toBe(row.cells[2]);
        expect([...parsed.table.rows.values()].map((row) => BigInt(row.cells[1]!))).toEqual(values);
      },
    ),
    { numRuns: 1500 },
  );
});

test('doubles: the same bits as Number(text)', () => {
  fc.assert(
    fc.property(fc.array(decimal, { minLength: 1, maxLength: 12 }), (texts) => {
      const lines = texts.map((cell, i) => `s${i},${cell},0.5,${cell}\n`);
      const parsed = parseTable(`switch_id,x,y,z\n${lines.join('')}last,0.5,0.5,0.5\n`);
      if (!parsed.ok) throw new Error(parsed.failure.message);
      const rows = [...parsed.table.rows.values()].slice(0, -1);
      texts.forEach((cell, i) => {
        const want = Number(cell);
        // An integer among them may be kept as one; then it is the double's value, or more exact.
        const values = [rows[i]!.cells[0]!, rows[i]!.cells[2]!];
        for (const value of values) {
          expect(typeof value === 'bigint' ? Number(value) : value).toBe(Number.isFinite(want) ? want : null);
        }
      });
    }),
    { numRuns: 3000 },
  );
});
