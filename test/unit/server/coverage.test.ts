/** GET /telemetry/coverage over real HTTP: members, paging, mistakes, caching, ages. */
import { afterEach, describe, expect, test } from 'vitest';
import type { SourceStateView } from '../../../src/stats/document.js';
import { members, ServerRig, type Reply, type RigOptions } from '../../fixtures/server-rig.js';
import { row, type Row } from '../../fixtures/tables.js';

const PATH = '/telemetry/coverage';
const T0 = Date.UTC(2026, 0, 1);
const rigs: ServerRig[] = [];

function newRig(options: RigOptions = {}): ServerRig {
  const rig = new ServerRig({ sources: ['a', 'b'], rows: null, maxStaleMs: 60_000, ...options });
  rigs.push(rig);
  return rig;
}

afterEach(() => {
  for (const rig of rigs.splice(0)) rig.close();
});

const rowsOf = (...ids: string[]): Row[] => ids.map((id, i) => row(id, { m: i }));
const manyRows = (count: number): Row[] => rowsOf(...Array.from({ length: count }, (_, i) => `sw-${i}`));

interface Answer {
  readonly sources: readonly Record<string, unknown>[];
  readonly missing: readonly Record<string, unknown>[];
  readonly shared: readonly Record<string, unknown>[];
  readonly [name: string]: unknown;
}

const answerOf = (reply: Reply): Answer => members(reply) as Answer;

/** Two sources that share two rows; then `a` loses one of its own and one of both. */
async function lossy(options: RigOptions = {}): Promise<ServerRig> {
  const rig = newRig(options);
  const { tables } = rig;
  tables.publish('a', rowsOf('a1', 'a2', 'both1', 'both2'));
  await tables.clock.advance(1000);
  tables.publish('b', rowsOf('b1', 'both1', 'both2'));
  await tables.clock.advance(1000);
  tables.publish('a', rowsOf('a1', 'both1'));
  return rig;
}

describe('the document', () => {
  test('says who holds, serves and lost what', async () => {
    const rig = await lossy();
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
    const rig = await lossy();
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
    const reply = await newRig().get(PATH);
    expect(reply.status).toBe(200);
    const body = answerOf(reply);
    expect(body).toMatchObject({ rows: 0, missing: [], shared: [] });
    expect(body.sources).toMatchObject([
      { id: 'a', rows: 0, age_ms: null, stale: true, last_good_at: null },
      { id: 'b' },
    ]);
    const csv = await newRig().get(`${PATH}?format=csv`);
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
    const rig = await lossy({ statsView });
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

describe('parameters', () => {
  test('source narrows everything', async () => {
    const rig = await lossy();
    const b = answerOf(await rig.get(`${PATH}?source=b`));
    expect(b).toMatchObject({ rows: 3, shared_rows: 1, missing_rows: 0, missing: [] });
    expect(b.sources.map(({ id }) => id)).toEqual(['b']);
    expect(b.shared).toHaveLength(1);
    const a = answerOf(await rig.get(`${PATH}?source=a`));
    expect(a).toMatchObject({ rows: 2, missing_rows: 1, missing: [{ switch_id: 'a2' }] });
  });

  test('limit and offset cut the lists, never the totals', async () => {
    const rig = newRig();
    rig.tables.publish('a', manyRows(20));
    rig.tables.publish('b', manyRows(10));
    await rig.tables.clock.advance(1000);
    rig.tables.publish('a', manyRows(12));
    const page = answerOf(await rig.get(`${PATH}?limit=3&offset=6`));
    expect(page).toMatchObject({ shared_rows: 10, missing_rows: 8, limit: 3, offset: 6 });
    expect(page.missing.map((one) => one['switch_id'])).toEqual(['sw-18', 'sw-19']);
    expect(page.shared.map((one) => one['switch_id'])).toEqual(['sw-6', 'sw-7', 'sw-8']);
  });

  test('format=csv is the list of missing rows', async () => {
    const rig = await lossy();
    const reply = await rig.get(`${PATH}?format=csv`);
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(reply.text).toBe(
      'switch_id,source,since,last_timestamp\r\n' +
        'a2,a,2026-01-01T00:00:02.000Z,2026-01-01T00:00:00.000Z\r\n',
    );
  });

  test.each([
    ['limit=0', 422, 'out_of_range'],
    ['limit=10001', 422, 'out_of_range'],
    ['offset=-1', 422, 'out_of_range'],
    ['limit=x', 400, 'bad_value'],
    ['format=xml', 400, 'bad_value'],
    ['source=c', 400, 'bad_value'],
    ['fields=a', 400, 'unknown_parameter'],
    ['limit=1&limit=2', 400, 'duplicate_parameter'],
  ])('%s: %i %s', async (query, status, error) => {
    const reply = await newRig().get(`${PATH}?${query}`);
    expect([reply.status, members(reply)['error']]).toEqual([status, error]);
  });

  test('an unknown source is told which there are', async () => {
    const reply = await newRig().get(`${PATH}?source=c`);
    expect(members(reply)['message']).toBe("Parameter 'source' names no source: 'c'; there are a, b.");
  });

  test('HEAD, OPTIONS, other methods', async () => {
    const rig = await lossy();
    const whole = await rig.get(PATH);
    const head = await rig.get(PATH, {}, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBe(whole.text.length);
    const options = await rig.get(PATH, {}, 'OPTIONS');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect((await rig.get(PATH, {}, 'POST')).status).toBe(405);
  });
});

describe('where it is made', () => {
  test('few rows on the spot, many in a job that all share, once a snapshot', async () => {
    const small = await lossy();
    await small.get(PATH);
    expect(small.jobs.ran).toEqual([]);

    const rig = newRig();
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
    const rig = newRig();
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
    const rig = newRig({ listBytesMax: 2000 });
    rig.tables.publish('a', manyRows(100));
    rig.tables.publish('b', manyRows(100));
    const reply = await rig.get(PATH);
    expect([reply.status, members(reply)['error']]).toEqual([413, 'too_large']);
    expect(members(reply)['message']).toMatch(/MAX_LIST_BYTES.*limit/);
    expect((await rig.get(`${PATH}?limit=5`)).status).toBe(200);
  });
});
