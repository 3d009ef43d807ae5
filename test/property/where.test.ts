/** Filters and sorts over random tables of all kinds, against naive evaluation; and their texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clause, Operator, Value } from '../../src/query/clause-types.js';
import { ALL_ROWS, visitSlice } from '../../src/query/slice.js';
import { formatSort, parseSort } from '../../src/query/sort.js';
import { compileWhere, formatWhere, parseWhere } from '../../src/query/where.js';
import {
  clause,
  holds,
  mergedRows,
  naiveSort,
  numberText,
  publish,
  rows,
  valueOf,
} from '../fixtures/naive-slices.js';

const RUNS = 150;

describe('filters', () => {
  it('admit what a naive evaluation admits', () => {
    fc.assert(
      fc.property(
        rows,
        fc.oneof(fc.constant([]), rows),
        fc.array(clause, { minLength: 1, maxLength: 3 }),
        (first, second, clauses) => {
          const table = publish(first, second);
          const filter = compileWhere(table, { clauses });
          const found: string[] = [];
          table.forEachRow((part, slot) => {
            if (filter(part, slot)) found.push(table.keyText(part, slot));
            return true;
          });
          const expected = mergedRows(first, second).filter((one) =>
            clauses.every((c) => holds(c, valueOf(one, c.field))),
          );
          expect(found).toEqual(expected.map(({ id }) => id));
        },
      ),
      { numRuns: RUNS * 4 },
    );
  });

  it('survive being written and read', () => {
    const anyText = fc.string({
      unit: fc.constantFrom('a', 'and', 'in', '1', '.', "'", '"', ' ', '(', ',', '-', '@', 'ü', 'switch_id'),
      maxLength: 5,
    });
    const value = anyText.map((text): Value => ({ text, number: false }));
    const numeric = numberText.map((text): Value => ({ text, number: true }));
    const field = fc.oneof(
      anyText.filter((text) => text !== ''),
      fc.constantFrom('@key', '@source', '@age_ms', 'switch_id'),
    );
    const any = fc.record({
      field,
      operator: fc.constantFrom<Operator>('eq', 'ge', 'prefix', 'in', 'not in', 'is null', 'is not null'),
      values: fc.array(fc.oneof(value, numeric), { minLength: 1, maxLength: 3 }),
    });
    const made = any.map(({ field: name, operator, values }): Clause => {
      if (operator.startsWith('is')) return { field: name, operator, values: [] };
      return { field: name, operator, values: operator.endsWith('in') ? values : values.slice(0, 1) };
    });
    fc.assert(
      fc.property(fc.array(made, { minLength: 1, maxLength: 5 }), (clauses) => {
        expect(parseWhere(formatWhere({ clauses }), 'where')).toEqual({ clauses });
      }),
      { numRuns: RUNS * 4 },
    );
    const sortKeys = fc.uniqueArray(fc.record({ field, descending: fc.boolean() }), {
      selector: (key) => key.field,
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(sortKeys, (sort) => {
        expect(parseSort(formatSort(sort), 'sort')).toEqual(sort);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('sorted slices', () => {
  const sort = fc.uniqueArray(
    fc.record({ field: fc.constantFrom('i', 'u', 'f', 'm', 't', '@key'), descending: fc.boolean() }),
    { selector: (key) => key.field, maxLength: 3 },
  );
  const range = fc.record({
    offset: fc.integer({ min: 0, max: 8 }),
    limit: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 40 })),
  });
  const where = fc.oneof(
    fc.constant(null),
    clause.map((one) => ({ clauses: [one] })),
  );

  it('hold the rows of a full naive sort, filtered, from one source or two', () => {
    fc.assert(
      fc.property(
        rows,
        fc.oneof(fc.constant([]), rows),
        sort,
        range,
        where,
        (first, second, keysOf, { offset, limit }, filter) => {
          const table = publish(first, second);
          const slice = { ...ALL_ROWS, sort: keysOf, where: filter, offset, limit };
          const found: string[] = [];
          const total = visitSlice(table, slice, (part, slot) => found.push(table.keyText(part, slot)));
          const admitted = mergedRows(first, second).filter(
            (one) => filter === null || filter.clauses.every((c) => holds(c, valueOf(one, c.field))),
          );
          const expected = naiveSort(admitted, keysOf).slice(
            offset,
            limit === null ? undefined : offset + limit,
          );
          expect(found).toEqual(expected.map(({ id }) => id));
          expect(total).toBe(admitted.length);
        },
      ),
      { numRuns: RUNS * 4 },
    );
  });
});
