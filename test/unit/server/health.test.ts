import { afterEach, describe, expect, it } from 'vitest';
import { ENDPOINT_NAMES } from '../../../src/server/endpoint.js';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

let rig: ServerRig;
afterEach(() => rig.close());

describe('health', () => {
  it('tells that weft lives, whatever its sources do', async () => {
    rig = new ServerRig({ rows: null });
    expect((await rig.get('/')).status).toBe(200);
    expect((await rig.get('/health')).text).toBe('{"ok":true}');
    expect((await rig.get('/health/live')).text).toBe('{"ok":true}');
    expect((await rig.get('/telemetry/health')).text).toBe(
      '{"service":"weft","status":"OK","version":"1.0.0"}',
    );
  });

  it('is ready once a source has published and is not stale', async () => {
    rig = new ServerRig({ rows: null, sources: ['a', 'b'], maxStaleMs: 1000 });
    const { tables } = rig;
    const ready = async (): Promise<[number, unknown]> => {
      const reply = await rig.get('/health/ready');
      return [reply.status, members(reply)['error']];
    };
    expect(await ready()).toEqual([503, 'no_data']);
    tables.publish('a', [row('x', { v: 1 })]);
    expect(await ready()).toEqual([200, undefined]);
    await tables.clock.advance(2000);
    expect(await ready()).toEqual([503, 'stale']);
    tables.publish('b', [row('y', { v: 1 })]);
    expect(await ready()).toEqual([200, undefined]);
  });

  it('is no place for parameters', async () => {
    rig = new ServerRig();
    for (const path of [
      '/',
      '/health',
      '/health/live',
      '/health/ready',
      '/telemetry/health',
      '/stats',
      '/metrics',
    ]) {
      expect((await rig.get(`${path}?x=1`)).status).toBe(400);
      expect((await rig.get(`${path}?dialect=none`)).status).toBe(200);
    }
  });

  it('answers while everything else is refused', async () => {
    rig = new ServerRig({ realTime: true, options: { loopDelayMsMax: -1 } });
    const list = await rig.get('/telemetry/ListMetrics');
    expect([list.status, members(list)['error'], list.headers.get('retry-after')]).toEqual([
      503,
      'overloaded',
      '1',
    ]);
    expect((await rig.get('/telemetry/changes?since=a-1')).status).toBe(503);
    for (const path of ['/health', '/health/live', '/health/ready', '/stats', '/metrics']) {
      expect((await rig.get(path)).status).toBe(200);
    }
    expect((await rig.get('/telemetry/GetMetric?switch_id=sw-000&metric=state')).status).toBe(200);
    expect(rig.stats.counters.get('requests_overloaded')).toBe(2);
  });
});

describe('/stats and /metrics', () => {
  it('count what was asked, by endpoint', async () => {
    rig = new ServerRig();
    const before = members(await rig.get('/stats'))['endpoints'] as Record<string, Record<string, unknown>>;
    expect(Object.keys(before)).toEqual([...ENDPOINT_NAMES]);
    expect(before['GetMetric']).toEqual({
      p50: null,
      p90: null,
      p95: null,
      p99: null,
      p999: null,
      max: null,
      count: 0,
    });
    for (let i = 0; i < 5; i++) await rig.get('/telemetry/GetMetric?switch_id=sw-000&metric=state');
    await rig.get('/telemetry/GetMetric/state/sw-000');
    await rig.get('/dialects/map/telemetry/GetMetric?switch=sw-000&metric=state');
    await rig.get('/telemetry/GetMetric?switch_id=nope&metric=state');
    for (let i = 0; i < 3; i++) await rig.get(`/random/${i}`);
    const reply = await rig.get('/stats');
    const counts = members(reply)['endpoints'] as Record<string, { count: number }>;
    expect([counts['GetMetric']?.count, counts['other']?.count, counts['stats']?.count]).toEqual([8, 3, 1]);
    expect(reply.text).not.toContain('random');
  });

  it('show connections and bytes under way as Prometheus text', async () => {
    rig = new ServerRig();
    await rig.get('/telemetry/GetMetric?switch_id=nope&metric=state');
    const reply = await rig.get('/metrics');
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(reply.text).toMatch(/^weft_connections [12]$/m);
    expect(reply.text).toMatch(/^weft_connections_max \d+$/m);
    expect(reply.text).toMatch(/^weft_requests_in_flight 1$/m);
    expect(reply.text).toMatch(/^weft_response_bytes_in_flight 0$/m);
    expect(reply.text).toMatch(/^weft_responses_total\{class="4xx"\} 1$/m);
  });
});

describe('the access log', () => {
  const ask = async (accessLog: 'off' | 'errors' | 'all'): Promise<unknown[]> => {
    rig = new ServerRig({ options: { accessLog } });
    await rig.get('/telemetry/GetMetric?switch_id=sw-000&metric=state', { 'X-Request-Id': 'r1' });
    await rig.get('/telemetry/GetMetric/state/nope?format=json', { 'X-Request-Id': 'r2' });
    return rig.log.of('http.access').map(({ latency_ms: latency, ...rest }) => {
      expect(latency).toBeTypeOf('number');
      return rest;
    });
  };
  const good = {
    method: 'GET',
    path: '/telemetry/GetMetric',
    status: 200,
    bytes_sent: expect.any(Number) as number,
    request_id: 'r1',
  };
  const bad = { ...good, path: '/telemetry/GetMetric/state/nope', status: 404, request_id: 'r2' };

  it('holds what it is asked to, never a query', async () => {
    expect(await ask('all')).toEqual([good, bad]);
  });

  it('holds errors only, or nothing', async () => {
    expect(await ask('errors')).toEqual([bad]);
    rig.close();
    expect(await ask('off')).toEqual([]);
  });

  it('cuts what strangers invent', async () => {
    rig = new ServerRig({ options: { accessLog: 'all' } });
    await rig.get(`/${'x'.repeat(5000)}`);
    const [line] = rig.log.of('http.access');
    expect((line!['path'] as string).length).toBeLessThan(300);
  });
});
