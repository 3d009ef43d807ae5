/** H: requests that never become whole, answers that nobody reads. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AbusedWeft, CELL, LIST } from '../fixtures/abused-weft.js';
import { PushRig } from '../fixtures/push-rig.js';
import { RawClient, request } from '../fixtures/raw-http.js';
import { until, within } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const MIB = 1024 * 1024;
/** The library closes after ten seconds and looks every four; a busy machine gets more. */
const CLOSED_WITHIN_MS = 40_000;

const started = new Started();
afterAll(() => started.endAll());

// The waits are the library's: all wait together.
describe.concurrent('what does not get on', () => {
  const HEAD = 'GET /health HTTP/1.1\r\nHost: a\r\n';
  const MANY = Array.from({ length: 120 }, (_, i) => `H${i}: x\r\n`).join('');
  let rig: PushRig;
  beforeAll(async () => {
    rig = await PushRig.start(started, ['slow']);
  });

  const open = (first = ''): RawClient => {
    const client = new RawClient(Number(new URL(rig.client.base).port));
    if (first !== '') client.send(first);
    return client;
  };
  /** What came before the server closed. */
  const closed = async (client: RawClient): Promise<string> => {
    const { text } = await within(
      'the end',
      client.until(() => false),
      CLOSED_WITHIN_MS,
    );
    return text;
  };

  const UNFINISHED: readonly (readonly [name: string, first: string, rest: string, intervalMs: number])[] = [
    ['silence', '', '', 0],
    ['a head that drips', HEAD, `X: ${'y'.repeat(4000)}`, 300],
    ['headers that drip', HEAD, 'X: y\r\n'.repeat(50), 100],
    ['a request line that drips', '', `GET /health?${'y'.repeat(4000)}`, 300],
    ['a head without its end', HEAD, '', 0],
    ['half a method', 'GE', '', 0],
    ['no header at all', 'GET /health HTTP/1.1\r\n\r\n', '', 0],
    ['more than a hundred headers', `${HEAD}${MANY}\r\n`, '', 0],
    ['line breaks', '\r\n\r\n', '', 0],
    ['a body that drips', request('POST', '/health', { 'Content-Length': '1000' }), 'x'.repeat(999), 100],
    ['idle behind an answer', request('GET', '/stats'), '', 0],
  ];

  test('H-05: requests that never become whole are closed, and others are served meanwhile', async () => {
    const served = rig.client;
    let isOver = false;
    const meanwhile = (async () => {
      let answers = 0;
      for (; !isOver; answers++) {
        expect((await served.get('/health/live')).status).toBe(200);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return answers;
    })();
    const outcomes = await Promise.all(
      UNFINISHED.map(async ([name, first, rest, intervalMs]) => {
        const client = open(first);
        if (rest !== '') client.drip(rest, intervalMs);
        return [name, /^HTTP\/1\.1 (\d+)/.exec(await closed(client))?.[1] ?? ''] as const;
      }),
    );
    isOver = true;
    expect(await meanwhile).toBeGreaterThan(10);
    // What is answered at all is a mistake; but for two that have had their answer.
    const statuses = new Map(outcomes);
    expect([statuses.get('a body that drips'), statuses.get('idle behind an answer')]).toEqual([
      '405',
      '200',
    ]);
    for (const [name, status] of outcomes.slice(0, -2)) {
      expect([name, status]).toEqual([name, expect.stringMatching(/^(|400|431|505)$/)]);
    }
  });

  test('H-05: a push that drips', async () => {
    for (const how of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
      await until('a push that had its turn', async () => {
        const client = rig.begin('slow', `${how}\r\n\r\n`);
        client.drip(how.startsWith('T') ? '1\r\nx\r\n'.repeat(200) : 'x'.repeat(999), 50);
        const text = await closed(client);
        expect(text.slice(0, 12)).toMatch(/^HTTP\/1\.1 (408|503)$/);
        return text.startsWith('HTTP/1.1 408');
      });
    }
  });

  test('H-06: a pipeline of large answers costs no memory', async () => {
    const weft = await AbusedWeft.start(started, { rows: 4_000, noteChars: 250 });
    // What the heap grows to by itself, whoever asks; it shrinks again in between.
    let before = 0;
    for (const path of [LIST, `${LIST}?format=csv`, '/metrics', CELL, '/nowhere']) {
      for (let i = 0; i < (path.startsWith(LIST) ? 60 : 600); i++) {
        await weft.client.get(path);
        before = Math.max(before, weft.rssBytes());
      }
    }
    let most = before;
    for (const [path, times] of [
      [LIST, 150],
      [`${LIST}?format=csv`, 150],
      ['/metrics', 150],
      [CELL, 50_000],
      ['/nowhere', 100_000],
    ] as const) {
      const others = await weft.gauge('connections');
      const deaf = new RawClient(weft.port);
      weft.abuser.badInputs += times;
      deaf.socket.pause();
      await until('its connection', async () => (await weft.gauge('connections')) > others);
      deaf.send(request('GET', path).repeat(times));
      // Behind an answer that waits the next request ends the connection; or else its time does.
      await until(
        `the end of the pipeline of ${path}`,
        async () => {
          most = Math.max(most, weft.rssBytes());
          return (await weft.gauge('connections')) <= others;
        },
        CLOSED_WITHIN_MS,
      );
      deaf.end();
      expect([path, Math.round((most - before) / MIB)]).toEqual([
        path,
        expect.toSatisfy((mib: number) => mib < 32),
      ]);
    }
    await weft.untilQuiet();
    expect((await weft.client.get(LIST)).status).toBe(200);
    weft.abuser.tell('pipelines');
  });

  test('H-07: readers that stop are closed, and what they held is free again', async () => {
    const READERS = 6;
    const env = { BODY_CACHE_BYTES: '8MiB' };
    const weft = await AbusedWeft.start(started, { rows: 8_000, noteChars: 1_000, env });
    const before = await weft.gauge('requests_aborted_total');
    // No body twice: none is shared.
    const readers = Array.from({ length: READERS }, (_, i) => {
      const one = new RawClient(weft.port);
      one.socket.pause();
      one.send(request('GET', `${LIST}?limit=${8_000 - i}`));
      return one;
    });
    weft.abuser.badInputs += READERS;
    // What the buffers of the sockets hold is under way no more.
    await until(
      'bytes under way',
      async () => (await weft.gauge('response_bytes_in_flight')) > READERS * MIB,
    );
    await until(
      'all closed',
      async () => (await weft.gauge('requests_aborted_total')) - before === READERS,
      CLOSED_WITHIN_MS,
    );
    await weft.untilQuiet();
    for (const one of readers) one.end();
    const { body } = await weft.client.get(LIST);
    expect(body.length).toBeGreaterThan(8_000_000);
  });
});
