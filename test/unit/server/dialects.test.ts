import { afterEach, describe, expect, it } from 'vitest';
import { members, ServerRig, type Reply } from '../../fixtures/server-rig.js';

let rig: ServerRig;
afterEach(() => rig.close());

const METRIC = '/telemetry/GetMetric';
const LIST = '/telemetry/ListMetrics';

/** Asks under a prefix. */
const get = (dialect: string, path: string): Promise<Reply> => rig.get(`/dialects/${dialect}${path}`);

const detail = (reply: Reply): unknown => members(reply)['detail'];

describe('page', () => {
  it('has its bodies', async () => {
    rig = new ServerRig();
    const timestamp = new Date(rig.tables.clock.nowMs()).toISOString();
    const metric = await get('page', `${METRIC}/cpu_util_pct/sw-000`);
    expect(members(metric)).toEqual({
      switch_id: 'sw-000',
      metric_name: 'cpu_util_pct',
      value: 34.1,
      timestamp,
    });
    const page = members(await get('page', `${LIST}/packet_errors?limit=2&offset=1&unknown=1`));
    const item = (id: string, value: number): object => ({
      switch_id: id,
      metric_name: 'packet_errors',
      value,
      timestamp,
    });
    const items = [item('sw-001', 3), item('sw-002', 12)];
    expect(page).toEqual({ items, metrics: items, total: 3, limit: 2, offset: 1 });
    expect((await get('page', '/telemetry/health')).text).toBe(
      '{"service":"ufm-telemetry-aggregation-service","status":"OK","version":"1.0.0"}',
    );
  });

  it('has its refusals', async () => {
    rig = new ServerRig();
    const unknown = await get('page', `${METRIC}/state/nope`);
    expect([unknown.status, detail(unknown)]).toEqual([404, 'Resource not found.']);
    const metric = await get('page', `${METRIC}/nope/sw-000`);
    expect(metric.status).toBe(422);
    expect(detail(metric)).toMatchObject([{ type: 'enum', loc: ['path', 'metric_name'], input: 'nope' }]);
    expect((await get('page', `${LIST}/nope`)).status).toBe(422);
    const cases = [
      ['limit=101', 'limit', 'less_than_equal'],
      ['limit=0', 'limit', 'greater_than_equal'],
      ['offset=-1', 'offset', 'greater_than_equal'],
      ['limit=abc', 'limit', 'int_parsing'],
    ] as const;
    for (const [query, name, type] of cases) {
      const reply = await get('page', `${LIST}/state?${query}`);
      expect(reply.status).toBe(422);
      expect(detail(reply)).toMatchObject([{ type, loc: ['query', name], input: query.split('=')[1] }]);
    }
  });

  it('has empty pages before the first sample', async () => {
    rig = new ServerRig({ rows: null });
    const page = await get('page', `${LIST}/latency?limit=5`);
    expect([page.status, members(page)]).toEqual([
      200,
      { items: [], metrics: [], total: 0, limit: 5, offset: 0 },
    ]);
    expect((await get('page', `${METRIC}/latency/sw-000`)).status).toBe(404);
  });
});

describe('map', () => {
  it('has its bodies', async () => {
    rig = new ServerRig();
    const timestamp = Math.floor(rig.tables.clock.nowMs() / 1000);
    const metric = await get('map', `${METRIC}?switch=sw-000&metric=cpu_util_pct&x=1`);
    expect(members(metric)).toEqual({ switch: 'sw-000', metric: 'cpu_util_pct', value: 34.1, timestamp });
    const time = await get('map', `${METRIC}?switch=sw-000&metric=timestamp`);
    expect(members(time)).toEqual({ switch: 'sw-000', metric: 'timestamp', value: timestamp, timestamp });
    expect((await get('map', `${METRIC}?switch=nope&metric=timestamp`)).status).toBe(404);
    const list = members(await get('map', LIST));
    expect(Object.keys(list)).toEqual(['sw-000', 'sw-001', 'sw-002']);
    expect(list['sw-001']).toEqual({
      cpu_util_pct: 80,
      packet_errors: 3,
      octets: 1,
      state: 'DOWN',
      timestamp,
    });
  });

  it('has its refusals', async () => {
    rig = new ServerRig();
    const unknownSwitch = await get('map', `${METRIC}?switch=nope&metric=state`);
    expect([unknownSwitch.status, detail(unknownSwitch)]).toEqual([404, 'switch not found']);
    const unknownMetric = await get('map', `${METRIC}?switch=sw-000&metric=nope`);
    expect([unknownMetric.status, detail(unknownMetric)]).toEqual([404, 'metric not found']);
    const missing = await get('map', METRIC);
    expect([missing.status, missing.headers.get('content-type')]).toEqual([422, 'application/json']);
    expect(detail(missing)).toMatchObject([
      { type: 'missing', loc: ['query', 'switch'] },
      { type: 'missing', loc: ['query', 'metric'] },
    ]);
  });

  it('has an empty map before the first sample', async () => {
    rig = new ServerRig({ rows: null });
    const list = await get('map', LIST);
    expect([list.status, list.text]).toEqual([200, '{}']);
    expect((await get('map', `${METRIC}?switch=a&metric=b`)).status).toBe(404);
  });
});

describe('envelope', () => {
  it('has its bodies', async () => {
    rig = new ServerRig();
    const id = rig.tables.fabric.snapshotId;
    const metric = await get('envelope', `${METRIC}?switch_id=sw-000&metric=cpu_util_pct`);
    expect(members(metric)).toEqual({
      switch_id: 'sw-000',
      metric: 'cpu_util_pct',
      value: 34.1,
      snapshot_id: id,
      age_ms: 0,
    });
    expect(metric.headers.get('x-data-age-ms')).toBe('0');
    const list = members(await get('envelope', LIST));
    expect(Object.keys(list).sort()).toEqual(['age_ms', 'fields', 'items', 'snapshot_id']);
    expect((list['items'] as unknown[])[1]).toMatchObject({ switch_id: 'sw-001', packet_errors: 3 });
    expect((await get('envelope', '/health')).text).toBe('{"ok":true}');
    const stats = members(await get('envelope', '/stats'));
    expect(Object.keys(stats)).toEqual(['uptime_s', 'poll_last_cycle_ms', 'poll_retry_count', 'endpoints']);
    const { GetMetric, ListMetrics } = stats['endpoints'] as Record<string, Record<string, number>>;
    expect(Object.keys(GetMetric!)).toEqual(['p50', 'p95', 'p99', 'max', 'count']);
    expect([GetMetric!['count'], ListMetrics!['count']]).toEqual([1, 1]);
  });

  it('has its refusals', async () => {
    rig = new ServerRig();
    const missing = await get('envelope', `${METRIC}?metric=state`);
    expect([missing.status, detail(missing)]).toMatchObject([422, [{ loc: ['query', 'switch_id'] }]]);
    const unknown = await get('envelope', `${METRIC}?switch_id=x&metric=state`);
    expect([unknown.status, detail(unknown)]).toEqual([404, "Unknown switch_id 'x'."]);
    rig.close();
    rig = new ServerRig({ rows: null });
    const empty = await get('envelope', LIST);
    expect([empty.status, detail(empty)]).toEqual([503, 'No data yet. Try again shortly.']);
  });
});

describe('plain', () => {
  it('has its bodies', async () => {
    rig = new ServerRig();
    const value = await get('plain', `${METRIC}?switch=sw-000&metric=cpu_util_pct`);
    expect([value.text, value.headers.get('content-type')]).toEqual(['34.1', 'text/html; charset=utf-8']);
    const list = await get('plain', `${LIST}?metrics=state,packet_errors`);
    expect(list.text).toBe(
      'SwitchId,state,packet_errors\r\nsw-000,UP,0\r\nsw-001,DOWN,3\r\nsw-002,UP,12\r\n',
    );
    expect(list.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(list.headers.get('content-disposition')).toBe('attachment; filename=metrics.csv');
    const root = await get('plain', '/');
    expect([root.status, root.text]).toEqual([200, '']);
  });

  it.each([
    [METRIC, 400, 'missing arguments'],
    [LIST, 400, 'missing arguments'],
    [`${LIST}?metrics=`, 400, 'missing arguments'],
    [`${LIST}?metrics=state,state`, 400, 'duplicate arguments'],
    [`${LIST}?metrics=nope`, 400, 'illegal or unknown arguments'],
    [`${METRIC}?switch=nope&metric=state`, 400, 'illegal or unknown arguments'],
    [`${METRIC}?switch=sw-000&metric=nope`, 400, 'illegal or unknown arguments'],
    [`${METRIC}?switch=%zz&metric=nope`, 400, 'illegal or unknown arguments'],
  ])('%s: %i %s', async (path, status, text) => {
    rig = new ServerRig();
    const reply = await get('plain', path);
    expect([reply.status, reply.text]).toEqual([status, text]);
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it('is at a loss without data', async () => {
    rig = new ServerRig({ rows: null });
    const reply = await get('plain', `${LIST}?metrics=a`);
    expect([reply.status, reply.text]).toEqual([500, 'internal server error']);
  });
});

describe('the choice', () => {
  const QUERY = '?switch=sw-000&metric=packet_errors';

  it('prefix, then parameter or header, then the default', async () => {
    rig = new ServerRig({ options: { defaultDialect: 'map' } });
    const keys = async (path: string, header = ''): Promise<string> => {
      const reply = await rig.get(path, header === '' ? {} : { 'X-Dialect': header });
      return Object.keys(members(reply)).sort().join();
    };
    const own = 'age_ms,metric,metric_name,snapshot_id,switch,switch_id,timestamp,value';
    const map = 'metric,switch,timestamp,value';
    const envelope = 'age_ms,metric,snapshot_id,switch_id,value';
    expect(await keys(METRIC + QUERY)).toBe(map);
    expect(await keys(`${METRIC}${QUERY}&dialect=envelope`)).toBe(envelope);
    expect(await keys(METRIC + QUERY, 'envelope')).toBe(envelope);
    expect(await keys(METRIC + QUERY, 'none')).toBe(own);
    expect(await keys(`${METRIC}${QUERY}&dialect=none`)).toBe(own);
    expect(await keys(`/dialects/envelope${METRIC}${QUERY}`, 'map')).toBe(envelope);
    expect(await keys(`/dialects/envelope${METRIC}${QUERY}&dialect=map`)).toBe(envelope);
    // The same text asked before in another dialect, with and without a header.
    expect(await keys(METRIC + QUERY)).toBe(map);
  });

  it('is weft itself by default, however a request is spelt', async () => {
    rig = new ServerRig();
    for (let round = 0; round < 2; round++) {
      expect(members(await rig.get(METRIC + QUERY))).toHaveProperty('snapshot_id');
      expect(members(await rig.get(METRIC + QUERY, { 'X-Dialect': 'map' }))).not.toHaveProperty(
        'snapshot_id',
      );
      expect((await rig.get(`${METRIC}${QUERY}&dialect=plain`)).text).toBe('0');
    }
    expect((await rig.get(`${LIST}?dialect=map`)).text).toMatch(/^\{"sw-000":/);
    expect((await rig.get(`${LIST}?dialect=page`)).text).toMatch(/^\{"snapshot_id":/);
    expect((await rig.get(`${METRIC}?switch=x&metric=y&dialect=plain`)).text).toBe(
      'illegal or unknown arguments',
    );
    expect((await rig.get('/telemetry/health?dialect=page')).text).toContain('ufm-telemetry');
  });

  it('must be one that there is, and one only', async () => {
    rig = new ServerRig();
    expect((await rig.get(`${METRIC}${QUERY}&dialect=nope`)).status).toBe(400);
    expect((await rig.get(METRIC + QUERY, { 'X-Dialect': 'nope' })).status).toBe(400);
    const both = await rig.get(`${METRIC}${QUERY}&dialect=map`, { 'X-Dialect': 'page' });
    expect([both.status, members(both)['error']]).toEqual([400, 'contradictory_parameter']);
    expect((await rig.get(`${METRIC}${QUERY}&dialect=map&dialect=map`)).status).toBe(400);
  });
});
