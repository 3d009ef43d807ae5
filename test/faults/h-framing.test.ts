/** H: requests that are cut in two ways, or that are no HTTP/1.1 at all. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Abuser, errorOf, sideBySide, type Outcome } from '../fixtures/abuse.js';
import { ConfigFile } from '../fixtures/config-file.js';
import { AMBIGUOUS, AMBIGUOUS_MORE, NEVER_WHOLE } from '../fixtures/framing-corpus.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { RawClient, request } from '../fixtures/raw-http.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

/** Where the ambiguous request goes. The stars of weft's own: a push, the shortest way, nowhere. */
const TARGETS = [
  'GET /health',
  'HEAD /health',
  'POST /health',
  'PUT /stats',
  'FOO /health',
  'GET /telemetry/GetMetric?switch_id=a&metric=v',
  'GET /telemetry/ListMetrics',
  'OPTIONS /telemetry/ListMetrics',
  'GET /nowhere',
  'POST /telemetry/ingest/pushed',
];
const HOST = 'HTTP/1.1\r\nHost: weft\r\n';

/** More than the library waits for. */
const HEAD_BYTES_LIMIT = 20_000;

/** Nobody else asks for it: the counts tell whether it ran. */
const HIDDEN = request('GET', '/telemetry/schema', { 'X-Request-Id': 'hidden' });

const started = new Started();
afterAll(() => started.endAll());

describe.each([1, 2])('with READERS=%i', (readers) => {
  let weft: WeftProcess;
  let client: HttpClient;
  let abuser: Abuser;

  beforeAll(async () => {
    const config = started.add(new ConfigFile({ sources: [{ id: 'pushed', push: true }] }));
    weft = await started.weft('serve', {
      env: { READERS: readers, ACCESS_LOG: 'all' },
      flags: ['--config', config.path],
    });
    client = started.add(await weft.client());
    abuser = new Abuser(await weft.url());
  });
  afterAll(() => abuser.tell(`framing, READERS=${readers}`));

  const timesRun = async (): Promise<number> => {
    const { endpoints } = await client.stats();
    return Number(endpoints['schema']!['count']);
  };

  test('H-10: a request that comes in the open is seen by the counts (so a hidden one would be)', async () => {
    const before = await timesRun();
    const one = new RawClient(abuser.port);
    one.send(request('GET', '/health/live') + HIDDEN);
    await one.until((text) => text.includes('X-Request-Id: hidden'));
    one.end();
    expect(await timesRun()).toBe(before + 1);
  });

  test.each(TARGETS)('H-10: %s hides no second request', async (target) => {
    const before = await timesRun();
    const isGet = /^(GET|HEAD) /.test(target);
    // Of methods that may have one, a body of a plain length is a body.
    const corpus = [...AMBIGUOUS, ...AMBIGUOUS_MORE].filter(([name]) => name !== 'a body' || isGet);
    const cases = corpus.flatMap(([name, rest]) => {
      const head = `${target} ${HOST}${rest}`;
      return [
        { name: `${name}, in one piece`, parts: [head + HIDDEN] },
        { name: `${name}, right behind`, parts: [head, HIDDEN] },
      ];
    });
    for (const [name, rest] of NEVER_WHOLE) {
      cases.push({ name, parts: [`${target} ${HOST}${rest}${HIDDEN}${'x'.repeat(HEAD_BYTES_LIMIT)}`] });
    }
    const outcomes = await sideBySide(cases, async ({ name, parts }) =>
      told(name, await abuser.send(...parts)),
    );
    expect(outcomes.filter((one) => one !== '')).toEqual([]);
    expect(await timesRun()).toBe(before);
  });

  /** What is wrong with an outcome; empty when nothing is. */
  function told(name: string, { closed, responses, text }: Outcome): string {
    if (!closed) return `${name}: the connection goes on: ${text}`;
    if (text.includes('X-Request-Id: hidden')) return `${name}: the hidden request was answered`;
    const odd = responses.find(({ status }) => status < 400);
    return odd ? `${name}: answered ${odd.status}` : '';
  }

  test('H-10: the refusal is told before the connection ends', async () => {
    for (const [name, rest] of [...AMBIGUOUS.slice(2, 4), ...AMBIGUOUS.slice(9, 13)]) {
      const { closed, responses } = await abuser.send(`GET /health ${HOST}${rest}`);
      expect([name, closed, responses.length]).toEqual([name, true, 1]);
      expect([name, responses[0]!.status, errorOf(responses[0]!)]).toEqual([name, 400, 'bad_request']);
      expect(responses[0]!.headers.get('x-request-id')).toMatch(/^[a-z0-9]{8}-[a-z0-9]+$/);
    }
  });

  test('H-10: nothing behind Connection: close runs', async () => {
    const before = await timesRun();
    const closing = request('GET', '/health', { Connection: 'close' });
    for (const parts of [[closing + HIDDEN], [closing, HIDDEN]]) {
      expect((await abuser.send(...parts)).closed).toBe(true);
    }
    expect(await timesRun()).toBe(before);
  });

  test('H-11: no Host, two, or an empty one', async () => {
    const hosts = ['', 'Host:\r\n', 'Host: \r\n', 'Host: a\r\nHost: b\r\n', 'Host: a\r\nhost: a\r\n'];
    const targets = ['GET /health', 'GET /telemetry/GetMetric?switch_id=a&metric=v', 'HEAD /', 'POST /stats'];
    for (const target of targets) {
      for (const host of hosts) {
        const { closed, responses, text } = await abuser.send(`${target} HTTP/1.1\r\n${host}X: y\r\n\r\n`);
        const what = `${target} with ${JSON.stringify(host)}`;
        // Where the library refuses by itself, and for HEAD, there may be no words.
        expect([what, closed, responses.filter(({ status }) => status !== 400)]).toEqual([what, true, []]);
        if (host !== '' && !target.startsWith('HEAD')) {
          expect([what, text.slice(0, 12)]).toEqual([what, 'HTTP/1.1 400']);
        }
      }
    }
  });

  test('H-19: what is no HTTP/1.1 is closed and counted, and the server lives', async () => {
    const opened = (): Promise<number> => client.metric('weft_connections_opened_total');
    const before = await opened();
    const inputs = notHttp();
    for (const [name, bytes] of inputs) {
      const text = await abuser.untilClosed(bytes);
      expect([name, text]).toEqual([name, expect.not.stringMatching(/^HTTP\/1\.1 [23]/)]);
    }
    const after = await opened();
    expect(after - before).toBeGreaterThanOrEqual(inputs.length);
    expect((await client.get('/health')).status).toBe(200);
    expect(weft.running).toBe(true);
  });
});

function notHttp(): (readonly [name: string, bytes: string])[] {
  const random = Array.from({ length: 300 }, (_, i) => String.fromCharCode((i * 77) & 255)).join('');
  const rest = '\r\nHost: a\r\n\r\n';
  return [
    ['HTTP/1.0', `GET /health HTTP/1.0${rest}`],
    ['HTTP/1.0 without a Host', 'GET /health HTTP/1.0\r\n\r\n'],
    ['HTTP/0.9', 'GET /health\r\n\r\n'],
    ['HTTP/1.2', `GET /health HTTP/1.2${rest}`],
    ['HTTP/2.0', `GET /health HTTP/2.0${rest}`],
    ['another protocol', `GET /health RTSP/1.1${rest}`],
    ['bare line feeds', 'GET /health HTTP/1.1\nHost: a\n\n'],
    ['two spaces', `GET  /health HTTP/1.1${rest}`],
    ['an absolute address', `GET http://a/health HTTP/1.1${rest}`],
    ['an address without a slash', `GET health HTTP/1.1${rest}`],
    ['a CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + 'x'.repeat(500)],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an SSH greeting', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a response', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['NULs', '\0'.repeat(1000)],
    ['line breaks only', '\r\n'.repeat(5000)],
    ['random bytes', random],
    ['a header before the request line', `Host: a\r\nGET /health HTTP/1.1\r\n\r\n`],
  ];
}
