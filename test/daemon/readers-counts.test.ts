/** Threads that serve beside main: what all of them counted together, and where main serves alone. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { HttpClient } from '../fixtures/http-client.js';
import { LiveSocket } from '../fixtures/live-socket.js';
import { pemPath } from '../fixtures/served-bodies.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const METRIC = '/telemetry/GetMetric?switch_id=sw-000&metric=cpu_util_pct';

const started = new Started();
let upstream: Upstream;

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
});
afterAll(() => started.endAll());

const serve = (env: Readonly<Record<string, string | number>>): Promise<WeftProcess> =>
  started.weft('serve', { env: { UPSTREAM_URL: upstream.url(), ...env } });

describe('counts of all threads', () => {
  const THREADS = 3;
  const CONNECTIONS = 24;
  const ROUNDS = 5;
  /** What each connection asks in each round: path, under what it is counted, and its class of status. */
  const ASKED = [
    [METRIC, 'GetMetric', '2xx'],
    [METRIC, 'GetMetric', '2xx'],
    ['/telemetry/GetMetric/sw-000/cpu_util_pct', 'GetMetric', '2xx'],
    ['/telemetry/GetMetric?switch_id=nobody&metric=cpu_util_pct', 'GetMetric', '4xx'],
    ['/dialects/map/telemetry/GetMetric?switch_id=sw-000&metric=cpu_util_pct', 'GetMetric', '2xx'],
    ['/telemetry/ListMetrics', 'ListMetrics', '2xx'],
    ['/telemetry/schema', 'schema', '2xx'],
    ['/health/live', 'health', '2xx'],
    ['/health', 'health', '2xx'],
    ['/nowhere', 'other', '4xx'],
    ['/stats', 'stats', '2xx'],
  ] as const;

  test('are exactly what was asked', async () => {
    const weft = await serve({ READERS: THREADS });
    // Its own requests are of endpoints that nobody else asks.
    const client = started.add(await weft.client());
    await until('the first publish', async () => (await client.metric('weft_readers')) === THREADS);
    await until('a table', async () => (await client.metric('weft_source_rows')) > 0);
    const asking = Array.from({ length: CONNECTIONS }, async () => {
      const one = started.add(new HttpClient(client.base, 1));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [path, , answer] of ASKED) {
          expect(`${path} ${(await one.get(path)).status}`).toMatch(new RegExp(` ${answer[0]}..$`));
        }
      }
    });
    await Promise.all(asking);
    const sockets = [];
    for (let i = 0; i < CONNECTIONS; i++) sockets.push(started.add(await LiveSocket.open(client.base)));
    const sent = CONNECTIONS * ROUNDS;
    const wanted = new Map<string, number>([['stream', CONNECTIONS]]);
    for (const [, endpoint] of ASKED) wanted.set(endpoint, (wanted.get(endpoint) ?? 0) + sent);
    const counted = (endpoint: string): Promise<number> =>
      client.metric('weft_request_duration_seconds_count', `endpoint="${endpoint}"`);
    // A thread that does not say in time what it has counted says so with the next question.
    for (const [endpoint, count] of wanted) {
      await until(`all of ${endpoint}`, async () => (await counted(endpoint)) >= count);
    }
    for (const [endpoint, count] of wanted)
      expect([endpoint, await counted(endpoint)]).toEqual([endpoint, count]);
    const { endpoints } = await client.stats();
    for (const [endpoint, count] of wanted) {
      expect([endpoint, endpoints[endpoint]!['count']]).toEqual([endpoint, count]);
      const labels = [`endpoint="${endpoint}"`, 'le="+Inf"'];
      await until(`all of ${endpoint} in its buckets`, async () => {
        const buckets = await client.metric('weft_request_duration_seconds_bucket', ...labels);
        return buckets === (endpoint === 'stats' ? count + 1 : count);
      });
    }
    const answers = (answer: string): number => ASKED.filter(([, , one]) => one === answer).length * sent;
    expect(await client.metric('weft_responses_total', '4xx')).toBe(answers('4xx'));
    expect(await client.metric('weft_responses_total', '1xx')).toBe(CONNECTIONS);
    await until('the same sum over the threads', async () => {
      const { readers } = (await client.stats()) as unknown as { readers: { requests: number }[] };
      const total = await client.metric('weft_responses_total');
      // One answer was given between the two: that of /stats itself.
      return total - readers.reduce((sum, { requests }) => sum + requests, 0) === 1;
    });
    for (const socket of sockets) socket.close();
  });
});

describe('main serves alone', () => {
  const secret = `weft_${'a'.repeat(43)}`;
  const hash = createHash('sha256').update(secret).digest('hex');
  const tokens = started.add(
    new ConfigFile(`tokens:\n  - id: noc\n    sha256: ${hash}\n    scopes: [metrics:read, stats:read]\n`),
  );

  test.each([
    ['tokens', { TOKENS_FILE: tokens.path }],
    ['a rate limit', { RATE_LIMIT: '1000/s' }],
    ['CORS origins', { CORS_ORIGINS: 'https://noc.example' }],
    ['TLS', { TLS_CERT: pemPath('server'), TLS_KEY: pemPath('server-key') }],
  ])('with %s, and says so', async (what, env) => {
    const weft = await serve({ READERS: 3, ...env });
    const said = weft.events('readers.off');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ level: 'WARN', readers: 3 });
    expect(weft.events('reader.lost')).toEqual([]);
    if (what !== 'TLS') {
      const client = started.add(await weft.client());
      const headers = what === 'tokens' ? { Authorization: `Bearer ${secret}` } : {};
      if (what === 'tokens') expect((await client.get('/stats')).status).toBe(401);
      const stats = await client.get('/stats', { headers });
      expect(stats.status).toBe(200);
      expect(stats.json).not.toHaveProperty('readers');
      const metrics = await client.get('/metrics', { headers });
      expect(metrics.text).toMatch(/^weft_readers 1$/m);
    }
    expect(await weft.stop()).toEqual({ code: 0, signal: null });
    expect(weft.stderr).toBe('');
  });
});
