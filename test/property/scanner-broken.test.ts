/** Bodies that were cut, flipped and spliced: no throw, no loop, and never another table than the oracle's. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OUTCOMES } from '../../src/model/outcome.js';
import { DEFAULT_PARSE_POLICY, type ParsePolicy } from '../../src/model/parse-policy.js';
import { difference, oracleOf } from '../fixtures/parse-oracle.js';
import { parseTable } from '../fixtures/parse-table.js';

const cell = fc.constantFrom(
  '0',
  '1',
  '17',
  '-3',
  '2.5',
  '123456789012',
  '1e-9',
  '',
  'up',
  '"a,b"',
  '"q""r"',
  '"x\ny"',
  ' 4 ',
);

const text: fc.Arbitrary<string> = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.nat(12), fc.constantFrom('\n', '\r\n'))
  .chain(([columns, rows, eol]) =>
    fc
      .array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows })
      .map((lines) => {
        const header = ['switch_id', ...Array.from({ length: columns }, (_, i) => `c${i}`)];
        const data = lines.map((cells, i) => [`sw-${i}`, ...cells].join(','));
        return [header.join(','), ...data, ''].join(eol);
      }),
  );

interface Mutation {
  readonly kind: 'cut' | 'flip' | 'insert' | 'remove' | 'copy';
  /** In parts of the length. */
  readonly at: number;
  readonly byte: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(
    'cut' as const,
    'flip' as const,
    'insert' as const,
    'insert' as const,
    'remove' as const,
    'copy' as const,
  ),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  byte: fc.oneof(
    fc.constantFrom(...Buffer.from('",\n\r;.-e0 9\t')),
    fc.constantFrom(0, 1, 0xe4, 0xc3, 0xff, 0xfe, 0x80),
    fc.nat(255),
  ),
});

function mutate(bytes: readonly number[], { kind, at, byte }: Mutation): number[] {
  const index = Math.floor(at * bytes.length);
  switch (kind) {
    case 'cut':
      return bytes.slice(0, index);
    case 'flip':
      return bytes.map((old, i) => (i === index ? byte : old));
    case 'insert':
      return [...bytes.slice(0, index), byte, ...bytes.slice(index)];
    case 'remove':
      return bytes.filter((_, i) => i !== index);
    case 'copy':
      return [...bytes, ...bytes.slice(index)];
  }
}

const policy: fc.Arbitrary<ParsePolicy> = fc
  .record({
    ragged: fc.constantFrom('reject' as const, 'drop' as const),
    duplicateRows: fc.constantFrom('reject' as const, 'last' as const),
    requireFinalNewline: fc.boolean(),
    allowEmpty: fc.boolean(),
  })
  .map((changes) => ({ ...DEFAULT_PARSE_POLICY, ...changes }));

/** In the header both readers see the same cells only as long as no quote is in it. */
function headerHasQuote(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(
    10,
    bytes.findIndex((byte) => byte !== 10 && byte !== 13),
  );
  return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).includes('"');
}

function check(bytes: Uint8Array, rules: ParsePolicy): void {
  const parsed = parseTable(bytes, rules);
  if (!parsed.ok) {
    expect(OUTCOMES).toContain(parsed.failure.outcome);
    expect(parsed.failure.message).toMatch(/^cannot /);
  }
  if (headerHasQuote(bytes)) return;
  const { reasons, table } = oracleOf(bytes, rules);
  if (!parsed.ok) {
    expect([...reasons]).toContain(parsed.failure.outcome);
    return;
  }
  expect([...reasons]).toEqual([]);
  const { columns, rows, report } = parsed.table;
  expect([...rows.keys()].sort()).toEqual([...table!.rows.keys()].sort());
  expect(report).toMatchObject({ duplicates: table!.duplicates, rejectedRows: table!.rejectedRows });
  for (const [key, texts] of table!.rows) {
    texts.forEach((want, i) => expect(difference(want, columns[i]!.kind, rows.get(key)!.cells[i]!)).toBe(''));
  }
}

test('mutated bodies: refused for a reason, or read as the oracle reads them', () => {
  fc.assert(
    fc.property(
      text,
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      policy,
      (body, mutations, rules) => {
        let bytes = [...Buffer.from(body)];
        for (const step of mutations) bytes = mutate(bytes, step);
        check(Uint8Array.from(bytes), rules);
      },
    ),
    { numRuns: 4000 },
  );
});

test('random bytes behind a header', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), policy, (noise, lead, rules) => {
      const head = ['', 'switch_id,x\n', 'switch_id,x\na,1\n', 'switch_id,x\na,"'][lead]!;
      const bytes = Buffer.concat([Buffer.from(head), noise]);
      const parsed = parseTable(Uint8Array.from(bytes), rules);
      if (!parsed.ok) expect(OUTCOMES).toContain(parsed.failure.outcome);
    }),
    { numRuns: 3000 },
  );
});
