/** Rates, pages of other sites, forged addresses, and headers of every answer. */
import { describe, expect, test } from 'vitest';
import type { Reply } from '../fixtures/http-client.js';
import { ALLOWED_ORIGIN, CELL, SECRETS, SecuredWeft, securedForAll } from '../fixtures/secured-weft.js';
import { bearer } from '../fixtures/token-file.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';

const { started, secured, ask } = securedForAll();

describe('S-03 a token of its own rate', () => {
  test('S-03 is told what is left, then refused until it may ask again', async () => {
    const slow = bearer(SECRETS.slow);
    for (const left of [2, 1, 0]) {
      const reply = await ask(CELL, slow);
      expect(reply.status).toBe(200);
      expect(reply.header('ratelimit')).toMatch(new RegExp(`^"default";r=${left};t=\\d+$`));
      expect(reply.header('ratelimit-policy')).toBe('"default";q=3;w=3600');
    }
    const refused = await ask(CELL, slow);
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({ error: 'rate_limited' });
    const waitS = Number(refused.header('retry-after'));
    expect(waitS).toBeGreaterThan(1100);
    expect(waitS).toBeLessThanOrEqual(1200);
    expect(refused.header('ratelimit')).toMatch(/^"default";r=0;t=\d+$/);
    // Others are not concerned, and have no limit here.
    const other = await ask(CELL);
    expect([other.status, other.header('ratelimit')]).toEqual([200, undefined]);
  });

  test('S-03 guesses of tokens are counted by address, health is not, and clients are forgotten', async () => {
    const limited = await SecuredWeft.start(started, {
      // One more in six minutes: none comes back while the test runs.
      rate_limit: '10/h:40',
      rate_keys_max: 16,
      trusted_proxies: ['127.0.0.1'],
    });
    const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });
    const guess = (i: number): Promise<Reply> =>
      limited.ask(CELL, { ...bearer(`weft_guess${i}`), ...from('10.0.0.1') });
    const statuses = await Promise.all(Array.from({ length: 45 }, (_, i) => guess(i)));
    expect(statuses.filter(({ status }) => status === 401)).toHaveLength(40);
    expect(statuses.filter(({ status }) => status === 429)).toHaveLength(5);
    expect((await limited.ask('/health', from('10.0.0.1'))).status).toBe(200);
    for (let i = 0; i < 100; i++) await limited.ask(CELL, from(`10.0.1.${i}`));
    for (let i = 0; i < 100; i++) await limited.ask(CELL, { ...bearer('weft_x'), ...from(`10.0.2.${i}`) });
    const { text } = await limited.ask('/metrics', bearer(SECRETS.ops));
    expect(/^weft_rate_keys (\d+)$/m.exec(text)?.[1]).toBe('16');
    expect(/^weft_requests_rate_limited_total (\d+)$/m.exec(text)?.[1]).toBe('5');
  });
});

describe('S-05 pages of other sites', () => {
  const preflight = (origin: string, path = CELL, method = 'GET'): Promise<Reply> =>
    secured().client.get(path, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'authorization',
      },
    });

  test('S-05 a preflight of an allowed origin needs no token', async () => {
    const reply = await preflight(ALLOWED_ORIGIN);
    expect(reply.status).toBe(204);
    expect(reply.header('access-control-allow-origin')).toBe(ALLOWED_ORIGIN);
    expect(reply.header('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
    expect(reply.header('access-control-allow-headers')).toMatch(/\bAuthorization\b/);
    expect(reply.header('vary')).toMatch(/\bOrigin\b/);
    expect(reply.header('access-control-allow-credentials')).toBeUndefined();
    const push = await preflight(ALLOWED_ORIGIN, '/telemetry/ingest/pushed', 'POST');
    expect(push.header('access-control-allow-methods')).toBe('POST, OPTIONS');
  });

  test.each([
    'https://evil.example',
    'https://noc.example.evil.example',
    'http://noc.example',
    'null',
    'https://NOC.example',
  ])('S-05 a preflight of %s is refused', async (origin) => {
    const reply = await preflight(origin);
    expect(reply.status).toBe(403);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(reply.header('vary')).toMatch(/\bOrigin\b/);
  });

  test('S-05 answers name the allowed origin alone, refusals too, and always vary', async () => {
    for (const headers of [bearer(SECRETS.reader), {}]) {
      const allowed = await ask(CELL, { ...headers, Origin: ALLOWED_ORIGIN });
      expect(allowed.header('access-control-allow-origin')).toBe(ALLOWED_ORIGIN);
      expect(allowed.header('vary')).toMatch(/\bOrigin\b/);
      for (const Origin of ['https://evil.example', '']) {
        const other = await ask(CELL, { ...headers, ...(Origin && { Origin }) });
        expect(other.header('access-control-allow-origin')).toBeUndefined();
        expect(other.header('vary')).toMatch(/\bOrigin\b/);
      }
    }
  });
});

describe('S-09 the address that a client says it has', () => {
  test('S-09 counts for nothing, unless a trusted proxy says it', async () => {
    const upstream = started.add(await Upstream.start());
    const forged = (one: number): Record<string, string> => ({ 'X-Forwarded-For': `10.9.8.${one}` });
    const limits = { UPSTREAM_URL: upstream.url(), RATE_LIMIT: '3/h' };
    const statuses = async (
      env: Record<string, string>,
      headers: (one: number) => Record<string, string>,
    ) => {
      const weft = await started.weft('serve', { env });
      const client = started.add(await weft.client());
      const seen: number[] = [];
      for (let i = 0; i < 5; i++)
        seen.push((await client.get('/telemetry/schema', { headers: headers(i) })).status);
      return seen.map((status) => (status === 429 ? 'refused' : 'taken'));
    };
    const three = ['taken', 'taken', 'taken', 'refused', 'refused'];
    const all = ['taken', 'taken', 'taken', 'taken', 'taken'];
    expect(await statuses(limits, forged)).toEqual(three);
    const proxied = { ...limits, TRUSTED_PROXIES: '127.0.0.0/8' };
    expect(await statuses(proxied, forged)).toEqual(all);
    // What stands before the hop that the proxy saw was written by that hop.
    const chain = (one: number): Record<string, string> => ({ 'X-Forwarded-For': `10.9.8.${one}, 10.1.1.1` });
    expect(await statuses(proxied, chain)).toEqual(three);
    // One host of IPv6 has a whole /64.
    const six = (one: number): Record<string, string> => ({ 'X-Forwarded-For': `2001:db8:1:2::${one}` });
    expect(await statuses(proxied, six)).toEqual(three);
    expect(await statuses(proxied, (one) => ({ 'X-Forwarded-For': `nonsense ${one}` }))).toEqual(three);
  });
});

describe('S-07 names that are markup or formulas', () => {
  test('S-07 are data in JSON, and behind an apostrophe in CSV', async () => {
    const upstream = started.add(await Upstream.start());
    upstream.body = Buffer.from('switch_id,a\n=cmd(),1\n<script>alert(1)</script>,-2\n@x,3\n');
    const weft = await started.weft('serve', { env: { UPSTREAM_URL: upstream.url() } });
    const client = started.add(await weft.client());
    await until('the first poll', async () => (await client.get('/health/ready')).status === 200);
    const csv = await client.get('/telemetry/ListMetrics?metrics=a');
    expect(csv.header('content-type')).toMatch(/^text\/csv/);
    expect(csv.text.split('\r\n').slice(1, 4).sort()).toEqual([
      `"'=cmd()",1`,
      `"'@x",3`,
      '<script>alert(1)</script>,-2',
    ]);
    const json = await client.get('/telemetry/ListMetrics');
    expect(json.header('content-type')).toBe('application/json');
    expect(json.header('x-content-type-options')).toBe('nosniff');
    const named = await client.get(`/telemetry/GetMetric?switch_id=${encodeURIComponent('=cmd()')}&metric=a`);
    expect(named.json).toMatchObject({ switch_id: '=cmd()', value: 1 });
    // There is no page of HTML that could show a name: not even of an error.
    for (const path of ['/', '/telemetry/GetMetric?switch_id=<script>&metric=a', '/<script>']) {
      expect((await client.get(path)).header('content-type')).toMatch(/^application\/json/);
    }
  });
});

describe('security headers', () => {
  test('are in every answer, and no banner is', async () => {
    const paths = [CELL, '/telemetry/ListMetrics', '/telemetry/schema', '/stats', '/metrics', '/', '/health'];
    for (const path of [
      ...paths,
      '/health/ready',
      '/nowhere',
      '/telemetry/stream',
      '/telemetry/ingest/pushed',
    ]) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) {
        for (const headers of [bearer(SECRETS.admin), {}]) {
          const reply = await secured().client.get(path, { method, headers });
          const what = `${method} ${path} ${reply.status}`;
          expect([what, reply.header('x-content-type-options')]).toEqual([what, 'nosniff']);
          expect([what, reply.header('cache-control')]).toEqual([
            what,
            expect.stringMatching(/^no-(cache|store)$/),
          ]);
          expect([what, reply.header('server'), reply.header('uwebsockets')]).toEqual([
            what,
            undefined,
            undefined,
          ]);
        }
      }
    }
    const etag = (await ask(CELL)).header('etag')!;
    const same = await ask(CELL, { ...bearer(SECRETS.reader), 'If-None-Match': etag });
    expect([same.status, same.header('x-content-type-options')]).toEqual([304, 'nosniff']);
  });
});
