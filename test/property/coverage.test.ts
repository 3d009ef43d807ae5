/** Overlapping sources whose rows come and go, against a naive model of who holds what and lost what. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { surveyCoverage, type PartCoverage } from '../../src/query/coverage.js';
import { encodeCoverage } from '../../src/view/coverage.js';
import type { Table } from '../../src/fabric/table.js';
import { row, TableFixture } from '../fixtures/tables.js';

const SOURCES = ['x', 'y', 'z'];

interface Loss {
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** One source as people think of it. */
class NaiveSource {
  tsMs = 0;
  rows = new Set<string>();
  readonly lost = new Map<string, Loss>();

  publish(tsMs: number, rows: readonly string[]): void {
    const now = new Set(rows);
    for (const key of this.rows) {
      if (!now.has(key)) this.lost.set(key, { sinceMs: tsMs, lastMs: this.tsMs });
    }
    for (const key of now) this.lost.delete(key);
    this.rows = now;
    this.tsMs = tsMs;
  }
}

type Model = ReadonlyMap<string, NaiveSource>;

function holdersOf(model: Model, key: string): string[] {
  return [...model].filter(([, source]) => source.rows.has(key)).map(([id]) => id);
}

/** Newest sample; the earlier source on a tie. */
function servedBy(model: Model, key: string): string {
  return holdersOf(model, key).reduce((best, id) =>
    model.get(id)!.tsMs > model.get(best)!.tsMs ? id : best,
  );
}

/** Who had it last, of those that lost a row which nobody has. */
function ownerOf(model: Model, key: string): string {
  const losers = [...model].filter(([, { lost }]) => lost.has(key));
  const [first] = losers.sort(([, a], [, b]) => {
    const [one, other] = [a.lost.get(key)!, b.lost.get(key)!];
    return other.sinceMs - one.sinceMs || other.lastMs - one.lastMs;
  });
  return first![0];
}

function keysOf(model: Model, of: (source: NaiveSource) => Iterable<string>): string[] {
  return [...new Set([...model.values()].flatMap((source) => [...of(source)]))];
}

function naiveParts(model: Model): PartCoverage[] {
  return [...model].map(([sourceId, { rows, lost }]) => {
    const shared = [...rows].filter((key) => holdersOf(model, key).length > 1).length;
    const gone = [...lost.keys()];
    const missing = gone.filter(
      (key) => holdersOf(model, key).length === 0 && ownerOf(model, key) === sourceId,
    ).length;
    return {
      sourceId,
      rows: rows.size,
      ownRows: rows.size - shared,
      sharedRows: shared,
      servedRows: [...rows].filter((key) => servedBy(model, key) === sourceId).length,
      missingRows: missing,
      movedRows: gone.length - missing,
      forgottenRows: 0,
    };
  });
}

interface Lists {
  readonly missing: readonly Record<string, unknown>[];
  readonly shared: readonly Record<string, unknown>[];
}

function listsOf(table: Table, source: string | null, limit = 1000, offset = 0): Lists {
  const query = { limit, offset, source, format: 'json' as const };
  const { missing, shared } = encodeCoverage(table, { query, listBytesMax: 1e6 });
  const read = (bytes: Uint8Array): Record<string, unknown>[] =>
    JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>[];
  return { missing: read(missing), shared: read(shared) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const byId = (list: readonly Record<string, unknown>[]): Map<unknown, Record<string, unknown>> =>
  new Map(list.map((one) => [one['switch_id'], one]));

function naiveLists(model: Model): Lists {
  const nobodys = keysOf(model, ({ lost }) => lost.keys()).filter(
    (key) => holdersOf(model, key).length === 0,
  );
  const missing = nobodys.map((key) => {
    const source = ownerOf(model, key);
    const { sinceMs, lastMs } = model.get(source)!.lost.get(key)!;
    return { switch_id: key, source, since: iso(sinceMs), last_timestamp: iso(lastMs) };
  });
  const shared = keysOf(model, ({ rows }) => rows)
    .filter((key) => holdersOf(model, key).length > 1)
    .map((key) => {
      const sources = holdersOf(model, key);
      const timestamps = sources.map((id) => iso(model.get(id)!.tsMs));
      return { switch_id: key, sources, served_by: servedBy(model, key), timestamps };
    });
  return { missing, shared };
}

function check(table: Table, model: Model): void {
  const parts = naiveParts(model);
  const lists = naiveLists(model);
  const totals = surveyCoverage(table, { shared: () => {}, missing: () => {} });
  expect(totals).toEqual({
    rows: keysOf(model, ({ rows }) => rows).length,
    sharedRows: lists.shared.length,
    missingRows: lists.missing.length,
    parts,
  });
  const { missing, shared } = listsOf(table, null);
  expect(byId(missing)).toEqual(byId(lists.missing));
  expect(byId(shared)).toEqual(byId(lists.shared));
  expect([missing.length, shared.length]).toEqual([lists.missing.length, lists.shared.length]);
  const times = missing.map((one) => Date.parse(one['since'] as string));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  for (const id of model.keys()) {
    const narrowed = listsOf(table, id);
    expect(narrowed.missing).toEqual(missing.filter((one) => one['source'] === id));
    expect(narrowed.shared).toEqual(shared.filter((one) => (one['sources'] as string[]).includes(id)));
  }
  // Pages are cut from the same lists.
  const paged = [0, 2, 4, 6, 8, 10, 12].map((offset) => listsOf(table, null, 2, offset));
  expect(paged.flatMap((page) => page.missing)).toEqual(missing);
  expect(paged.flatMap((page) => page.shared)).toEqual(shared);
}

const step = fc.record({
  source: fc.constantFrom(...SOURCES),
  /** Milliseconds after the step before; some sources are behind others. */
  afterMs: fc.integer({ min: 0, max: 3 }),
  rows: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 }),
  newGeneration: fc.boolean(),
});

describe('coverage', () => {
  test('counts and lists equal those of a naive model, over generations', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const fixture = new TableFixture({ sources: SOURCES });
        const known = new Map(SOURCES.map((id) => [id, new NaiveSource()]));
        const published = new Set<string>();
        let nowMs = 1_000_000;
        for (const { source, afterMs, rows, newGeneration } of steps) {
          nowMs += afterMs;
          const model = new Map([...known].filter(([id]) => published.has(id)));
          // A source does not lose rows of which others have older samples only: such may be served on.
          const kept = [...known.get(source)!.rows].filter((key) => {
            const own = known.get(source)!.tsMs;
            return holdersOf(model, key).some((id) => known.get(id)!.tsMs < own);
          });
          const keys = [...new Set([...rows.map((n) => `sw-${n}`), ...kept])];
          const plain = keys.map((key, i) => row(key, { a: i }));
          const table = fixture.publish(source, plain, { dataTsMs: nowMs, newGeneration });
          known.get(source)!.publish(nowMs, keys);
          published.add(source);
          // In the order of configuration, as parts are.
          check(table, new Map([...known].filter(([id]) => published.has(id))));
        }
      }),
      { numRuns: 150 },
    );
  });
});
