import { afterAll, describe, expect, it } from 'vitest';
import { AMBIGUOUS } from '../../fixtures/framing-corpus.js';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { ServerRig } from '../../fixtures/server-rig.js';

const rig = new ServerRig();
afterAll(() => rig.close());

/** The hidden request: that it ran shows in the counts, whether its answer is seen or not. */
const HIDDEN = request('GET', '/telemetry/schema');
const RECORDED = (): number => rig.stats.endpoint('schema').count;

function lines(...headers: string[]): string {
  return headers.map((header) => `${header}\r\n`).join('');
}

/** Sends parts with pauses between, and gives the server time to close. */
async function exchange(...parts: string[]): Promise<{ text: string; closed: boolean; ran: number }> {
  const before = RECORDED();
  const client = new RawClient(rig.port);
  for (const part of parts) {
    client.send(part);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // A closed connection ends the wait; an open one would answer a request of its own.
  if (!client.closed) {
    client.send(request('GET', '/health/live'));
    await client.until((text) => text.includes('{"ok":true}'));
  }
  client.end();
  return { text: client.text, closed: client.closed, ran: RECORDED() - before };
}

describe.each(['GET', 'HEAD', 'POST', 'FOO'])('%s that hides a request', (method) => {
  const cases = AMBIGUOUS.filter(([name]) => name !== 'a body' || method === 'GET' || method === 'HEAD');
  const start = `${method} /health HTTP/1.1\r\nHost: weft\r\n`;

  it.each(cases)('in one piece: %s', async (_name, rest) => {
    const { text, closed, ran } = await exchange(start + rest + HIDDEN);
    expect(ran).toBe(0);
    expect(closed).toBe(true);
    expect(text).not.toContain('HTTP/1.1 200');
  });

  it.each(cases)('right behind: %s', async (_name, rest) => {
    const { text, closed, ran } = await exchange(start + rest, HIDDEN);
    expect([ran, closed]).toEqual([0, true]);
    // Without the hidden part there was time for the refusal (HEAD is closed without words).
    if (method !== 'HEAD' && text !== '') expect(text).toMatch(/^HTTP\/1\.1 (400|505) /);
  });
});

describe('a refusal of framing', () => {
  it('is told before the connection closes', async () => {
    const { text, closed } = await exchange(
      `GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(closed).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text).toMatch(/"error":"bad_request"/);
    expect(text).toMatch(/\r\nX-Request-Id: /);
  });

  it.each([
    ['an empty Host', 'Host:', 400],
    ['two Hosts', 'Host: a\r\nHost: b', 400],
    [
      'too many header bytes',
      `Host: a\r\n${lines(...Array.from({ length: 9 }, (_, i) => `H${i}: ${'x'.repeat(1000)}`)).trimEnd()}`,
      431,
    ],
    ['a large body', `Host: a\r\nContent-Length: 1000000000000`, 413],
  ])('comes for %s', async (_name, headers, status) => {
    const { text, closed } = await exchange(`POST /health HTTP/1.1\r\n${headers}\r\n\r\n`);
    expect(closed).toBe(true);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('does not come for a length of zero', async () => {
    const client = new RawClient(rig.port);
    client.send(request('GET', '/health', { 'Content-Length': '0' }) + request('GET', '/health'));
    await client.until((text) => text.split('{"ok":true}').length === 3);
    client.end();
    expect(client.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });
});

describe('Connection: close', () => {
  const closing = request('GET', '/health', { Connection: 'close' });

  it('closes behind the answer', async () => {
    const { text, closed } = await exchange(closing);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\{"ok":true\}$/);
    expect(closed).toBe(true);
  });

  it('lets no request behind it run', async () => {
    const together = await exchange(closing + HIDDEN);
    expect([together.ran, together.closed]).toEqual([0, true]);
    const apart = await exchange(closing, HIDDEN);
    expect([apart.ran, apart.closed]).toEqual([0, true]);
  });
});

describe('what is no HTTP/1.1', () => {
  it.each([
    ['HTTP/1.0', 'GET /health HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['bare line feeds', 'GET /health HTTP/1.1\nHost: a\n\n'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an absolute address', 'GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['random bytes', Array.from({ length: 300 }, (_, i) => String.fromCharCode((i * 77) & 255)).join('')],
  ])('%s is closed, and the server lives', async (_name, bytes) => {
    const client = new RawClient(rig.port);
    client.send(bytes);
    const { text, closed } = await client.until(() => false);
    expect(closed).toBe(true);
    expect(text).not.toContain('{"ok":true}');
    expect((await rig.get('/health')).status).toBe(200);
  });
});

it('keeps pipelined answers in order', async () => {
  const client = new RawClient(rig.port);
  const ids = Array.from({ length: 50 }, (_, i) => `r${i}`);
  client.send(ids.map((id) => request('GET', '/health', { 'X-Request-Id': id })).join(''));
  const { text } = await client.until((all) => all.split('{"ok":true}').length === 51);
  client.end();
  expect([...text.matchAll(/X-Request-Id: (r\d+)/g)].map(([, id]) => id)).toEqual(ids);
});
