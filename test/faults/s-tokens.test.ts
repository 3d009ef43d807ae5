/** Tokens: who is let in, and that nobody sees them. */
import { describe, expect, test } from 'vitest';
import { CELL, SECRETS, securedForAll } from '../fixtures/secured-weft.js';
import { bearer } from '../fixtures/token-file.js';
import { RawClient } from '../fixtures/raw-http.js';
import { until } from '../fixtures/until.js';
import { WsClient } from '../fixtures/ws-client.js';

const { secured, ask } = securedForAll();

/** The answer to a request written by hand. */
async function raw(lines: readonly string[]): Promise<string> {
  const connection = new RawClient(secured().port);
  connection.send([...lines, 'Host: weft', '', ''].join('\r\n'));
  const { text } = await connection.until((all) => /\r\n\r\n[^]*\}$/.test(all));
  connection.socket.destroy();
  return text;
}

describe('S-01 tokens that are absent, wrong or malformed', () => {
  test.each([
    ['S-01 none', {}],
    ['S-01 an empty one', { authorization: '' }],
    ['S-01 nobody has it', bearer('weft_nobody-0123456789')],
    ['S-01 another scheme', { authorization: `Basic ${SECRETS.reader}` }],
    ['S-01 no scheme', { authorization: SECRETS.reader }],
    ['S-01 two words', bearer(`${SECRETS.reader} x`)],
    ['S-01 a quote', bearer(`"${SECRETS.reader}"`)],
    ['S-01 a digest instead of the secret', bearer('a'.repeat(64))],
    ['S-01 one that is a prefix', bearer(SECRETS.reader.slice(0, -1))],
    ['S-01 expired', bearer(SECRETS.old)],
    ['S-01 very long', bearer('a'.repeat(3000))],
  ])('%s', async (_what, headers) => {
    for (const path of [
      CELL,
      '/telemetry/ListMetrics',
      '/stats',
      '/metrics',
      '/nowhere',
      '/dialects/map/x',
    ]) {
      const reply = await ask(path, headers);
      expect([path, reply.status]).toEqual([path, 401]);
      expect(reply.header('www-authenticate')).toMatch(/^Bearer realm="weft"/);
      expect(reply.json).toMatchObject({ error: 'unauthorized', request_id: expect.any(String) as string });
    }
  });

  test('S-01 two Authorization headers, also of the same valid token', async () => {
    const line = `Authorization: Bearer ${SECRETS.reader}`;
    expect(await raw([`GET ${CELL} HTTP/1.1`, line])).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw([`GET ${CELL} HTTP/1.1`, line, line])).toMatch(
      /^HTTP\/1\.1 401 [^]*www-authenticate: bearer/i,
    );
  });

  test('S-01 health is open, and a valid token is taken in any case of its scheme', async () => {
    for (const path of ['/', '/health', '/health/live', '/health/ready', '/telemetry/health']) {
      expect([path, (await ask(path, {})).status]).toEqual([path, 200]);
    }
    expect((await ask(CELL, { authorization: `bEaReR  ${SECRETS.reader}` })).status).toBe(200);
    expect((await secured().client.get(CELL, { method: 'HEAD' })).status).toBe(401);
    expect((await secured().client.get(CELL, { method: 'OPTIONS' })).status).toBe(401);
    expect((await secured().client.get('/telemetry/ingest/pushed', { method: 'POST' })).status).toBe(401);
  });
});

describe('S-02 a token without the scope', () => {
  test.each([
    ['S-02', SECRETS.ops, CELL, 'metrics:read'],
    ['S-02', SECRETS.ops, '/telemetry/changes?since=x-1', 'metrics:read'],
    ['S-02', SECRETS.ops, '/telemetry/stream', 'stream:read'],
    ['S-02', SECRETS.reader, '/stats', 'stats:read'],
    ['S-02', SECRETS.reader, '/metrics', 'stats:read'],
    ['S-02', SECRETS.pusher, '/telemetry/schema', 'metrics:read'],
    ['S-02', SECRETS.reader, '/telemetry/ingest/pushed', 'ingest'],
  ])('%s %s %s needs %s', async (_row, secret, path, scope) => {
    const reply = await ask(path, bearer(secret));
    expect(reply.status).toBe(403);
    expect(reply.json).toMatchObject({ error: 'forbidden' });
    expect(String(reply.json['message'])).toContain(scope);
    expect(reply.header('www-authenticate')).toContain(`error="insufficient_scope", scope="${scope}"`);
  });

  test('S-02 each scope opens its own', async () => {
    expect((await ask('/stats', bearer(SECRETS.ops))).status).toBe(200);
    expect((await ask('/stats', bearer(SECRETS.admin))).status).toBe(200);
    expect((await ask(CELL, bearer(SECRETS.admin))).status).toBe(200);
    // Nothing is there: those who may ask learn it.
    expect((await ask('/nowhere', bearer(SECRETS.pusher))).status).toBe(404);
    // A GET there is the wrong method for those who may push.
    expect((await ask('/telemetry/ingest/pushed', bearer(SECRETS.pusher))).status).toBe(405);
  });
});

describe('S-06 a token in the query', () => {
  test.each(['token', 'access_token', 'auth_token'])(
    'S-06 %s= is refused, beside a valid header too',
    async (name) => {
      for (const headers of [{}, bearer(SECRETS.reader)]) {
        const reply = await ask(`${CELL}&${name}=${SECRETS.admin}`, headers);
        expect(reply.status).toBe(401);
        expect(reply.text).not.toContain(SECRETS.admin);
      }
      const socket = new WsClient(secured().port, {}, `/telemetry/stream?${name}=${SECRETS.reader}`);
      await socket.until(() => socket.refusedStatus !== null);
      expect(socket.refusedStatus).toBe(401);
    },
  );
});

describe('S-08 secrets', () => {
  test('S-08 are in no log line, statistic, error or header', async () => {
    const shown: string[] = [];
    let asked = 0;
    const before = secured().weft.events('http.access').length;
    for (const secret of Object.values(SECRETS)) {
      for (const path of [
        CELL,
        `/telemetry/GetMetric?switch_id=${secret.slice(0, 4)}&metric=x`,
        '/stats',
        '/metrics',
        '/telemetry/ListMetrics?where=%25',
        `/telemetry/schema?access_token=${secret}`,
      ]) {
        for (const headers of [
          bearer(secret),
          { authorization: secret },
          { authorization: `Basic ${secret}` },
        ]) {
          const reply = await ask(path, headers);
          asked++;
          shown.push(reply.text, JSON.stringify(reply.headers));
        }
      }
    }
    shown.push((await ask('/stats', bearer(SECRETS.admin))).text);
    shown.push((await ask('/metrics', bearer(SECRETS.admin))).text);
    await until('the log', () => secured().weft.events('http.access').length - before >= asked + 2);
    shown.push(JSON.stringify(secured().weft.log), secured().weft.text.join('\n'), secured().weft.stderr);
    const all = shown.join('\n');
    expect(all).toContain('http.access');
    for (const secret of Object.values(SECRETS))
      expect(all.includes(secret), secret.slice(0, 10)).toBe(false);
  });
});
