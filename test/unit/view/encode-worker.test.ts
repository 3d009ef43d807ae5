/** The encode job in a real thread of the real pool. */
import { afterAll, describe, expect, it } from 'vitest';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../../../src/model/clock.js';
import { WORKER_ENTRIES } from '../../../src/pool/worker-urls.js';
import { encodePages, type PagesResult } from '../../../src/view/encode-pages.js';
import { listSelection } from '../../../src/query/list-query.js';
import { BodyService } from '../../../src/view/bodies.js';
import { encodeOrder, type ListResult, type ListTask } from '../../../src/view/encode-list.js';
import { row, TableFixture } from '../../fixtures/tables.js';
import { poolOf } from '../../fixtures/pools.js';

const fixture = new TableFixture({ sources: ['a', 'b'] });
const rows = Array.from({ length: 3000 }, (_, i) =>
  row(`sw-${i}`, { n: i, big: 2n ** 63n + BigInt(i), f: i / 8, text: i % 7 === 0 ? null : `port "${i}"` }),
);
fixture.publish('a', rows.slice(0, 2000));
const table = fixture.publish('b', rows.slice(1000));

const pool = poolOf(1, {
  // Threads start from the parse entry: here nothing is parsed.
  entries: { ...WORKER_ENTRIES, parse: WORKER_ENTRIES.encodeList },
});

afterAll(() => pool.close(5000));

function run(selection: ListTask['selection'], gzip: boolean, listBytesMax = 1e8): Promise<ListResult> {
  const task: ListTask = { table: table.ref(), selection, gzip, listBytesMax, agesMs: [1, 2] };
  const options = { jobClass: 'encode', timeoutMs: 20_000 } as const;
  return pool.run<ListResult>('encodeList', task, options).then((result) => {
    if (!result.ok) throw new Error(result.message);
    return result.value;
  });
}

describe('the encode worker', () => {
  it.each(['envelope', 'columns', 'map', 'csv', 'ndjson', 'schema'] as const)(
    'makes the same %s as main does',
    async (shape) => {
      const selection = listSelection({ shape });
      const result = await run(selection, false);
      const here = encodeOrder(table, { selection, gzip: false, listBytesMax: 1e8, agesMs: [1, 2] });
      expect(result.ok && Buffer.compare(result.list.bytes, here.bytes)).toBe(0);
      expect(result).toMatchObject({ ok: true, list: { tail: here.tail, sourceIds: here.sourceIds } });
    },
  );

  it('sorts pages itself, and compresses', async () => {
    const page = await run(listSelection({ shape: 'page', fields: ['n'], limit: 2, offset: 1 }), false);
    expect(page.ok && (JSON.parse(`${Buffer.from(page.list.bytes).toString()}}`) as object)).toMatchObject({
      items: [{ switch_id: 'sw-1' }, { switch_id: 'sw-10' }],
      total: 3000,
    });
    const zipped = await run(listSelection({ shape: 'csv' }), true);
    if (!zipped.ok || !zipped.list.gzip) throw new Error('not compressed');
    expect(zipped.list.bytes.length).toBeLessThan(zipped.list.gzip.rawLength / 2);
  });

  it('orders and cuts the pages of a cursor as main does', async () => {
    const selection = listSelection({ sort: [{ field: 'n', descending: true }], limit: 700 });
    const order = { selection, listBytesMax: 1e8, cursorBytesMax: 1e8, agesMs: [1, 2] };
    const job = { jobClass: 'encode', timeoutMs: 20_000 } as const;
    const result = await pool.run<PagesResult>('encodePages', { table: table.ref(), ...order }, job);
    if (!result.ok || !result.value.ok) throw new Error('no pages');
    const here = encodePages(table, order);
    expect(result.value.pages.ends).toEqual(here.ends);
    expect(here.ends.length).toBe(5);
    expect(Buffer.compare(result.value.pages.bytes, here.bytes)).toBe(0);
  });

  it('returns refusals as values', async () => {
    expect(await run(listSelection({}), false, 1000)).toMatchObject({ ok: false, code: 'too_large' });
    expect(await run(listSelection({ fields: ['x'] }), false)).toMatchObject({
      ok: false,
      code: 'unknown_metric',
    });
  });

  it('serves the body service', async () => {
    const { fabric } = fixture;
    const limits = { bodyCacheBytes: 1e8, listBytesMax: 1e8, jobTimeoutMs: 20_000 };
    const bodies = new BodyService({ fabric, jobs: pool, clock: systemClock, ...limits });
    const body = await bodies.get(listSelection({}), true);
    const whole = Buffer.concat([body.prefix, body.end({ ageMs: 9, dataTsMs: 0, staleSources: ['b'] })]);
    const parsed = JSON.parse(gunzipSync(whole).toString()) as { items: unknown[] };
    expect(parsed).toMatchObject({ total: 3000, age_ms: 9, stale_sources: ['b'] });
    expect(parsed.items.length).toBe(3000);
    expect(body.sourceIds).toEqual(['a', 'b']);
  });
});
