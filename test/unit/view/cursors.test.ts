import { describe, expect, it } from 'vitest';
import { listSelection, type ListRequest, type ListSelection } from '../../../src/query/list-query.js';
import { CursorService, type CursorOptions } from '../../../src/view/cursors.js';
import type { CursorPage } from '../../../src/view/page-set.js';
import { seededRandom } from '../../fixtures/fake-clock.js';
import { InlineJobs } from '../../fixtures/inline-jobs.js';
import { rowsOf } from '../../fixtures/list-jobs.js';
import { TableFixture } from '../../fixtures/tables.js';

const REQUEST: ListRequest = {
  rawQuery: 'limit=2&cursor=start',
  rawMetric: null,
  accept: '',
  dialect: null,
  rules: { extra: [], ignoreUnknown: false },
};

interface Rig {
  readonly fixture: TableFixture;
  readonly jobs: InlineJobs;
  readonly cursors: CursorService;
  start(selection: ListSelection): Promise<CursorPage>;
}

function rig(rows: number, more: Partial<CursorOptions> = {}): Rig {
  const fixture = new TableFixture({ boot: 'k3f9' });
  const jobs = new InlineJobs();
  const limits = { cursorBytesMax: 1e6, cursorTtlMs: 1000, listBytesMax: 1e6, jobTimeoutMs: 1000 };
  const { fabric, clock } = fixture;
  const cursors = new CursorService({ fabric, jobs, clock, random: seededRandom(1), ...limits, ...more });
  fixture.publish('s1', rowsOf(rows));
  return {
    fixture,
    jobs,
    cursors,
    start: async (selection) => await cursors.start(selection, REQUEST),
  };
}

const BY_TWO = listSelection({ limit: 2, fields: ['metric_0'] });
const expired = expect.objectContaining({ code: 'cursor_expired', status: 410 }) as unknown;
const malformed = expect.objectContaining({ code: 'bad_value' }) as unknown;

function ids(page: CursorPage): string[] {
  const end = page.body.end({ ageMs: 1, dataTsMs: 0, staleSources: [] });
  const body = JSON.parse(Buffer.concat([page.body.prefix, end]).toString()) as {
    items: { switch_id: string }[];
    total: number;
    next_cursor: string | null;
  };
  expect(body.next_cursor).toBe(page.nextCursor);
  return body.items.map((item) => item.switch_id);
}

describe('cursors', () => {
  it('go through one snapshot while newer ones are published', async () => {
    const { fixture, cursors, start } = rig(5);
    const first = await start(BY_TWO);
    expect(ids(first)).toEqual(['sw-0', 'sw-1']);
    fixture.publish('s1', rowsOf(1));
    const second = cursors.page(first.nextCursor!);
    expect(ids(second)).toEqual(['sw-2', 'sw-3']);
    expect(second.body.snapshotId).toBe('k3f9-1');
    fixture.publish('s1', rowsOf(3));
    const last = cursors.page(second.nextCursor!);
    expect(ids(last)).toEqual(['sw-4']);
    expect(last.nextCursor).toBeNull();
    expect(ids(cursors.page(first.nextCursor!))).toEqual(['sw-2', 'sw-3']);
  });

  it('of no rows have one empty page, and of full pages no empty one behind', async () => {
    const { start } = rig(4);
    const none = await start(listSelection({ limit: 3, rows: { exact: [], prefixes: ['x'] } }));
    expect(ids(none)).toEqual([]);
    expect(none.nextCursor).toBeNull();
    const all = await start(listSelection({ limit: 4 }));
    expect(ids(all).length).toBe(4);
    expect(all.nextCursor).toBeNull();
  });

  it('of many rows are one job, which equal requests share', async () => {
    const { fixture, jobs, cursors, start } = rig(3000);
    const selection = listSelection({ limit: 1000, sort: [{ field: 'metric_0', descending: true }] });
    const [a, b] = await Promise.all([start(selection), start(selection)]);
    expect(jobs.ran).toEqual(['encodePages']);
    expect(a.nextCursor).toBe(b.nextCursor);
    expect(ids(a)[0]).toBe('sw-2999');
    expect(ids(await start(selection))).toEqual(ids(a));
    expect(jobs.ran.length).toBe(1);
    expect(ids(cursors.page(a.nextCursor!))[0]).toBe('sw-1999');
    fixture.publish('s1', rowsOf(3000));
    expect((await start(selection)).nextCursor).not.toBe(a.nextCursor);
    expect(cursors.stats).toMatchObject({ started: 2, heldSets: 2 });
  });

  it('are not shared when they tell ages', async () => {
    const { cursors, start } = rig(3);
    const selection = listSelection({ limit: 1, fields: ['@age_ms'] });
    const first = await start(selection);
    expect((await start(selection)).nextCursor).not.toBe(first.nextCursor);
    expect(cursors.stats.heldSets).toBe(2);
  });

  it('expire when nobody uses them, and not before', async () => {
    const { fixture, cursors, start } = rig(5);
    const { nextCursor } = await start(BY_TWO);
    await fixture.clock.advance(900);
    const second = cursors.page(nextCursor!);
    await fixture.clock.advance(900);
    expect(ids(cursors.page(second.nextCursor!))).toEqual(['sw-4']);
    await fixture.clock.advance(1001);
    expect(() => cursors.page(second.nextCursor!)).toThrowError(expired);
    expect(() => cursors.page(second.nextCursor!)).toThrowError(/cursor=start/);
    await fixture.clock.advance(10);
    expect(cursors.stats).toMatchObject({ heldSets: 0, heldBytes: 0, expired: 1 });
  });

  it('expire in time even where the timer is late', async () => {
    const fixture = new TableFixture();
    const clock = {
      nowMs: () => fixture.clock.nowMs(),
      monotonicMs: () => fixture.clock.monotonicMs(),
      schedule: () => ({ cancel: () => undefined }),
    };
    const { fixture: own, cursors, start } = rig(5, { clock });
    own.publish('s1', rowsOf(5));
    const { nextCursor } = await start(BY_TWO);
    await fixture.clock.advance(1001);
    expect(() => cursors.page(nextCursor!)).toThrowError(expired);
    expect((await start(BY_TWO)).nextCursor).not.toBe(nextCursor);
  });

  it('make room for newer ones, least recently used first', async () => {
    const { cursors, start } = rig(50, { cursorBytesMax: 12_000 });
    const all = (limit: number): ListSelection => listSelection({ limit, fields: ['metric_0'] });
    const first = await start(all(20));
    const second = await start(all(21));
    cursors.page(first.nextCursor!);
    const third = await start(all(22));
    expect(cursors.stats.evicted).toBe(1);
    expect(() => cursors.page(second.nextCursor!)).toThrowError(expired);
    cursors.page(first.nextCursor!);
    cursors.page(third.nextCursor!);
    expect(cursors.stats.heldBytes).toBeLessThanOrEqual(12_000);
  });

  it('that do not fit are refused, with what to ask for instead', async () => {
    const tooLarge = expect.objectContaining({
      code: 'too_large',
      message: expect.stringMatching(/CURSOR_CACHE_BYTES.*fields.*limit/s) as string,
    }) as unknown;
    const small = rig(300, { cursorBytesMax: 10_000 });
    await expect(small.start(listSelection({ limit: 100 }))).rejects.toThrowError(tooLarge);
    const large = rig(3000, { cursorBytesMax: 10_000 });
    await expect(large.start(listSelection({ limit: 100 }))).rejects.toThrowError(tooLarge);
    expect(large.jobs.ran).toEqual(['encodePages']);
    expect(large.cursors.stats.heldSets).toBe(0);
    const page = rig(300, { listBytesMax: 1000 });
    await expect(page.start(listSelection({ limit: 100 }))).rejects.toThrowError(/MAX_LIST_BYTES/);
  });

  it('fail as their job fails, and may be started again', async () => {
    const { jobs, start } = rig(3000);
    jobs.outcome = { ok: false, reason: 'overloaded', message: 'full', exited: Promise.resolve() };
    await expect(start(BY_TWO)).rejects.toThrowError(expect.objectContaining({ code: 'overloaded' }));
    jobs.outcome = null;
    expect(ids(await start(BY_TWO))).toEqual(['sw-0', 'sw-1']);
  });

  it('are refused when they are none, and are gone when weft has forgotten them', async () => {
    const { cursors, start } = rig(5);
    const token = (await start(BY_TWO)).nextCursor!;
    const elsewhere = (await rig(5, { random: seededRandom(2) }).start(BY_TWO)).nextCursor!;
    expect(() => cursors.page(elsewhere)).toThrowError(expired);
    for (const forged of ['', 'x', `${token}0`, token.slice(1), token.replace('.1.', '.2.'), 'START']) {
      expect(() => cursors.page(forged)).toThrowError(malformed);
    }
    expect(cursors.requestOf(token).request).toBe(REQUEST);
  });
});
