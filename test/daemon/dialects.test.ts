/** Unmodified clients of the four earlier systems: docs/dialects.md, member by member. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpClient } from '../fixtures/http-client.js';
import { readCsv } from '../fixtures/csv-oracle.js';
import { Expected, SIMULATED } from '../fixtures/simulated-upstreams.js';
import { until } from '../fixtures/until.js';
import { Started, type LaunchOptions } from '../fixtures/weft-process.js';

type Json = Record<string, unknown>;

const ROWS = 24;
const JSON_TYPE = /^application\/json/;

const started = new Started();
let counters: (dialect: string) => string;

/** A daemon over one dialect of the simulator, and what it should know. */
async function serve(
  dialect: string,
  env: LaunchOptions['env'] = {},
): Promise<{ weft: HttpClient; expected: Expected }> {
  const process = await started.weft('serve', { env: { UPSTREAM_URL: counters(dialect), ...env } });
  const weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.get('/health/ready')).status === 200);
  const upstream = SIMULATED.find((one) => one.dialect === dialect)!;
  return { weft, expected: new Expected(upstream, await (await fetch(counters(dialect))).text()) };
}

beforeAll(async () => {
  const env = { DATA_SWITCHES: ROWS, DATA_INTERVAL_SEC: 86_400 };
  const url = await (await started.weft('simulate', { env })).url('simulator');
  counters = (dialect) => `${url}/counters?dialect=${dialect}`;
});
afterAll(() => started.endAll());

describe('page', () => {
  let weft: HttpClient;
  let expected: Expected;
  const at = (path: string): string => `/dialects/page/telemetry${path}`;
  beforeAll(async () => ({ weft, expected } = await serve('page')));

  test('health', async () => {
    const reply = await weft.get(at('/health'));
    const service = 'ufm-telemetry-aggregation-service';
    expect([reply.status, reply.json]).toEqual([200, { service, status: 'OK', version: '1.0.0' }]);
  });

  test('GetMetric', async () => {
    const id = expected.ids[5]!;
    for (const name of ['bandwidth_usage', 'latency', 'packet_errors']) {
      const reply = await weft.get(at(`/GetMetric/${name}/${id}`));
      expect([reply.status, reply.header('content-type')]).toEqual([200, expect.stringMatching(JSON_TYPE)]);
      const { timestamp, ...rest } = reply.json;
      expect(rest).toEqual({ switch_id: id, metric_name: name, value: expected.value(id, name) });
      expect(Date.parse(timestamp as string)).toBe(expected.timeMs(id));
    }
    const unknown = await weft.get(at('/GetMetric/latency/nobody'));
    expect([unknown.status, unknown.json['detail']]).toEqual([404, 'Resource not found.']);
    const metric = await weft.get(at(`/GetMetric/cpu_utilization/${id}`));
    expect([metric.status, (metric.json['detail'] as Json[])[0]!['type']]).toEqual([422, 'enum']);
  });

  test('ListMetrics', async () => {
    const usual = (await weft.get(at('/ListMetrics/latency'))).json;
    expect(usual).toMatchObject({ total: ROWS, limit: 10, offset: 0 });
    const reply = await weft.get(at('/ListMetrics/latency?limit=7&offset=20'));
    expect([reply.status, reply.header('content-type')]).toEqual([200, expect.stringMatching(JSON_TYPE)]);
    const ids = [...expected.ids].sort().slice(20, 27);
    const { items, metrics, ...rest } = reply.json as Record<string, Json[]>;
    expect(rest).toEqual({ total: ROWS, limit: 7, offset: 20 });
    expect(metrics).toEqual(items);
    expect(items!.map(({ timestamp, ...one }) => ({ ...one, ms: Date.parse(timestamp as string) }))).toEqual(
      ids.map((id) => ({
        switch_id: id,
        metric_name: 'latency',
        value: expected.value(id, 'latency'),
        ms: expected.timeMs(id),
      })),
    );
    for (const [query, loc] of [
      ['limit=101', 'limit'],
      ['limit=0', 'limit'],
      ['limit=abc', 'limit'],
      ['offset=-1', 'offset'],
    ]) {
      const refused = await weft.get(at(`/ListMetrics/latency?${query}`));
      expect([query, refused.status]).toEqual([query, 422]);
      expect((refused.json['detail'] as Json[])[0]!['loc']).toEqual(['query', loc]);
    }
    expect((await weft.get(at('/ListMetrics/speed'))).status).toBe(422);
  });
});

describe('map', () => {
  let weft: HttpClient;
  let expected: Expected;
  const at = (path: string): string => `/dialects/map/telemetry${path}`;
  beforeAll(async () => ({ weft, expected } = await serve('map')));

  test('GetMetric', async () => {
    const reply = await weft.get(at('/GetMetric?switch=sw3&metric=latency_ms'));
    expect([reply.status, reply.header('content-type')]).toEqual([200, expect.stringMatching(JSON_TYPE)]);
    const { timestamp, ...rest } = reply.json;
    expect(rest).toEqual({
      switch: 'sw3',
      metric: 'latency_ms',
      value: expected.value('sw3', 'latency_ms'),
    });
    expect(Math.abs((timestamp as number) - Date.now() / 1000)).toBeLessThan(3600);
    expect(Number.isInteger(timestamp)).toBe(true);
  });

  test('what it does not find', async () => {
    const row = await weft.get(at('/GetMetric?switch=sw999&metric=latency_ms'));
    expect([row.status, row.json['detail']]).toEqual([404, 'switch not found']);
    const metric = await weft.get(at('/GetMetric?switch=sw3&metric=speed'));
    expect([metric.status, metric.json['detail']]).toEqual([404, 'metric not found']);
    const missing = await weft.get(at('/GetMetric?metric=latency_ms'));
    expect(missing.status).toBe(422);
    expect(missing.json['detail']).toEqual([
      { type: 'missing', loc: ['query', 'switch'], msg: 'Field required', input: null },
    ]);
  });

  test('ListMetrics', async () => {
    const reply = await weft.get(at('/ListMetrics'));
    expect([reply.status, reply.header('content-type')]).toEqual([200, expect.stringMatching(JSON_TYPE)]);
    expect(Object.keys(reply.json).sort()).toEqual([...expected.ids].sort());
    for (const [id, row] of Object.entries(reply.json)) {
      const { timestamp, ...cells } = row as Json;
      expect(cells).toEqual(expected.row(id));
      expect(Number.isInteger(timestamp)).toBe(true);
    }
  });
});

describe('envelope', () => {
  let weft: HttpClient;
  let expected: Expected;
  const at = (path: string): string => `/dialects/envelope${path}`;
  beforeAll(async () => ({ weft, expected } = await serve('envelope')));

  test('GetMetric', async () => {
    const reply = await weft.get(at('/telemetry/GetMetric?switch_id=sw-007&metric=cpu_util_pct'));
    expect([reply.status, reply.header('content-type')]).toEqual([200, expect.stringMatching(JSON_TYPE)]);
    const { snapshot_id, age_ms, ...rest } = reply.json;
    const value = expected.value('sw-007', 'cpu_util_pct');
    expect(rest).toEqual({ switch_id: 'sw-007', metric: 'cpu_util_pct', value });
    expect(typeof snapshot_id).toBe('string');
    expect(reply.header('x-data-age-ms')).toBe(String(age_ms));
    expect(reply.header('etag')).toContain(snapshot_id);
  });

  test('what it does not find', async () => {
    const row = await weft.get(at('/telemetry/GetMetric?switch_id=x&metric=cpu_util_pct'));
    expect([row.status, row.json['detail']]).toEqual([404, "Unknown switch_id 'x'."]);
    const metric = await weft.get(at('/telemetry/GetMetric?switch_id=sw-007&metric=x'));
    const available = `[${expected.fields.map((name) => `'${name}'`).join(', ')}]`;
    expect([metric.status, metric.json['detail']]).toEqual([
      404,
      `Unknown metric 'x'. Available: ${available}`,
    ]);
    expect((await weft.get(at('/telemetry/GetMetric?switch_id=sw-007'))).status).toBe(422);
  });

  test('ListMetrics', async () => {
    const reply = await weft.get(at('/telemetry/ListMetrics'));
    const { snapshot_id, age_ms, fields, items, ...rest } = reply.json;
    expect(rest).toEqual({});
    expect(fields).toEqual(expected.fields);
    expect(items).toEqual(expected.ids.map((id) => ({ switch_id: id, ...expected.row(id) })));
    expect(reply.header('etag')).toContain(snapshot_id);
    expect(reply.header('x-data-age-ms')).toBe(String(age_ms));
  });

  test('stats and health', async () => {
    expect(await weft.json(at('/health'))).toEqual({ ok: true });
    const { endpoints, ...rest } = await weft.json(at('/stats'));
    expect(Object.keys(rest).sort()).toEqual(['poll_last_cycle_ms', 'poll_retry_count', 'uptime_s']);
    for (const name of ['ListMetrics', 'GetMetric']) {
      const told = (endpoints as Record<string, Json>)[name]!;
      expect(Object.keys(told).sort()).toEqual(['count', 'max', 'p50', 'p95', 'p99']);
      for (const value of Object.values(told)) expect(typeof value).toBe('number');
    }
  });
});

describe('plain', () => {
  let weft: HttpClient;
  let expected: Expected;
  const at = (path: string): string => `/dialects/plain${path}`;
  const HTML = 'text/html; charset=utf-8';
  beforeAll(async () => ({ weft, expected } = await serve('plain', { DEFAULT_DIALECT: 'plain' })));

  test('the root is empty', async () => {
    const reply = await weft.get(at('/'));
    expect([reply.status, reply.body.length]).toEqual([200, 0]);
  });

  test('GetMetric', async () => {
    const id = expected.ids[2]!;
    const reply = await weft.get(at(`/telemetry/GetMetric?switch=${id}&metric=CpuUsage`));
    expect([reply.status, reply.header('content-type')]).toEqual([200, HTML]);
    expect(Number(reply.text)).toBe(expected.value(id, 'CpuUsage'));
    for (const [query, words] of [
      [`switch=${id}`, 'missing arguments'],
      [`switch=${id}&metric=Speed`, 'illegal or unknown arguments'],
      ['switch=2&metric=CpuUsage', 'illegal or unknown arguments'],
    ]) {
      const refused = await weft.get(at(`/telemetry/GetMetric?${query}`));
      expect([query, refused.status, refused.text]).toEqual([query, 400, words]);
      expect(refused.header('content-type')).toBe(HTML);
    }
  });

  test('ListMetrics', async () => {
    const names = ['SuccessfulRequests', 'Latency'];
    const reply = await weft.get(at(`/telemetry/ListMetrics?metrics=${names.join(',')}`));
    expect(reply.header('content-type')).toMatch(/^text\/csv/);
    expect(reply.header('content-disposition')).toBe('attachment; filename=metrics.csv');
    expect(reply.text.startsWith('SwitchId,SuccessfulRequests,Latency\r\n')).toBe(true);
    const table = readCsv(reply.text, ['SwitchId']);
    for (const id of expected.ids) {
      for (const name of names) {
        expect(Number(table.rows.get(id)!.get(name))).toBe(expected.value(id, name));
      }
    }
    for (const [query, words] of [
      ['', 'missing arguments'],
      ['?metrics=Latency,Latency', 'duplicate arguments'],
      ['?metrics=Latency,Speed', 'illegal or unknown arguments'],
    ]) {
      const refused = await weft.get(at(`/telemetry/ListMetrics${query}`));
      expect([query, refused.status, refused.text]).toEqual([query, 400, words]);
    }
  });

  test('the same by parameter, by header and by default; none asks for weft itself', async () => {
    const path = `/telemetry/GetMetric?switch=${expected.ids[0]!}&metric=CpuUsage`;
    const plain = (await weft.get(at(path))).text;
    expect((await weft.get(path)).text).toBe(plain);
    const map = await weft.get(`${path}&dialect=map`);
    expect(Object.keys(map.json).sort()).toEqual(['metric', 'switch', 'timestamp', 'value']);
    const page = await weft.get(path, { headers: { 'X-Dialect': 'page' } });
    expect(Object.keys(page.json).sort()).toEqual(['metric_name', 'switch_id', 'timestamp', 'value']);
    expect((await weft.get(`${path}&dialect=none`)).json).toHaveProperty('snapshot_id');
  });
});
