/** GET /telemetry/coverage over real HTTP: members, ages, where it is made. */
import { afterEach, describe, expect, test } from 'vitest';
import { answerOf, CoverageRigs, manyRows, PATH } from './coverage-rig.js';
import type { SourceStateView } from '../../../src/stats/document.js';
import { members } from '../../fixtures/server-rig.js';

const T0 = Date.UTC(2026, 0, 1);
const rigs = new CoverageRigs();
afterEach(() => rigs.close());

describe('the document', () => {
  test('says who holds, serves and lost what', async () => {
    const rig = await rigs.lossy();
    const reply = await rig.get(PATH);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(reply.headers.get('x-request-id')).not.toBeNull();
    expect(reply.headers.get('etag')).toBeNull();
    const body = answerOf(reply);
    expect(body).toMatchObject({
      snapshot_id: rig.tables.fabric.snapshotId,
      rows: 4,
      shared_rows: 1,
      missing_rows: 1,
      missing_forgotten: 0,
      stale_rows: 0,
      limit: 100,
      offset: 0,
    });
    expect(body.sources).toEqual([
      {
        id: 'a',
        state: 'starting',
        rows: 2,
        own_rows: 1,
        shared_rows: 1,
        served_rows: 2,
        held_rows: 0,
        missing_rows: 1,
        moved_rows: 1,
        missing_forgotten: 0,
        age_ms: 0,
        stale: false,
        max_stale_ms: 60_000,
        last_good_at: '2026-01-01T00:00:02.000Z',
        last_error: null,
      },
      expect.objectContaining({
        id: 'b',
        rows: 3,
        own_rows: 2,
        shared_rows: 1,
        served_rows: 2,
        age_ms: 1000,
      }),
    ]);
    expect(body.missing).toEqual([
      {
        switch_id: 'a2',
        source: 'a',
        since: '2026-01-01T00:00:02.000Z',
        last_timestamp: '2026-01-01T00:00:00.000Z',
      },
    ]);
    expect(body.shared).toEqual([
      {
        switch_id: 'both1',
        sources: ['a', 'b'],
        served_by: 'a',
        timestamps: ['2026-01-01T00:00:02.000Z', '2026-01-01T00:00:01.000Z'],
      },
    ]);
  });

  test('a source that falls silent makes only the rows stale that it serves', async () => {
    const rig = await rigs.lossy();
    await rig.tables.clock.advance(59_500);
    const one = answerOf(await rig.get(PATH));
    expect(one).toMatchObject({ stale_rows: 2, rows: 4 });
    expect(one.sources).toMatchObject([
      { id: 'a', stale: false, age_ms: 59_500 },
      { id: 'b', stale: true, age_ms: 60_500 },
    ]);
    // Everything stale: here is where one learns it.
    await rig.tables.clock.advance(1000);
    const all = await rig.get(PATH);
    expect([all.status, answerOf(all)['stale_rows']]).toEqual([200, 4]);
  });

  test('before the first publish it is empty, and 200', async () => {
    const reply = await rigs.make().get(PATH);
    expect(reply.status).toBe(200);
    const body = answerOf(reply);
    expect(body).toMatchObject({ rows: 0, missing: [], shared: [] });
    expect(body.sources).toMatchObject([
      { id: 'a', rows: 0, age_ms: null, stale: true, last_good_at: null },
      { id: 'b' },
    ]);
    const csv = await rigs.make().get(`${PATH}?format=csv`);
    expect(csv.text).toBe('switch_id,source,since,last_timestamp\r\n');
  });

  test('the last error: what, when, how often in a row; secrets blanked', async () => {
    const state: SourceStateView = {
      state: 'failing',
      version: 1,
      generation: 1,
      rows: 2,
      columns: [],
      ageMs: 5,
      skewMs: null,
      lastError: 'status: 500',
      failure: {
        outcome: 'status',
        message: 'http://h/c?token=hunter2 gave 500',
        atMs: T0 + 1500,
        inARow: 3,
      },
    };
    const statsView = { source: (id: string) => (id === 'b' ? state : undefined), sharedBytes: () => 0 };
    const rig = await rigs.lossy({ statsView });
    const [a, b] = answerOf(await rig.get(PATH)).sources;
    expect(a!['last_error']).toBeNull();
    expect(b!['state']).toBe('failing');
    expect(b!['last_error']).toMatchObject({
      outcome: 'status',
      at: '2026-01-01T00:00:01.500Z',
      failures_in_a_row: 3,
    });
    expect((b!['last_error'] as { message: string }).message).not.toContain('hunter2');
  });
});

describe('where it is made', () => {
  test('few rows on the spot, many in a job that all share, once a snapshot', async () => {
    const small = await rigs.lossy();
    await small.get(PATH);
    expect(small.jobs.ran).toEqual([]);

    const rig = rigs.make();
    rig.tables.publish('a', manyRows(3000));
    let open = (): void => {};
    rig.jobs.gate = new Promise((resolve) => (open = resolve));
    const asked = [rig.get(PATH), rig.get(PATH), rig.get(`${PATH}?limit=5`)];
    await expect.poll(() => rig.jobs.ran.length).toBe(2);
    open();
    for (const reply of await Promise.all(asked)) expect(answerOf(reply)['rows']).toBe(3000);
    await rig.tables.clock.advance(500);
    expect(answerOf(await rig.get(PATH)).sources[0]!['age_ms']).toBe(500);
    expect(rig.jobs.ran).toEqual(['encodeCoverage', 'encodeCoverage']);
    rig.tables.publish('a', manyRows(2999));
    expect(answerOf(await rig.get(PATH))).toMatchObject({ rows: 2999, missing_rows: 1 });
    expect(rig.jobs.ran).toHaveLength(3);
  });

  test('a job that fails is an error for those who asked, and is tried again', async () => {
    const rig = rigs.make();
    rig.tables.publish('a', manyRows(3000));
    for (const [reason, status] of [
      ['timeout', 504],
      ['worker', 500],
      ['overloaded', 503],
    ] as const) {
      rig.jobs.outcome = { ok: false, reason, message: 'as told', exited: Promise.resolve() };
      expect((await rig.get(PATH)).status).toBe(status);
    }
    rig.jobs.outcome = null;
    expect((await rig.get(PATH)).status).toBe(200);
  });

  test('lists beyond MAX_LIST_BYTES are refused', async () => {
    const rig = rigs.make({ listBytesMax: 2000 });
    rig.tables.publish('a', manyRows(100));
    rig.tables.publish('b', manyRows(100));
    const reply = await rig.get(PATH);
    expect([reply.status, members(reply)['error']]).toEqual([413, 'too_large']);
    expect(members(reply)['message']).toMatch(/MAX_LIST_BYTES.*limit/);
    expect((await rig.get(`${PATH}?limit=5`)).status).toBe(200);
  });
});
