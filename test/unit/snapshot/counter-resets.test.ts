import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordChanges } from '../../../src/snapshot/changes.js';
import type { ColumnKind } from '../../../src/model/schema.js';
import { ALL_RATES, row, TableFixture, type Cell } from '../../fixtures/tables.js';

/** Two versions of a table of one column: how many counters the second one has below the first. */
function resetsOf(
  kind: ColumnKind,
  before: readonly Cell[],
  after: readonly Cell[],
  name = 'octets',
): number {
  const fixture = new TableFixture({ rates: ALL_RATES });
  const publish = (cells: readonly Cell[]) =>
    fixture.publish(
      's1',
      cells.map((cell, i) => row(`r${i}`, { [name]: cell })),
      { columns: [{ name, kind }] },
    );
  publish(before);
  const part = publish(after).parts[0]!;
  return recordChanges(part.ref.segment, part.bank.version).counterResets;
}

/** In the words of the contract. */
function expected(before: readonly Cell[], after: readonly Cell[]): number {
  const isCount = (cell: Cell): cell is number | bigint => cell !== null && (cell as number) >= 0;
  return after.filter((cell, i) => isCount(cell) && isCount(before[i]!) && cell < before[i]).length;
}

const TWO_53 = 2n ** 53n;
const small = fc.bigInt(0n, 5n);
const wide = fc.bigInt(0n, 2n ** 63n - 1n);
/** Close to each other in all digits but the last, and in the high word. */
const near = fc.bigInt(TWO_53 + 2n ** 35n - 3n, TWO_53 + 2n ** 35n + 3n);
const cellsOf: Record<string, fc.Arbitrary<Cell>> = {
  i64: fc.oneof(small, wide, near, fc.bigInt(-3n, -1n), fc.constant(null)),
  u64: fc.oneof(small, near, fc.bigInt(2n ** 63n - 2n, 2n ** 64n - 1n), fc.constant(null)),
  f64: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(0.5), fc.constant(null)),
  mixed: fc.oneof(small.map(Number), near, fc.constant(0.25), fc.constant(-1), fc.constant(null)),
};

// A column of fractions is a counter when it is said to be one: see below.
test.each(['i64', 'u64', 'mixed'] as const)(
  'of %s columns: those below, that are counts before and now',
  (kind) => {
    const cells = fc.array(fc.tuple(cellsOf[kind]!, cellsOf[kind]!), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(cells, (pairs) => {
        const [before, after] = [pairs.map(([cell]) => cell), pairs.map(([, cell]) => cell)];
        expect(resetsOf(kind, before, after)).toBe(expected(before, after));
      }),
      { seed: 16, numRuns: 150 },
    );
  },
);

test('gauges go either way, by name and by kind', () => {
  expect(resetsOf('i64', [5, 5], [4, 6], 'temperature')).toBe(0);
  expect(resetsOf('f64', [0.5], [0.25])).toBe(0);
  expect(resetsOf('text', ['b'], ['a'])).toBe(0);
});

test('fractions that are said to be counters', () => {
  const rates = { ...ALL_RATES, counters: ['energy'] };
  const fixture = new TableFixture({ rates });
  const cells = fc.array(fc.tuple(cellsOf['f64']!, cellsOf['f64']!), { minLength: 1, maxLength: 40 });
  const options = { columns: [{ name: 'energy', kind: 'f64' as const }] };
  fc.assert(
    fc.property(cells, (pairs) => {
      const body = (at: 0 | 1) => pairs.map((pair, i) => row(`r${i}`, { energy: pair[at] }));
      fixture.publish('s1', body(0), options);
      const part = fixture.publish('s1', body(1), options).parts[0]!;
      const [before, after] = [pairs.map(([cell]) => cell), pairs.map(([, cell]) => cell)];
      const { counterResets } = recordChanges(part.ref.segment, part.bank.version);
      expect(counterResets).toBe(expected(before, after));
    }),
    { seed: 16, numRuns: 150 },
  );
});

test('rows that come, go or are new in the table have nothing to be compared with', () => {
  const fixture = new TableFixture({ rates: ALL_RATES });
  const resets = (cells: Readonly<Record<string, number>>): number => {
    const rows = Object.entries(cells).map(([id, octets]) => row(id, { octets }));
    const part = fixture.publish('s1', rows, { columns: [{ name: 'octets', kind: 'i64' }] }).parts[0]!;
    return recordChanges(part.ref.segment, part.bank.version).counterResets;
  };
  expect(resets({ a: 9, b: 9 })).toBe(0);
  expect(resets({ a: 8 })).toBe(1);
  expect(resets({ a: 8, b: 1 })).toBe(0);
  expect(resets({ a: 0, b: 0 })).toBe(2);
});
