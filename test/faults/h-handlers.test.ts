/** H: handlers that break, clients that leave, requests that overtake each other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AbusedWeft, CELL, LIST } from '../fixtures/abused-weft.js';
import { membersOf, sideBySide } from '../fixtures/abuse.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import { RawClient, request, splitResponses } from '../fixtures/raw-http.js';
import { BOOM } from '../fixtures/throwing-routes.js';
import { until, within } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

/** The row's number. */
const LEAVERS = 10_000;
const PIPELINES = 150;
const PRELOAD = new URL('../fixtures/throwing-routes.js', import.meta.url).pathname;

const started = new Started();
let weft: AbusedWeft;
beforeAll(async () => {
  weft = await AbusedWeft.start(started, { rows: 4_000, noteChars: 500, nodeFlags: ['--import', PRELOAD] });
});
afterAll(async () => {
  weft.abuser.tell('handlers');
  await started.endAll();
});

describe('H-01: a handler that throws', () => {
  test.each(['sync', 'async'])('H-01: %s is answered 500, and only the log says why', async (how) => {
    for (const method of ['GET', 'HEAD']) {
      const id = `defect-${how}-${method}`;
      const reply = await weft.abuser.ask(method, `${LIST}?boom=${how}`, { 'X-Request-Id': id });
      expect([reply.status, reply.headers.get('x-request-id')]).toEqual([500, id]);
      if (method === 'GET') {
        const body = membersOf(reply);
        expect(body).toMatchObject({ error: 'internal', request_id: id });
        expect(JSON.stringify(body)).not.toContain(BOOM);
      }
      const line = await until('the log line', () =>
        weft.process.events('http.error').find((one) => one['request_id'] === id),
      );
      expect(JSON.stringify(line)).toContain(BOOM);
    }
  });

  test('H-01: once its client has left, nobody is harmed', async () => {
    const before = await weft.gauge('requests_aborted_total');
    const clients = Array.from({ length: 20 }, (_, i) => {
      const one = new RawClient(weft.port);
      one.send(request('GET', `${LIST}?boom=after`, { 'X-Request-Id': `left-${i}` }));
      return one;
    });
    weft.abuser.badInputs += clients.length;
    await until('all under way', async () => (await weft.gauge('requests_in_flight')) >= clients.length);
    for (const one of clients) one.end();
    await until('the log lines', () => {
      const lines = weft.process.events('http.error');
      return clients.every((_, i) => lines.some((line) => line['request_id'] === `left-${i}`));
    });
    await weft.untilQuiet();
    expect((await weft.gauge('requests_aborted_total')) - before).toBe(clients.length);
    expect((await weft.client.get(CELL)).status).toBe(200);
    expect(weft.process.running).toBe(true);
  });
});

test(`H-02: ${LEAVERS} clients leave in the middle`, async () => {
  const whole = `${LIST}?format=csv`;
  const { text } = await weft.client.get(whole);
  expect(text.length).toBeGreaterThan(2_000_000);
  const before = await weft.gauge('requests_aborted_total');
  const aborted = async (): Promise<number> => (await weft.gauge('requests_aborted_total')) - before;
  const random = seededRandom(2);
  const leave = async (index: number): Promise<void> => {
    const one = new RawClient(weft.port);
    weft.abuser.badInputs++;
    // Some lists are in the cache; some have to be made while their client is gone already.
    const path = index % 10 === 0 ? `${LIST}?fields=a&limit=${2000 + (index % 500)}` : whole;
    one.send(request('GET', path));
    const wanted = random() < 0.5 ? 0 : 1 + Math.floor(random() * 40_000);
    await within(`${wanted} bytes`, one.untilReceived(wanted));
    expect(one.closed).toBe(false);
    one.socket.resetAndDestroy();
  };
  await sideBySide(
    Array.from({ length: LEAVERS }, (_, i) => i),
    leave,
  );
  await weft.untilQuiet();
  // Whose few bytes were in the socket already had their answer.
  expect(await aborted()).toBeGreaterThan(LEAVERS / 100);
  expect(weft.process.running).toBe(true);
  expect((await weft.client.get(whole)).text).toBe(text);
  const errors = weft.process.events('http.error').filter((line) => !JSON.stringify(line).includes(BOOM));
  expect(errors).toEqual([]);
}, 120_000);

describe('H-22: fast and slow requests in one pipeline', () => {
  /** What each answer says of itself, beside its id. */
  const ROUTES: readonly (readonly [
    path: (n: number) => string,
    own: (body: string, n: number) => boolean,
  ])[] = [
    [() => '/health/live', (body) => body === '{"ok":true}'],
    [
      (n) => `/telemetry/GetMetric?switch_id=r${n}&metric=a`,
      (body, n) => body.includes(`"switch_id":"r${n}"`) && body.includes(`"value":${n},`),
    ],
    // No body twice: each has to be made, in a worker or here.
    [
      (n) => `${LIST}?fields=a&offset=${n}`,
      (body, n) => body.includes(`"items":[{"switch_id":"r${n}","a":${n}}`),
    ],
    [
      (n) => `${LIST}?fields=a&offset=${n}&limit=1`,
      (body, n) => body.includes(`[{"switch_id":"r${n}","a":${n}}]`),
    ],
    [(n) => `/nowhere-${n}`, (body, n) => body.includes(`/nowhere-${n}`)],
  ];

  test('H-22: answers come in order and belong to their requests, or the connection ends', async () => {
    const random = seededRandom(22);
    let answered = 0;
    let whole = 0;
    const pipelines = Array.from({ length: PIPELINES }, (_, p) =>
      Array.from({ length: 1 + Math.floor(random() * 12) }, (_, i) => ({
        id: `p${p}-${i}`,
        n: Math.floor(random() * 3_900),
        // Mixes that are fast alone, and mixes of everything.
        route: ROUTES[Math.floor(random() * (p % 2 === 0 ? 2 : ROUTES.length))]!,
      })),
    );
    await sideBySide(pipelines, async (asked) => {
      const one = new RawClient(weft.port);
      weft.abuser.badInputs++;
      const texts = asked.map(({ id, n, route }) => request('GET', route[0](n), { 'X-Request-Id': id }));
      one.send(texts.join(''));
      const isWhole = (text: string): boolean => {
        const all = splitResponses(text);
        return all.length === asked.length && wholeLength(all.at(-1)!);
      };
      const { text, closed } = await within('answers', one.until(isWhole));
      one.end();
      const responses = splitResponses(text).filter(wholeLength);
      if (responses.length === asked.length) whole++;
      else expect(closed).toBe(true);
      responses.forEach(({ headers, body }, i) => {
        const { id, n, route } = asked[i]!;
        expect([id, headers.get('x-request-id')]).toEqual([id, id]);
        expect([id, n, route[1](body, n)]).toEqual([id, n, true]);
        answered++;
      });
    });
    // Fast ones alone are all answered.
    expect(whole).toBeGreaterThanOrEqual(PIPELINES / 2);
    expect(answered).toBeGreaterThan(PIPELINES);
    await weft.untilQuiet();
  });

  test('H-22: behind a slow one nothing is answered in its place', async () => {
    for (const behind of [CELL, '/health/live', LIST]) {
      const { responses, closed } = await weft.abuser.send(
        request('GET', `${LIST}?boom=never`) + request('GET', behind),
      );
      expect([closed, responses]).toEqual([true, []]);
    }
    await weft.untilQuiet();
  });
});

function wholeLength({ body, headers }: { body: string; headers: ReadonlyMap<string, string> }): boolean {
  return body.length === Number(headers.get('content-length') ?? 0);
}
