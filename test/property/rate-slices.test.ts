/** Filters and sorts by `delta(column)`, over the edges of 64 bits, against BigInt. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALL_ROWS, visitSlice } from '../../src/query/slice.js';
import { formatSort, parseSort } from '../../src/query/sort.js';
import { formatWhere, parseWhere } from '../../src/query/where.js';
import { ALL_RATES, row, TableFixture, type Cell } from '../fixtures/tables.js';

const EDGES = [0n, 1n, 2n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n];
const I64 = [...EDGES, ...EDGES.map((value) => -value)];
/** Up to 2^63 down and 2^64 - 1 up: beyond that a filter compares as a double. */
const DELTAS = [...new Set([...I64, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)])];

interface Sampled {
  readonly before: bigint | null;
  readonly delta: bigint;
}

const U64_MAX = 2n ** 64n - 1n;
const sampled: fc.Arbitrary<Sampled> = fc
  .tuple(fc.constantFrom<(bigint | null)[]>(null, ...EDGES), fc.constantFrom(...DELTAS))
  .map(([before, delta]) => {
    const base = before ?? 0n;
    const fits = base + delta >= 0n && base + delta <= U64_MAX;
    return { before, delta: fits ? delta : 0n };
  });

const literal = fc.tuple(fc.constantFrom(...DELTAS), fc.constantFrom('', '', '.5')).map(([value, tail]) => ({
  text: `${value}${tail}`,
  twice: value * 2n + (tail === '' ? 0n : value < 0n ? -1n : 1n),
}));

const OPERATORS = {
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
  lt: (order: number) => order < 0,
  le: (order: number) => order <= 0,
  gt: (order: number) => order > 0,
  ge: (order: number) => order >= 0,
} as const;

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const cellOf = (value: bigint | null): Cell => (value !== null && value < 2n ** 53n ? Number(value) : value);

function tableOf(rows: readonly Sampled[]) {
  const fixture = new TableFixture({ rates: { ...ALL_RATES, gauges: ['g'] } });
  const columns = [{ name: 'g', kind: 'u64' as const }];
  const publish = (cell: (one: Sampled) => bigint | null, dataTsMs: number) =>
    fixture.publish(
      's1',
      rows.map((one, i) => row(`r${i}`, { g: cellOf(cell(one)) })),
      { columns, dataTsMs },
    );
  publish(({ before }) => before, 1_000);
  return publish(({ before, delta }) => (before ?? 0n) + delta, 2_000);
}

test('filters and orders are those of exact arithmetic; a missing delta is missing', () => {
  let admitted = 0;
  fc.assert(
    fc.property(
      fc.array(sampled, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...(Object.keys(OPERATORS) as (keyof typeof OPERATORS)[])),
      literal,
      fc.boolean(),
      (rows, operator, { text, twice }, descending) => {
        const where = parseWhere(`delta(g) ${operator} ${text}`, 'where');
        const sort = parseSort(`${descending ? '-' : ''}delta(g)`, 'sort');
        expect(parseWhere(formatWhere(where), 'where')).toEqual(where);
        expect(parseSort(formatSort(sort), 'sort')).toEqual(sort);
        const table = tableOf(rows);
        const found: number[] = [];
        const take = (part: number, slot: number): void =>
          void found.push(Number(table.keyText(part, slot).slice(1)));
        visitSlice(table, { ...ALL_ROWS, where }, take);
        const wanted = rows.flatMap(({ before, delta }, i) =>
          before !== null && OPERATORS[operator](compare(delta * 2n, twice)) ? [i] : [],
        );
        admitted += wanted.length;
        expect(found).toEqual(wanted);

        found.length = 0;
        visitSlice(table, { ...ALL_ROWS, sort }, take);
        const order = rows.map((_, i) => i);
        order.sort((a, b) => {
          const [x, y] = [rows[a]!, rows[b]!];
          if (x.before === null || y.before === null)
            return Number(x.before === null) - Number(y.before === null);
          return compare(x.delta, y.delta) * (descending ? -1 : 1);
        });
        expect(found).toEqual(order);
      },
    ),
    { numRuns: 1_000 },
  );
  expect(admitted).toBeGreaterThan(500);
});

test('is null says that there is no delta, whatever the value', () => {
  const table = tableOf([
    { before: null, delta: 5n },
    { before: 1n, delta: 1n },
  ]);
  const keys = (text: string): string[] => {
    const found: string[] = [];
    visitSlice(table, { ...ALL_ROWS, where: parseWhere(text, 'where') }, (part, slot) => {
      found.push(table.keyText(part, slot));
    });
    return found;
  };
  expect(keys('delta(g) is null')).toEqual(['r0']);
  expect(keys('rate(g) is not null and g is not null')).toEqual(['r1']);
  expect(keys('rate(g) eq 1')).toEqual(['r1']);
});

test.each([
  ['delta(g', 8, "')' after the column"],
  ['delta(@key) eq 1', 7, 'a column name'],
  ['rate() eq 1', 6, 'a column name'],
])('%s is refused at the character', (text, position, expected) => {
  expect(() => parseWhere(text, 'where')).toThrow(`character ${position}: expected ${expected}`);
});

test('a column of that name is still a column', () => {
  expect(
    parseWhere('delta gt 1 and rate in (2)', 'where').clauses.map(({ field, view }) => [field, view]),
  ).toEqual([
    ['delta', undefined],
    ['rate', undefined],
  ]);
});

test('columns without deltas are refused by name', () => {
  const fixture = new TableFixture();
  const table = fixture.publish('s1', [row('a', { x: 1 })]);
  const where = parseWhere('rate(x) gt 1', 'where');
  expect(() => visitSlice(table, { ...ALL_ROWS, where }, () => {})).toThrow(/'x' has no rate/);
});
