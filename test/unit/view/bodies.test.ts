import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LIST_CELLS_INLINE_MAX } from '../../../src/model/limits.js';
import { listSelection, SCHEMA_SELECTION } from '../../../src/query/list-query.js';
import type { BodyService } from '../../../src/view/bodies.js';
import type { ListBody } from '../../../src/view/list-body.js';
import { rig, rowsOf } from '../../fixtures/list-jobs.js';

const ALL = listSelection({});
const FRESH = { ageMs: 5, dataTsMs: 0, staleSources: [] };

function text(body: ListBody): string {
  const whole = Buffer.concat([body.prefix, body.end(FRESH)]);
  return (body.contentEncoding === 'gzip' ? gunzipSync(whole) : whole).toString();
}

function items(body: ListBody): number {
  return (JSON.parse(text(body)) as { items: unknown[] }).items.length;
}

/** The body of a selection that must be made on the spot. */
function now(bodies: BodyService, selection = ALL, gzip = false): ListBody {
  const body = bodies.get(selection, gzip);
  if (body instanceof Promise) throw new Error('it went to a worker');
  return body;
}

describe('small lists', () => {
  it('are made on the spot, once a snapshot', () => {
    const { fixture, jobs, bodies } = rig(10);
    const body = now(bodies);
    expect(items(body)).toBe(10);
    expect(body).toMatchObject({
      snapshotId: 'k3f9-1',
      contentType: 'application/json',
      contentEncoding: null,
    });
    expect(now(bodies)).toBe(body);
    expect(bodies.stats).toMatchObject({ hits: 1, inline: 1, jobs: 0, cachedBodies: 1 });
    fixture.publish('s1', rowsOf(10));
    expect(bodies.stats.cachedBodies).toBe(0);
    expect(now(bodies)).not.toBe(body);
    expect(now(bodies).snapshotId).toBe('k3f9-2');
    expect(jobs.tasks).toEqual([]);
  });

  it('are not kept when they tell ages', async () => {
    const { fixture, bodies } = rig(1);
    const selection = listSelection({ fields: ['@age_ms'] });
    expect(text(now(bodies, selection))).toContain('"@age_ms":0}');
    await fixture.clock.advance(70);
    expect(text(now(bodies, selection))).toContain('"@age_ms":70}');
    expect(bodies.stats.cachedBodies).toBe(0);
  });

  it('are small by what is looked at, not by what is returned', async () => {
    const { jobs, bodies } = rig(3000);
    const pick = (given: Parameters<typeof listSelection>[0]): boolean =>
      bodies.get(listSelection(given), false) instanceof Promise;
    expect(pick({ limit: 10 })).toBe(false);
    expect(pick({ rows: { exact: ['sw-1', 'sw-2999'], prefixes: [] } })).toBe(false);
    expect(pick({ fields: ['metric_0'], limit: 1500 })).toBe(false);
    expect(pick({ limit: 10, offset: LIST_CELLS_INLINE_MAX })).toBe(true);
    expect(pick({ rows: { exact: [], prefixes: ['sw-2999'] } })).toBe(true);
    expect(pick({ shape: 'page', fields: ['metric_0'], limit: 10 })).toBe(true);
    expect(pick({})).toBe(true);
    await Promise.resolve();
    expect(jobs.tasks.length).toBe(4);
  });

  it('go to a worker for compression, and come plain when that is busy or the body is tiny', async () => {
    const { jobs, bodies } = rig(60);
    const zipped = await bodies.get(ALL, true);
    expect(zipped.contentEncoding).toBe('gzip');
    expect(items(zipped)).toBe(60);
    expect(text(zipped)).toBe(text(now(bodies)));
    expect(bodies.get(ALL, true)).toBe(zipped);
    expect(jobs.tasks.length).toBe(1);
    expect(now(bodies, listSelection({ limit: 1 }), true).contentEncoding).toBeNull();
    jobs.outcome = 'overloaded';
    const two = listSelection({ fields: ['metric_0', 'metric_1'] });
    const both = await Promise.all(
      [bodies.get(two, true), bodies.get(two, true)].map((one) => Promise.resolve(one)),
    );
    expect(both.map((body) => body.contentEncoding)).toEqual([null, null]);
  });
});

describe('refusals', () => {
  it('come at once for what can be known at once', () => {
    const { bodies } = rig(0);
    expect(() => bodies.get(ALL, false)).toThrowError(expect.objectContaining({ code: 'no_data' }));
    const ready = rig(3).bodies;
    const get = (given: Parameters<typeof listSelection>[0]): unknown =>
      ready.get(listSelection(given), false);
    expect(() => get({ fields: ['cpu'] })).toThrowError(/Unknown metric 'cpu'.*'metric_3'/);
    expect(() => get({ rows: { exact: ['sw-0', 'x'], prefixes: [] } })).toThrowError(
      "Unknown switch_id 'x'.",
    );
    expect(items(now(ready, listSelection({ rows: { exact: [], prefixes: ['x'] } })))).toBe(0);
  });

  it('name the limit and what to do about it', async () => {
    const message = /MAX_LIST_BYTES.*'fields'.*'limit'/;
    const small = rig(10, { listBytesMax: 100 }).bodies;
    expect(() => small.get(ALL, false)).toThrowError(message);
    const large = rig(3000, { listBytesMax: 100 }).bodies;
    await expect(large.get(ALL, false)).rejects.toThrowError(message);
    await expect(large.get(ALL, true)).rejects.toMatchObject({ code: 'too_large', status: 413 });
  });

  it.each([
    ['overloaded', 'overloaded', 503],
    ['closed', 'overloaded', 503],
    ['timeout', 'deadline', 504],
    ['worker', 'internal', 500],
  ] as const)(
    'of a job that ended as %s are %s, and the next request tries again',
    async (reason, code, status) => {
      const { jobs, bodies } = rig(3000);
      jobs.outcome = reason;
      await expect(bodies.get(ALL, false)).rejects.toMatchObject({ code, status });
      expect(bodies.stats).toMatchObject({ failures: 1, cachedBodies: 0 });
      jobs.outcome = 'ok';
      expect(items(await bodies.get(ALL, false))).toBe(3000);
    },
  );
});

describe('large lists', () => {
  it('are one job for equal requests, and cached', async () => {
    const { jobs, bodies } = rig(3000);
    jobs.held = [];
    const asked = [ALL, listSelection({})].map((one) => bodies.get(one, false));
    const waiting = [...asked, bodies.get(ALL, true)].map((body) => Promise.resolve(body));
    expect(jobs.tasks.length).toBe(2);
    expect(jobs.options[0]).toEqual({ jobClass: 'encode', timeoutMs: 5000 });
    jobs.release();
    const [first, second, zipped] = await Promise.all(waiting);
    expect(second).toBe(first);
    expect(zipped!.contentEncoding).toBe('gzip');
    expect(text(zipped!)).toBe(text(first!));
    expect(items(first!)).toBe(3000);
    expect(now(bodies)).toBe(first);
    expect(bodies.stats).toMatchObject({ jobs: 2, shared: 1, hits: 1, cachedBodies: 2 });
  });

  it('pin the banks they read until they end', async () => {
    const { fixture, jobs, bodies } = rig(3000);
    jobs.held = [];
    const waiting = bodies.get(ALL, false) as Promise<ListBody>;
    fixture.publish('s1', rowsOf(3000));
    expect(() => fixture.publish('s1', rowsOf(3000))).toThrowError(/pinned/);
    jobs.release();
    const body = await waiting;
    expect(body.snapshotId).toBe('k3f9-1');
    expect(items(body)).toBe(3000);
    expect(bodies.stats.cachedBodies).toBe(0);
    expect(fixture.publish('s1', rowsOf(3000)).snapshotId).toBe('k3f9-3');
  });

  it('hold their pins until the thread of a failed job has ended', async () => {
    const { fixture, jobs, bodies } = rig(3000);
    jobs.outcome = 'timeout';
    await expect(bodies.get(ALL, false)).rejects.toMatchObject({ code: 'deadline' });
    fixture.publish('s1', rowsOf(3000));
    expect(() => fixture.publish('s1', rowsOf(3000))).toThrowError(/pinned/);
    jobs.exit();
    await Promise.resolve();
    await Promise.resolve();
    expect(fixture.publish('s1', rowsOf(3000)).snapshotId).toBe('k3f9-3');
  });

  it('that tell ages are neither shared nor kept', async () => {
    const { jobs, bodies } = rig(3000);
    const selection = listSelection({ fields: ['@age_ms', 'metric_0'] });
    await Promise.all([bodies.get(selection, false), bodies.get(selection, false)]);
    expect(jobs.tasks.length).toBe(2);
    expect(bodies.stats.cachedBodies).toBe(0);
  });

  it('include the schema of many overlapping rows', async () => {
    const { fixture, jobs, bodies } = rig(0, {}, ['a', 'b']);
    fixture.publish('a', rowsOf(2000));
    fixture.publish('b', rowsOf(2100));
    const body = await bodies.get(SCHEMA_SELECTION, false);
    expect(jobs.tasks.length).toBe(1);
    expect(JSON.parse(text(body))).toMatchObject({ snapshot_id: 'k3f9-2', rows: 2100 });
  });
});

describe('the cache', () => {
  it('is bounded in bytes; the least recently used body goes first', () => {
    const { bodies } = rig(50, { bodyCacheBytes: 6000 });
    const column = (c: number): ListBody => now(bodies, listSelection({ fields: [`metric_${c}`] }));
    const first = column(0);
    column(1);
    expect(column(0)).toBe(first);
    const { cachedBytes, cachedBodies } = bodies.stats;
    expect(cachedBodies).toBe(2);
    expect(cachedBytes).toBeGreaterThan(first.byteLength * 2);
    column(2);
    expect(bodies.stats.cachedBytes).toBeLessThanOrEqual(6000);
    expect(bodies.stats.cachedBodies).toBe(2);
    expect(column(0)).toBe(first);
    const before = bodies.stats.inline;
    column(1);
    expect(bodies.stats.inline).toBe(before + 1);
  });

  it('keeps no body that is larger than itself', () => {
    const { bodies } = rig(50, { bodyCacheBytes: 1000 });
    expect(items(now(bodies))).toBe(50);
    expect(bodies.stats).toMatchObject({ cachedBytes: 0, cachedBodies: 0 });
  });
});
