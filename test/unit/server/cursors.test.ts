import { afterAll, describe, expect, it } from 'vitest';
import { members, ServerRig, type Reply } from '../../fixtures/server-rig.js';
import { row, type Row } from '../../fixtures/tables.js';

const LIST = '/telemetry/ListMetrics';
const rows = (count: number, value: number): Row[] =>
  Array.from({ length: count }, (_, i) =>
    row(`sw-${i}`, { v: value + ((i * 7) % count), state: i % 3 ? 'up' : 'down' }),
  );

const rig = new ServerRig({ rows: rows(10, 0) });
afterAll(() => rig.close());

/** All pages from a first one, each in the words of its Link header; publishes between them. */
async function pages(path: string): Promise<Reply[]> {
  const all = [await rig.get(path)];
  for (;;) {
    const last = all.at(-1)!;
    expect(last.status).toBe(200);
    const next = last.headers.get('x-next-cursor');
    const link = last.headers.get('link');
    if (next === null) {
      expect(link).toBeNull();
      return all;
    }
    rig.tables.publish('s1', rows(5 + all.length, 1000 * all.length));
    const target = /^<(.*)>; rel="next"$/.exec(link!)![1]!;
    expect(target).toBe(`${LIST}?cursor=${next}`);
    all.push(await rig.get(target));
  }
}

const items = (reply: Reply): unknown[] => members(reply)['items'] as unknown[];

describe('pages of a cursor', () => {
  it.each(['', '&sort=-v', '&where=state%20eq%20up', '&where=v%20gt%202&sort=state,-v&offset=1'])(
    'joined are the list of the first snapshot: %s',
    async (more) => {
      const whole = await rig.get(`${LIST}?fields=v,state${more}`);
      const all = await pages(`${LIST}?fields=v,state${more}&limit=2&cursor=start`);
      expect(all.flatMap(items)).toEqual(items(whole));
      for (const page of all) {
        expect(members(page)['snapshot_id']).toBe(members(whole)['snapshot_id']);
        expect(members(page)['total']).toBe(members(whole)['total']);
        expect(page.headers.get('etag')).toBe(whole.headers.get('etag'));
        expect(members(page)['next_cursor']).toBe(page.headers.get('x-next-cursor'));
      }
    },
  );

  it('come in every shape', async () => {
    const csv = await pages(`${LIST}?metrics=v&limit=3&cursor=start`);
    expect(csv[0]!.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.map(({ text }) => text.split('\r\n')[0])).toEqual(csv.map(() => 'switch_id,v'));
    const lines = csv.flatMap(({ text }) => text.trimEnd().split('\r\n').slice(1));
    expect(new Set(lines).size).toBe(lines.length);

    const ndjson = await pages(`${LIST}?format=ndjson&limit=3&cursor=start`);
    expect(ndjson.at(-1)!.text.trimEnd().split('\n').length).toBeLessThanOrEqual(3);

    const columns = await pages(`${LIST}?shape=columns&limit=3&cursor=start`);
    expect(Object.keys(members(columns[0]!)).slice(-3)).toEqual(['total', 'age_ms', 'next_cursor']);
    expect(members(columns.at(-1)!)['next_cursor']).toBeNull();

    const map = await pages(`${LIST}?shape=map&limit=3&cursor=start`);
    expect(Object.keys(members(map[0]!)).length).toBe(3);

    const page = await pages(`${LIST}/v?cursor=start&limit=3`);
    expect(Object.keys(members(page[0]!))).toEqual([
      'items',
      'metrics',
      'total',
      'limit',
      'offset',
      'next_cursor',
    ]);
    expect(page.map((one) => members(one)['offset'])).toEqual(page.map((_, i) => i * 3));
    const ids = page.flatMap(items).map((item) => (item as { switch_id: string }).switch_id);
    expect(ids).toEqual([...ids].sort());
  });

  it('tell the age that their snapshot has now', async () => {
    const first = await rig.get(`${LIST}?limit=2&cursor=start`);
    await rig.tables.clock.advance(5000);
    rig.tables.publish('s1', rows(10, 5));
    const second = await rig.get(`${LIST}?cursor=${first.headers.get('x-next-cursor')!}`);
    expect(members(second)['age_ms']).toBe(5000);
    expect(second.headers.get('x-data-age-ms')).toBe('5000');
    expect(second.headers.get('x-snapshot-ts')).toBe(first.headers.get('x-snapshot-ts'));
  });

  it('are not sent again to whoever has them, but a start always is', async () => {
    const first = await rig.get(`${LIST}?limit=2&cursor=start`);
    const headers = { 'If-None-Match': first.headers.get('etag')! };
    const path = `${LIST}?cursor=${first.headers.get('x-next-cursor')!}`;
    const again = await rig.get(path, headers);
    expect(again.status).toBe(304);
    expect(again.headers.get('x-next-cursor')).toBe((await rig.get(path)).headers.get('x-next-cursor'));
    expect((await rig.get(`${LIST}?limit=2&cursor=start`, headers)).status).toBe(200);
  });

  it('come with the parameters of the first page, or alone', async () => {
    const start = `${LIST}?metrics=v&where=${encodeURIComponent("v  gt 1 and state ne 'x'")}&limit=2&format=json`;
    const first = await rig.get(`${start}&cursor=start`);
    const cursor = first.headers.get('x-next-cursor')!;
    const path = `${LIST}?cursor=${cursor}`;
    const { text } = await rig.get(path);
    for (const same of ['&limit=2', '&where=v+gt+1+and+state+ne+x', '&metrics=v', '&format=json&offset=0']) {
      expect(await rig.get(path + same)).toMatchObject({ status: 200, text });
    }
    expect((await rig.get(`${start}&cursor=${cursor}`)).text).toBe(text);
    for (const other of [
      '&limit=3',
      '&where=v+gt+2',
      '&metrics=state',
      '&shape=columns',
      '&sort=v',
      '&fields=v',
      '&int64=string',
    ]) {
      const reply = await rig.get(path + other);
      expect([reply.status, members(reply)['error']]).toEqual([400, 'contradictory_parameter']);
    }
    expect((await rig.get(`${LIST}/state?cursor=${cursor}`)).status).toBe(400);
  });

  it('are refused for what is no cursor, and 410 when they are gone', async () => {
    const error = async (query: string): Promise<unknown[]> => {
      const reply = await rig.get(`${LIST}?${query}`);
      return [reply.status, members(reply)['error']];
    };
    expect(await error('cursor=start')).toEqual([400, 'missing_parameter']);
    expect(await error('cursor=')).toEqual([400, 'bad_value']);
    expect(await error('cursor=%00')).toEqual([400, 'bad_encoding']);
    expect(await error('cursor=abc&limit=2')).toEqual([400, 'bad_value']);
    expect(await error('cursor=start&limit=2&fields=none')).toEqual([404, 'unknown_metric']);
    expect(await error('cursor=start&limit=2&sort=none')).toEqual([404, 'unknown_metric']);
    expect(await error('cursor=start&limit=2&where=v+eq+x')).toEqual([400, 'bad_value']);
    const first = await rig.get(`${LIST}?limit=2&cursor=start`);
    await rig.tables.clock.advance(60_001);
    rig.tables.publish('s1', rows(10, 0));
    expect(await error(`cursor=${first.headers.get('x-next-cursor')!}`)).toEqual([410, 'cursor_expired']);
  });

  it('are unknown to the earlier systems', async () => {
    const reply = await rig.get(`/dialects/map${LIST}?cursor=abc&where=x&sort=-`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-next-cursor')).toBeNull();
  });
});

describe('filters and sorts of a list', () => {
  it('are told apart in the cache, and counted in total', async () => {
    rig.tables.publish('s1', rows(10, 0));
    const ids = async (query: string): Promise<unknown> => {
      const reply = await rig.get(`${LIST}?fields=v&${query}`);
      return [items(reply).map((item) => (item as { v: number }).v), members(reply)['total']];
    };
    expect(await ids('sort=-v&limit=3')).toEqual([[9, 8, 7], 10]);
    expect(await ids('sort=v&limit=3')).toEqual([[0, 1, 2], 10]);
    expect(await ids('where=v+ge+8&sort=v')).toEqual([[8, 9], 2]);
    expect(await ids('where=v+ge+7&sort=v')).toEqual([[7, 8, 9], 3]);
    expect(await ids('where=v+ge+7&sort=v&switches=sw-1,sw-9')).toEqual([[7], 1]);
    expect(await ids('where=switch_id+in+(sw-1,sw-2)')).toEqual([[7, 4], 2]);
  });

  it('are refused with the place of the mistake', async () => {
    const reply = await rig.get(`${LIST}?where=v+is1+5`);
    expect(reply.status).toBe(400);
    expect(members(reply)['message']).toMatch(
      /^cannot read 'where' at character 3: expected an operator .*found 'is1'$/,
    );
    expect((await rig.get(`${LIST}?sort=v,,`)).text).toContain("cannot read 'sort' at character 3");
    expect((await rig.get(`${LIST}?where=nothing+eq+1`, { 'If-None-Match': '*' })).status).toBe(404);
  });

  it('keep the order and limits of a page that says none', async () => {
    const ids = async (query: string): Promise<unknown[]> =>
      items(await rig.get(`${LIST}/v?${query}`)).map((item) => (item as { switch_id: string }).switch_id);
    expect((await ids('')).length).toBe(10);
    expect(await ids('limit=2')).toEqual(['sw-0', 'sw-1']);
    expect(await ids('limit=2&sort=-v')).toEqual(['sw-7', 'sw-4']);
    expect(await ids('where=v+lt+2')).toEqual(['sw-0', 'sw-3']);
  });
});
