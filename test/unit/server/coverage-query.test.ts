/** The parameters of /telemetry/coverage, and methods. */
import { afterEach, describe, expect, test } from 'vitest';
import { members } from '../../fixtures/server-rig.js';
import { answerOf, CoverageRigs, manyRows, PATH } from './coverage-rig.js';

const rigs = new CoverageRigs();
afterEach(() => rigs.close());

describe('parameters', () => {
  test('source narrows everything', async () => {
    const rig = await rigs.lossy();
    const b = answerOf(await rig.get(`${PATH}?source=b`));
    expect(b).toMatchObject({ rows: 3, shared_rows: 1, missing_rows: 0, missing: [] });
    expect(b.sources.map(({ id }) => id)).toEqual(['b']);
    expect(b.shared).toHaveLength(1);
    const a = answerOf(await rig.get(`${PATH}?source=a`));
    expect(a).toMatchObject({ rows: 2, missing_rows: 1, missing: [{ switch_id: 'a2' }] });
  });

  test('limit and offset cut the lists, never the totals', async () => {
    const rig = rigs.make();
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
    const rig = await rigs.lossy();
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
    const reply = await rigs.make().get(`${PATH}?${query}`);
    expect([reply.status, members(reply)['error']]).toEqual([status, error]);
  });

  test('an unknown source is told which there are', async () => {
    const reply = await rigs.make().get(`${PATH}?source=c`);
    expect(members(reply)['message']).toBe("Parameter 'source' names no source: 'c'; there are a, b.");
  });

  test('HEAD, OPTIONS, other methods', async () => {
    const rig = await rigs.lossy();
    const whole = await rig.get(PATH);
    const head = await rig.get(PATH, {}, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBe(whole.text.length);
    const options = await rig.get(PATH, {}, 'OPTIONS');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect((await rig.get(PATH, {}, 'POST')).status).toBe(405);
  });
});
