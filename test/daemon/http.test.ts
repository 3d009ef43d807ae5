/** What holds for every endpoint of the running daemon: HEAD, OPTIONS, 304, gzip, errors, headers. */
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpClient } from '../fixtures/http-client.js';
import { RawClient, request, splitResponses, type RawResponse } from '../fixtures/raw-http.js';
import { until } from '../fixtures/until.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const GZIP_HEADER_BYTES = 10;
const METRIC = '/telemetry/GetMetric?switch_id=sw-000&metric=cpu_util_pct';

/** Every GET route, with a good request; whether it tells of a snapshot. */
const ROUTES: readonly (readonly [path: string, ofSnapshot: boolean, type: RegExp])[] = [
  ['/', false, /^application\/json/],
  ['/telemetry/health', false, /^application\/json/],
  ['/health', false, /^application\/json/],
  ['/health/live', false, /^application\/json/],
  ['/health/ready', false, /^application\/json/],
  ['/stats', false, /^application\/json/],
  ['/metrics', false, /^text\/plain/],
  ['/telemetry/schema', true, /^application\/json/],
  [METRIC, true, /^application\/json/],
  [`${METRIC}&format=text`, true, /^text\/plain/],
  ['/telemetry/GetMetric/cpu_util_pct/sw-000', true, /^application\/json/],
  ['/telemetry/ListMetrics', true, /^application\/json/],
  ['/telemetry/ListMetrics?metrics=cpu_util_pct', true, /^text\/csv/],
  ['/telemetry/ListMetrics?format=ndjson', true, /^application\/x-ndjson/],
  ['/telemetry/ListMetrics/cpu_util_pct', true, /^application\/json/],
  ['/telemetry/changes?since=nowhere-1', true, /^application\/json/],
];

/** The path, the status and the `error` of what is refused. */
const REFUSED: readonly (readonly [path: string, status: number, error: string])[] = [
  ['/telemetry/GetMetric?metric=cpu_util_pct', 400, 'missing_parameter'],
  ['/telemetry/GetMetric?switch_id=sw-000', 400, 'missing_parameter'],
  [`${METRIC}&metric=cpu_util_pct`, 400, 'duplicate_parameter'],
  [`${METRIC}&switch=sw-001`, 400, 'contradictory_parameter'],
  [`${METRIC}&colour=red`, 400, 'unknown_parameter'],
  [`${METRIC}&format=xml`, 400, 'bad_value'],
  ['/telemetry/GetMetric?switch_id=%zz&metric=cpu_util_pct', 400, 'bad_encoding'],
  ['/telemetry/GetMetric?switch_id=sw-999&metric=cpu_util_pct', 404, 'unknown_switch'],
  ['/telemetry/GetMetric?switch_id=sw-000&metric=speed', 404, 'unknown_metric'],
  ['/telemetry/ListMetrics?metrics=speed', 404, 'unknown_metric'],
  ['/telemetry/ListMetrics/speed', 404, 'unknown_metric'],
  ['/telemetry/ListMetrics/cpu_util_pct?limit=abc', 400, 'bad_value'],
  ['/telemetry/ListMetrics/cpu_util_pct?limit=0x10', 400, 'bad_value'],
  ['/telemetry/ListMetrics/cpu_util_pct?limit=101', 422, 'out_of_range'],
  ['/telemetry/ListMetrics?limit=-1', 422, 'out_of_range'],
  ['/telemetry/ListMetrics?offset=-1', 422, 'out_of_range'],
  ['/telemetry/changes', 400, 'missing_parameter'],
  ['/telemetry', 404, 'not_found'],
  ['/stats/', 404, 'not_found'],
  ['/health?x=1', 400, 'unknown_parameter'],
];

const started = new Started();
let process: WeftProcess;
let weft: HttpClient;

beforeAll(async () => {
  const simulator = await started.weft('simulate', { env: { DATA_INTERVAL_SEC: 86_400 } });
  const UPSTREAM_URL = `${await simulator.url('simulator')}/counters`;
  process = await started.weft('serve', { env: { UPSTREAM_URL } });
  weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.get('/health/ready')).status === 200);
});
afterAll(() => started.endAll());

test('every route answers 200 with its media type, a request id and no server name', async () => {
  for (const [path, ofSnapshot, type] of ROUTES) {
    const reply = await weft.get(path);
    expect([path, reply.status]).toEqual([path, 200]);
    expect(reply.header('content-type')).toMatch(type);
    expect(reply.header('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    expect(reply.header('server')).toBeUndefined();
    expect(reply.header('uwebsockets')).toBeUndefined();
    expect(reply.header('etag') !== undefined).toBe(ofSnapshot);
    if (!ofSnapshot) continue;
    expect(reply.header('etag')).toMatch(/^W\/"[a-z0-9]+-\d+"$/);
    expect(reply.header('vary')).toBe('Accept, Accept-Encoding');
    expect(reply.header('cache-control')).toBe('no-cache');
    expect(Number(reply.header('x-data-age-ms'))).toBeGreaterThanOrEqual(0);
    expect(Number(reply.header('x-snapshot-ts'))).toBeGreaterThan(1_600_000_000_000);
  }
});

test('what the small routes say', async () => {
  expect(await weft.json('/health')).toEqual({ ok: true });
  expect(await weft.json('/telemetry/health')).toEqual({ service: 'weft', status: 'OK', version: '1.0.0' });
  const stats = await weft.stats();
  expect(Object.keys(stats)).toEqual(
    expect.arrayContaining(['uptime_s', 'poll_last_cycle_ms', 'poll_retry_count', 'endpoints', 'sources']),
  );
  expect(stats.poll_retry_count).toBe(0);
  expect(stats.sources['default']).toMatchObject({ state: 'ok', version: 1, generation: 1, rows: 64 });
  expect(stats.sources['default']!.polls).toMatchObject({ ok: 1, status: 0, timeout: 0, parse: 0 });
  expect(stats.endpoints['GetMetric']).toHaveProperty('p999');
  expect(await weft.metric('weft_source_up', 'source="default"')).toBe(1);
  expect(await weft.metric('weft_polls_total', 'result="ok"')).toBe(1);
});

test('H-12: HEAD answers as GET does, without a body, and the connection goes on', async () => {
  const { port } = new URL(weft.base);
  const pair = new RawClient(Number(port));
  const even = (index: number): boolean => index % 2 === 0;
  const replies: { status: number; length: string | undefined; type: string | undefined }[] = [];
  for (const [path] of ROUTES) {
    for (const method of ['HEAD', 'GET']) {
      pair.send(request(method, path));
      const nth = replies.length;
      const whole = (text: string): boolean => isWhole(splitResponses(text, even)[nth], even(nth));
      const { text } = await pair.until(whole);
      const { status, headers } = splitResponses(text, even)[nth]!;
      replies.push({ status, length: headers.get('content-length'), type: headers.get('content-type') });
    }
  }
  pair.end();
  ROUTES.forEach(([path], i) => {
    const [head, get] = [replies[2 * i]!, replies[2 * i + 1]!];
    expect([path, head.status, head.type]).toEqual([path, get.status, get.type]);
    // What they count differs from one request to the next; elsewhere the age may gain a digit.
    const counts = path === '/stats' || path === '/metrics';
    if (!counts) expect(Math.abs(Number(head.length) - Number(get.length))).toBeLessThan(4);
  });
});

/** A response with all the bytes that it announced. */
function isWhole(response: RawResponse | undefined, noBody: boolean): boolean {
  if (response === undefined || noBody) return response !== undefined;
  return response.body.length === Number(response.headers.get('content-length') ?? 0);
}

describe('conditions', () => {
  test.each(ROUTES.filter(([, ofSnapshot]) => ofSnapshot).map(([path]) => path))('%s', async (path) => {
    const etag = (await weft.get(path)).header('etag')!;
    const bare = etag.slice(3, -1);
    for (const condition of [etag, `"${bare}"`, bare, `"x", ${etag}`, '*']) {
      const reply = await weft.get(path, { headers: { 'If-None-Match': condition } });
      expect([condition, reply.status, reply.body.length]).toEqual([condition, 304, 0]);
      expect(reply.header('etag')).toBe(etag);
    }
    const other = await weft.get(path, { headers: { 'If-None-Match': '"other-1"' } });
    expect(other.status).toBe(200);
  });

  test('a mistake wins over the condition', async () => {
    for (const [path, status] of REFUSED) {
      const reply = await weft.get(path, { headers: { 'If-None-Match': '*' } });
      expect([path, reply.status]).toEqual([path, status]);
    }
  });
});

test('gzip is one member that holds the same body, whatever its tail says', async () => {
  for (const query of ['', '?format=csv', '?shape=columns', '?shape=map']) {
    const path = `/telemetry/ListMetrics${query}`;
    const plain = await weft.get(path, { headers: { 'Accept-Encoding': 'identity' } });
    for (let again = 0; again < 3; again++) {
      const coded = await weft.get(path, { headers: { 'Accept-Encoding': 'gzip' } });
      expect(coded.header('content-encoding')).toBe('gzip');
      // Whole gzip for decoders that check the sum; and nothing is lost to those that read one member.
      expect(withoutAge(coded.text)).toBe(withoutAge(plain.text));
      const first = inflateRawSync(coded.body.subarray(GZIP_HEADER_BYTES)).toString();
      expect(withoutAge(first)).toBe(withoutAge(plain.text));
    }
    expect(plain.header('content-encoding')).toBeUndefined();
  }
});

function withoutAge(text: string): string {
  return text.replace(/"age_ms":\d+/, '"age_ms":0');
}

test.each(REFUSED)('%s is refused with %i %s', async (path, status, error) => {
  const reply = await weft.get(path, { headers: { 'X-Request-Id': 'my-request.1' } });
  expect([reply.status, reply.json['error']]).toEqual([status, error]);
  expect(reply.header('content-type')).toMatch(/^application\/json/);
  expect(reply.json).toEqual({
    detail: reply.json['message'],
    error,
    message: expect.any(String) as string,
    request_id: 'my-request.1',
  });
});

test('methods: OPTIONS tells, others are refused', async () => {
  for (const [path] of ROUTES) {
    const options = await weft.get(path, { method: 'OPTIONS' });
    expect([path, options.status]).toEqual([path, 204]);
    expect(options.header('allow')).toMatch(/GET/);
    const put = await weft.get(path, { method: 'DELETE' });
    expect([path, put.status, put.json['error']]).toEqual([path, 405, 'method_not_allowed']);
    expect(put.header('allow')).toBe(options.header('allow'));
  }
});

test('a request id that is not fit for a header is replaced', async () => {
  const reply = await weft.get('/health', { headers: { 'X-Request-Id': 'a b' } });
  expect(reply.header('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
});

test('errors are logged with the request id that the client was given', async () => {
  await weft.get('/nothing/here', { headers: { 'X-Request-Id': 'log-me' } });
  const line = await until('the access log line', () =>
    process.events('http.access').find((one) => one['request_id'] === 'log-me'),
  );
  expect(line).toMatchObject({ method: 'GET', path: '/nothing/here', status: 404 });
});
