import { afterAll, describe, expect, it } from 'vitest';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

const PATH = '/telemetry/GetMetric';

const rig = new ServerRig({ sources: ['s1', 's2'], maxStaleMs: 10_000 });
afterAll(() => rig.close());

describe('GetMetric', () => {
  it('answers with every spelling of names', async () => {
    const reply = await rig.get(`${PATH}?switch_id=sw-000&metric=cpu_util_pct`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    const { fabric, clock } = rig.tables;
    expect(members(reply)).toEqual({
      switch_id: 'sw-000',
      switch: 'sw-000',
      metric: 'cpu_util_pct',
      metric_name: 'cpu_util_pct',
      value: 34.1,
      timestamp: new Date(clock.nowMs()).toISOString(),
      snapshot_id: fabric.snapshotId,
      age_ms: 0,
    });
  });

  it.each([
    '?switch=sw-000&metric=cpu_util_pct',
    '?switchId=sw-000&metric_name=cpu_util_pct',
    '?metric=cpu%5Futil%5Fpct&switch_id=sw%2D000',
    '?switch=sw-000&switch_id=sw-000&metric=cpu_util_pct&int64=number&format=json',
    '/cpu_util_pct/sw-000',
    '/sw-000/cpu_util_pct',
    '/cpu%5Futil_pct/sw-000?format=json',
  ])('understands %s', async (query) => {
    const plain = await rig.get(`${PATH}?switch_id=sw-000&metric=cpu_util_pct`);
    // Twice: resolved, and remembered.
    for (let round = 0; round < 2; round++) {
      const reply = await rig.get(PATH + query);
      expect([reply.status, reply.text]).toEqual([200, plain.text]);
    }
  });

  it('keeps every digit, text and missing cells', async () => {
    const text = async (query: string): Promise<string> => (await rig.get(`${PATH}?${query}`)).text;
    expect(await text('switch_id=sw-000&metric=octets')).toContain('"value":18446744073709551615,');
    expect(await text('switch_id=sw-000&metric=octets&int64=string')).toContain(
      '"value":"18446744073709551615",',
    );
    expect(await text('switch_id=sw-001&metric=octets&int64=string')).toContain('"value":1,');
    expect(await text('switch_id=sw-000&metric=state')).toContain('"value":"UP",');
    expect(await text('switch_id=sw-002&metric=cpu_util_pct')).toContain('"value":null,');
  });

  it('gives the bare value as text', async () => {
    const reply = await rig.get(`${PATH}?switch_id=sw-000&metric=state&format=text`);
    expect([reply.status, reply.text]).toEqual([200, 'UP']);
    expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const unknown = await rig.get(`${PATH}?switch_id=nope&metric=state&format=text`);
    expect([unknown.status, unknown.text]).toEqual([404, "Unknown switch_id 'nope'."]);
    expect(unknown.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  it('says which snapshot it is and for whom it may be kept', async () => {
    const { headers } = await rig.get(`${PATH}?switch_id=sw-000&metric=cpu_util_pct`, {
      'X-Request-Id': 'mine.1',
    });
    const { fabric, clock } = rig.tables;
    expect(headers.get('etag')).toBe(`W/"${fabric.snapshotId}"`);
    expect(headers.get('vary')).toBe('Accept, Accept-Encoding');
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('x-data-age-ms')).toBe('0');
    expect(headers.get('x-snapshot-ts')).toBe(String(clock.nowMs()));
    expect(headers.get('x-request-id')).toBe('mine.1');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('server')).toBeNull();
    expect(headers.get('uwebsockets')).toBeNull();
  });
});

describe('mistakes', () => {
  it.each([
    ['', 400, 'missing_parameter', /switch_id/],
    ['?switch_id=sw-000', 400, 'missing_parameter', /'metric'/],
    ['?switch_id=&metric=state', 400, 'missing_parameter', /switch_id/],
    ['?switch_id=a&switch_id=a&metric=state', 400, 'duplicate_parameter', /switch_id/],
    ['?switch_id=a&switch=b&metric=state', 400, 'contradictory_parameter', /switch/],
    ['?switch_id=sw-000&metric=state&x=1', 400, 'unknown_parameter', /'x'/],
    ['?switch_id=sw-000&metric=state&format=xml', 400, 'bad_value', /format/],
    ['?switch_id=sw-000&metric=state&dialect=latin', 400, 'bad_value', /dialect/],
    ['?switch_id=nope&metric=state', 404, 'unknown_switch', /Unknown switch_id 'nope'\./],
    [
      '?switch_id=sw-000&metric=nope',
      404,
      'unknown_metric',
      /'cpu_util_pct', 'packet_errors', 'octets', 'state'/,
    ],
    ['/nope/sw-000', 404, 'unknown_metric', /nope/],
    ['/state/nope', 404, 'unknown_switch', /nope/],
    ['/state/sw-000?switch_id=sw-000', 400, 'unknown_parameter', /switch_id/],
  ])('%s: %i %s', async (query, status, error, message) => {
    const reply = await rig.get(PATH + query);
    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toBe('application/json');
    const body = members(reply);
    expect(Object.keys(body)).toEqual(['detail', 'error', 'message', 'request_id']);
    expect([body['error'], body['detail']]).toEqual([error, body['message']]);
    expect(body['message']).toMatch(message);
    expect(body['request_id']).toBe(reply.headers.get('x-request-id'));
  });
});

describe('age and staleness', () => {
  it('grow while nothing comes, until the row is refused', async () => {
    const { clock, tables } = { clock: rig.tables.clock, tables: rig.tables };
    tables.publish('s1', [row('a', { value: 1 })], { dataTsMs: clock.nowMs() - 500 });
    tables.publish('s2', [row('b', { value: 2 })]);
    const age = async (id: string): Promise<unknown> =>
      members(await rig.get(`${PATH}?switch_id=${id}&metric=value`))['age_ms'];
    expect([await age('a'), await age('b')]).toEqual([500, 0]);
    await clock.advance(9000);
    expect([await age('a'), await age('b')]).toEqual([9500, 9000]);
    tables.publish('s2', [row('b', { value: 3 })]);
    await clock.advance(1500);
    const stale = await rig.get(`${PATH}?switch_id=a&metric=value`);
    expect([stale.status, members(stale)['error'], stale.headers.get('retry-after')]).toEqual([
      503,
      'stale',
      '2',
    ]);
    const fresh = await rig.get(`${PATH}?switch_id=b&metric=value`);
    expect([fresh.status, members(fresh)['value'], members(fresh)['age_ms']]).toEqual([200, 3, 1500]);
    expect(fresh.headers.get('x-data-age-ms')).toBe('1500');
  });

  it('are told anew for data that came again unchanged', async () => {
    const { clock, fabric } = rig.tables;
    rig.tables.publish('s2', [row('b', { value: 4 })]);
    const before = await rig.get(`${PATH}?switch_id=b&metric=value`);
    await clock.advance(2000);
    const source = fabric.sources[1]!;
    source.goodExchange();
    source.dataArrived(clock.nowMs());
    const after = await rig.get(`${PATH}?switch_id=b&metric=value`);
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    expect(after.headers.get('x-snapshot-ts')).toBe(String(clock.nowMs()));
    expect([after.headers.get('x-data-age-ms'), members(after)['age_ms']]).toEqual(['0', 0]);
  });

  it('never serves a value of the snapshot before', async () => {
    for (let value = 10; value < 30; value++) {
      rig.tables.publish('s2', [row('b', { value })]);
      const reply = await rig.get(`${PATH}?switch_id=b&metric=value`);
      expect(members(reply)['value']).toBe(value);
      expect(members(reply)['snapshot_id']).toBe(rig.tables.fabric.snapshotId);
    }
  });
});

describe('before the first publish', () => {
  it('has no data, and tells mistakes all the same', async () => {
    const empty = new ServerRig({ rows: null });
    try {
      const reply = await empty.get(`${PATH}?switch_id=a&metric=b`);
      expect([reply.status, members(reply)['error']]).toEqual([503, 'no_data']);
      expect(reply.headers.get('retry-after')).toBe('2');
      expect((await empty.get(`${PATH}?switch_id=a`)).status).toBe(400);
      expect((await empty.get(`${PATH}?switch_id=a&metric=b&c=d`)).status).toBe(400);
      expect((await empty.get(`${PATH}/a/b`)).status).toBe(503);
    } finally {
      empty.close();
    }
  });
});
