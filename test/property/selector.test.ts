/** Selectors over generated keys and patterns: round trip, and equality with a naive matcher. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_ROWS, visitSlice, type Slice } from '../../src/query/slice.js';
import {
  formatRows,
  parsePatterns,
  parseRows,
  rowFilter,
  type RowSelector,
} from '../../src/query/selector.js';
import { row, TableFixture } from '../fixtures/tables.js';

const BY_KEY: Slice = { ...ALL_ROWS, sort: [{ field: '@key', descending: false }] };

// Few characters, so that prefixes meet; those with a meaning among them.
const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'ü', '😀', ',', '*', '\\', ' '),
  minLength: 1,
  maxLength: 6,
});
const selector = fc
  .record({
    exact: fc.uniqueArray(text, { maxLength: 6 }),
    prefixes: fc.uniqueArray(text, { maxLength: 6 }),
  })
  .filter(({ exact, prefixes }) => exact.length + prefixes.length > 0)
  .map(({ exact, prefixes }): RowSelector => ({ exact: exact.sort(), prefixes: prefixes.sort() }));

function admits({ exact, prefixes }: RowSelector, key: string): boolean {
  return exact.includes(key) || prefixes.some((prefix) => key.startsWith(prefix));
}

describe('selectors', () => {
  it('survive being written and read', () => {
    fc.assert(
      fc.property(selector, (one) => {
        expect(parseRows(formatRows(one), 'switches')).toEqual(one);
      }),
    );
  });

  it('read the same from a list as from an array', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1 }), { minLength: 1 }),
        (items) => {
          const globs = items.map((item, i) => (i % 2 ? `${item}*` : item));
          expect(parseRows(globs.join(','), 'switches')).toEqual(parsePatterns(globs, 'switches'));
        },
      ),
    );
  });

  it('admit the rows that a naive matcher admits, from one source or two', () => {
    const keys = fc.uniqueArray(text, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(keys, keys, selector, (first, second, one) => {
        const fixture = new TableFixture({ sources: ['a', 'b'] });
        fixture.publish(
          'a',
          first.map((id) => row(id, { x: 1 })),
        );
        const table = fixture.publish(
          'b',
          second.map((id) => row(id, { x: 2 })),
        );
        const expected = [...new Set([...first, ...second])].filter((key) => admits(one, key));
        const found: string[] = [];
        const total = visitSlice(table, { ...ALL_ROWS, rows: one }, (p, s) =>
          found.push(table.keyText(p, s)),
        );
        expect(found).toEqual(expected);
        expect(total).toBe(expected.length);
        const sorted: string[] = [];
        visitSlice(table, { ...BY_KEY, rows: one }, (p, s) => sorted.push(table.keyText(p, s)));
        expect(sorted).toEqual([...expected].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        const filter = rowFilter(table, one);
        table.forEachRow((p, s) => {
          expect(filter!(p, s)).toBe(admits(one, table.keyText(p, s)));
          return true;
        });
      }),
      { numRuns: 60 },
    );
  });
});
