/** Overlapping sources whose rows come and go, against a naive model of who holds what and lost what. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { surveyCoverage, type PartCoverage } from '../../src/query/coverage.js';
import { MissingRows } from '../../src/snapshot/missing.js';
import { encodeCoverage } from '../../src/view/coverage.js';
import type { Table } from '../../src/fabric/table.js';
import { MergeModel } from '../fixtures/merge-model.js';
import { row, TableFixture } from '../fixtures/tables.js';

const SOURCES = ['x', 'y', 'z'];

interface Loss {
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** The sources as people think of them: what they hold (see MergeModel), and what they lost. */
class Model {
  readonly #merge = new MergeModel(SOURCES);
  readonly #lost = new Map<string, Map<string, Loss>>();
  readonly #samples = new Map<string, ReadonlyMap<string, { timeMs: number; held: boolean }>>();

  publish(source: string, tsMs: number, keys: readonly string[]): void {
    const sample = { cells: [], timeMs: tsMs, sampleMs: tsMs, held: false, heldSinceMs: NaN };
    const lost = this.#lost.get(source) ?? new Map<string, Loss>();
    this.#lost.set(source, lost);
    for (const key of this.rows(source)) {
      // A row that is kept although its source has none is lost since its first body without it.
      const lastMs = this.#samples.get(source)!.get(key)!.timeMs;
      if (!keys.includes(key) && !lost.has(key)) lost.set(key, { sinceMs: tsMs, lastMs });
    }
    for (const key of keys) lost.delete(key);
    this.#merge.publish(source, new Map(keys.map((key) => [key, sample])), tsMs);
    const holds = this.rows(source).map((key) => {
      const shown = this.#merge.shown(key)!;
      // What is held is shown, at least until another source publishes.
      return [key, shown.source === source ? shown : sample] as const;
    });
    this.#samples.set(source, new Map(holds));
  }

  /** In the order of configuration. */
  get published(): string[] {
    return SOURCES.filter((id) => this.#lost.has(id));
  }

  rows(source: string): string[] {
    return this.#merge.keys().filter((key) => this.holders(key).includes(source));
  }

  held(source: string): number {
    return this.rows(source).filter((key) => this.#samples.get(source)!.get(key)!.held).length;
  }

  holders(key: string): string[] {
    return this.#merge.holders(key);
  }

  timeMs(source: string, key: string): number {
    return this.#samples.get(source)!.get(key)!.timeMs;
  }

  servedBy(key: string): string {
    return this.#merge.shown(key)!.source;
  }

  /** Of a source, without what it still holds. */
  lost(source: string): Map<string, Loss> {
    const all = [...this.#lost.get(source)!];
    return new Map(all.filter(([key]) => !this.holders(key).includes(source)));
  }

  get rowsTotal(): number {
    return this.#merge.keys().length;
  }
}

/** Who had it last, of those that lost a row which nobody has. */
function ownerOf(model: Model, key: string): string {
  const losers = model.published.filter((id) => model.lost(id).has(key));
  const [first] = losers.toSorted((a, b) => {
    const [one, other] = [model.lost(a).get(key)!, model.lost(b).get(key)!];
    return other.sinceMs - one.sinceMs || other.lastMs - one.lastMs;
  });
  return first!;
}

/** What any source knows of, each key once. */
function keysOf(model: Model, of: (source: string) => Iterable<string>): string[] {
  return [...new Set(model.published.flatMap((source) => [...of(source)]))];
}

function naiveParts(model: Model): PartCoverage[] {
  return model.published.map((sourceId) => {
    const rows = model.rows(sourceId);
    const shared = rows.filter((key) => model.holders(key).length > 1).length;
    const gone = [...model.lost(sourceId).keys()];
    const missing = gone.filter(
      (key) => model.holders(key).length === 0 && ownerOf(model, key) === sourceId,
    ).length;
    return {
      sourceId,
      rows: rows.length,
      ownRows: rows.length - shared,
      sharedRows: shared,
      servedRows: rows.filter((key) => model.servedBy(key) === sourceId).length,
      heldRows: model.held(sourceId),
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
  const lost = keysOf(model, (id) => model.lost(id).keys());
  const missing = lost
    .filter((key) => model.holders(key).length === 0)
    .map((key) => {
      const source = ownerOf(model, key);
      const { sinceMs, lastMs } = model.lost(source).get(key)!;
      return { switch_id: key, source, since: iso(sinceMs), last_timestamp: iso(lastMs) };
    });
  const shared = keysOf(model, (id) => model.rows(id))
    .filter((key) => model.holders(key).length > 1)
    .map((key) => {
      const sources = model.holders(key);
      const timestamps = sources.map((id) => iso(model.timeMs(id, key)));
      return { switch_id: key, sources, served_by: model.servedBy(key), timestamps };
    });
  return { missing, shared };
}

function check(table: Table, model: Model): void {
  const parts = naiveParts(model);
  const lists = naiveLists(model);
  const totals = surveyCoverage(table, { shared: () => {}, missing: () => {} });
  expect([table.rowsTotal, table.sharedRows]).toEqual([totals.rows, totals.sharedRows]);
  expect(totals).toEqual({
    rows: model.rowsTotal,
    sharedRows: lists.shared.length,
    missingRows: lists.missing.length,
    parts,
  });
  for (const { ref } of table.parts) {
    const counted = new MissingRows(ref.segment, ref.version).counts;
    expect(counted).toEqual({ missing: model.lost(ref.sourceId).size, forgotten: 0 });
  }
  const { missing, shared } = listsOf(table, null);
  expect(byId(missing)).toEqual(byId(lists.missing));
  expect(byId(shared)).toEqual(byId(lists.shared));
  expect([missing.length, shared.length]).toEqual([lists.missing.length, lists.shared.length]);
  const times = missing.map((one) => Date.parse(one['since'] as string));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  for (const id of model.published) {
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
        const model = new Model();
        let nowMs = 1_000_000;
        for (const { source, afterMs, rows, newGeneration } of steps) {
          nowMs += afterMs;
          const keys = rows.map((n) => `sw-${n}`);
          const plain = keys.map((key, i) => row(key, { a: i }));
          const table = fixture.publish(source, plain, { dataTsMs: nowMs, newGeneration });
          model.publish(source, nowMs, keys);
          check(table, model);
        }
      }),
      { numRuns: 150 },
    );
  });
});
