/** The coverage job in a real thread of the real pool. */
import { afterAll, expect, test } from 'vitest';
import { WORKER_ENTRIES } from '../../../src/pool/worker-urls.js';
import type { CoverageQuery } from '../../../src/query/coverage-query.js';
import { encodeCoverage } from '../../../src/view/coverage.js';
import { CoverageService } from '../../../src/view/coverage-service.js';
import { row, TableFixture } from '../../fixtures/tables.js';
import { poolOf } from '../../fixtures/pools.js';

const fixture = new TableFixture({ sources: ['a', 'b'] });
const rows = Array.from({ length: 4000 }, (_, i) => row(`port "${i}"`, { n: i }));
const pool = poolOf(1, {
  // Threads start from the parse entry: here nothing is parsed.
  entries: { ...WORKER_ENTRIES, parse: WORKER_ENTRIES.encodeCoverage },
});
afterAll(() => pool.close(5000));

const query = (changes: Partial<CoverageQuery> = {}): CoverageQuery => ({
  limit: 1000,
  offset: 0,
  source: null,
  format: 'json',
  ...changes,
});

test('makes the same as main does, and gives the pins back', async () => {
  const { fabric } = fixture;
  fixture.publish('a', rows);
  fixture.publish('b', rows.slice(1000, 3000));
  fixture.publish('a', rows.slice(0, 3500));
  const service = new CoverageService({ fabric, jobs: pool, listBytesMax: 1e7, jobTimeoutMs: 20_000 });
  for (const asked of [query(), query({ source: 'b', offset: 10 }), query({ format: 'csv' })]) {
    const running = service.get(asked);
    expect(running).toBeInstanceOf(Promise);
    expect(service.get(asked)).toBe(running);
    const made = await running;
    const here = encodeCoverage(fixture.table, { query: asked, listBytesMax: 1e7 });
    expect(made).toEqual({ snapshotId: fabric.snapshotId, ...here });
    expect(made.totals).toMatchObject({ rows: 3500, sharedRows: 2000, missingRows: 500 });
  }
  // Two more publishes fill both banks again: nothing holds them.
  fixture.publish('a', rows.slice(0, 3400));
  fixture.publish('a', rows);
});

test('returns refusals as errors', async () => {
  const { fabric } = fixture;
  const service = new CoverageService({ fabric, jobs: pool, listBytesMax: 500, jobTimeoutMs: 20_000 });
  await expect(service.get(query())).rejects.toMatchObject({ code: 'too_large' });
});
