import { afterAll, describe, expect, it } from 'vitest';
import { RawClient, request, splitResponses } from '../../fixtures/raw-http.js';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

const rows = Array.from({ length: 3000 }, (_, i) => row(`sw-${i}`, { a: i, b: i / 8 }));
const rig = new ServerRig({ rows });
afterAll(() => rig.close());

/** Every path that answers GET with 200; the list has a large body. */
const PATHS = [
  '/',
  '/health',
  '/health/live',
  '/health/ready',
  '/telemetry/health',
  '/stats',
  '/metrics',
  '/telemetry/schema',
  '/telemetry/GetMetric?switch_id=sw-1&metric=a',
  '/telemetry/GetMetric/a/sw-1',
  '/telemetry/ListMetrics',
  '/telemetry/ListMetrics/a',
  '/telemetry/changes?since=aaaa-1',
  '/dialects/page/telemetry/health',
  '/dialects/page/telemetry/GetMetric/a/sw-1',
  '/dialects/page/telemetry/ListMetrics/a',
  '/dialects/map/telemetry/GetMetric?switch=sw-1&metric=a',
  '/dialects/map/telemetry/ListMetrics',
  '/dialects/envelope/telemetry/GetMetric?switch_id=sw-1&metric=a',
  '/dialects/envelope/telemetry/ListMetrics',
  '/dialects/envelope/stats',
  '/dialects/envelope/health',
  '/dialects/plain/',
  '/dialects/plain/telemetry/GetMetric?switch=sw-1&metric=a',
  '/dialects/plain/telemetry/ListMetrics?metrics=a,b',
];
/** Bodies that tell of the moment, and so differ between two requests. */
const MOVING = ['/stats', '/metrics', '/dialects/envelope/stats'];

/** Headers that two answers to one request share. */
function lasting(headers: ReadonlyMap<string, string>, path: string): [string, string][] {
  const moving = ['date', 'x-request-id', ...(MOVING.includes(path) ? ['content-length'] : [])];
  return [...headers].filter(([name]) => !moving.includes(name)).sort(([a], [b]) => a.localeCompare(b));
}

describe('HEAD', () => {
  it.each(PATHS)('%s: headers of GET, no body, and the connection goes on', async (path) => {
    const client = new RawClient(rig.port);
    client.send(request('HEAD', path));
    await client.until((text) => text.includes('\r\n\r\n'));
    client.send(request('GET', path));
    const ends = (text: string): boolean => {
      const [, second] = splitResponses(text, (index) => index === 0);
      return second !== undefined && second.body.length === Number(second.headers.get('content-length'));
    };
    const { text, closed } = await client.until(ends);
    client.end();
    const [head, get, ...more] = splitResponses(text, (index) => index === 0);
    expect([head?.status, get?.status, more.length, closed]).toEqual([200, 200, 0, false]);
    expect(lasting(head!.headers, path)).toEqual(lasting(get!.headers, path));
    expect(text.indexOf('HTTP/1.1 200 OK\r\n', 1)).toBe(text.indexOf('\r\n\r\n') + 4);
  });

  it.each([
    ['/nope', 404],
    ['/telemetry/GetMetric', 400],
    ['/telemetry/GetMetric?switch_id=nope&metric=a', 404],
    ['/telemetry/stream', 426],
  ])('%s: %i without a body', async (path, status) => {
    const client = new RawClient(rig.port);
    client.send(request('HEAD', path) + request('GET', '/health'));
    const { text } = await client.until((all) => all.includes('{"ok":true}'));
    client.end();
    const [head, get] = splitResponses(text, (index) => index === 0);
    expect([head?.status, get?.status, get?.body]).toEqual([status, 200, '{"ok":true}']);
    expect(Number(head?.headers.get('content-length'))).toBeGreaterThan(50);
  });
});

describe('other methods', () => {
  it.each(PATHS.map((path) => path.split('?')[0]!))(
    '%s: OPTIONS says what is allowed, the rest is refused',
    async (path) => {
      const options = await rig.get(path, {}, 'OPTIONS');
      expect([options.status, options.text, options.headers.get('allow')]).toEqual([
        204,
        '',
        'GET, HEAD, OPTIONS',
      ]);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const reply = await rig.get(path, {}, method);
        expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
      }
    },
  );

  it('that nobody knows are refused alike', async () => {
    for (const method of ['FOO', 'TRACE', 'get', 'CONNECT']) {
      const client = new RawClient(rig.port);
      client.send(request(method, '/health'));
      const { text } = await client.until((all) => all.includes('method_not_allowed'));
      client.end();
      expect(text).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
      expect(text).toMatch(/\r\nAllow: GET, HEAD, OPTIONS\r\n/);
    }
  });

  it('may have a body that is read past', async () => {
    const client = new RawClient(rig.port);
    client.send(request('POST', '/stats', { 'Content-Length': '5' }) + 'hello' + request('GET', '/health'));
    const { text } = await client.until((all) => all.includes('{"ok":true}'));
    client.end();
    expect(splitResponses(text).map(({ status }) => status)).toEqual([405, 200]);
  });
});

describe('paths that lead nowhere', () => {
  it.each([
    '/nope',
    '/telemetry',
    '/telemetry/',
    '/health/',
    '//health',
    '/telemetry//health',
    '/telemetry/../health',
    '/./health',
    '/telemetry/GetMetric/',
    '/telemetry/GetMetric/a',
    '/telemetry/GetMetric/a/',
    '/telemetry/GetMetric//sw-1',
    '/telemetry/GetMetric/a/sw-1/x',
    '/telemetry/ListMetrics/',
    '/telemetry/%48ealth',
    '/HEALTH',
    '/dialects/map',
    '/dialects/map/stats',
    '/dialects/nope/telemetry/ListMetrics',
    '/dialects/page/telemetry/ListMetrics',
    '/dialects/plain/telemetry/GetMetric/a/sw-1',
    '/dialects/map/telemetry/ListMetrics/a',
  ])('%s', async (path) => {
    // By hand: clients resolve dots before they ask.
    const client = new RawClient(rig.port);
    client.send(request('GET', path) + request('OPTIONS', path));
    const { text } = await client.until(
      (all) => splitResponses(all).filter(({ body }) => body !== '').length === 2,
    );
    client.end();
    for (const reply of splitResponses(text)) {
      expect(reply.status).toBe(404);
      expect(JSON.parse(reply.body)).toMatchObject({ error: 'not_found' });
    }
  });

  it('are told in short', async () => {
    const reply = await rig.get(`/${'x'.repeat(4000)}`);
    expect(reply.status).toBe(404);
    expect((members(reply)['message'] as string).length).toBeLessThan(300);
  });
});
