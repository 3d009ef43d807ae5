/** H: parameters, cursors and bodies that are not what they should be; nothing sent comes back unseen. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AbusedWeft, CELL, LIST } from '../fixtures/abused-weft.js';
import { errorOf, membersOf, sideBySide } from '../fixtures/abuse.js';
import { request } from '../fixtures/raw-http.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const started = new Started();
let weft: AbusedWeft;
beforeAll(async () => {
  weft = await AbusedWeft.start(started, { env: { CURSOR_TTL_MS: 300 } });
});
afterAll(async () => {
  weft.abuser.tell('parameters');
  await started.endAll();
});

/** The status, the error and the message of a GET. */
async function refused(path: string): Promise<readonly unknown[]> {
  const reply = await weft.abuser.ask('GET', path);
  return [path, reply.status, errorOf(reply), String(membersOf(reply)['message'])];
}

describe('H-17: parameters twice, unknown or out of range', () => {
  const naming = (name: string): string => expect.stringContaining(name) as string;
  const CASES: readonly (readonly [path: string, status: number, error: string, named: string])[] = [
    [`${CELL}&metric=a`, 400, 'duplicate_parameter', 'metric'],
    [`${CELL}&metric=b`, 400, 'duplicate_parameter', 'metric'],
    [`${CELL}&switch_id=r1`, 400, 'duplicate_parameter', 'switch_id'],
    [`${CELL}&switch=r2`, 400, 'contradictory_parameter', 'switch'],
    [`${CELL}&colour=red`, 400, 'unknown_parameter', 'colour'],
    [`${CELL}&METRIC=a`, 400, 'unknown_parameter', 'METRIC'],
    [`${CELL}&__proto__=1`, 400, 'unknown_parameter', '__proto__'],
    [`${CELL}&constructor=1`, 400, 'unknown_parameter', 'constructor'],
    [`${CELL}&switch_id%5B%5D=r1`, 400, 'unknown_parameter', 'switch_id[]'],
    [`${CELL}&format=xml`, 400, 'bad_value', 'format'],
    [`${LIST}?limit=1&limit=2`, 400, 'duplicate_parameter', 'limit'],
    [`${LIST}?limit=-1`, 422, 'out_of_range', 'limit'],
    [`${LIST}/a?limit=1000000000`, 422, 'out_of_range', 'limit'],
    [`${LIST}?limit=1e9`, 422, 'out_of_range', 'limit'],
    [`${LIST}/a?limit=1e9`, 422, 'out_of_range', 'limit'],
    [`${LIST}/a?limit=101`, 422, 'out_of_range', 'limit'],
    [`${LIST}?offset=-1`, 422, 'out_of_range', 'offset'],
    ...['abc', '0x10', '1x9', '1.5', '+', '', '%20', '1%20', '٣', 'NaN', 'Infinity', '1_000', '--1'].flatMap(
      (value) =>
        [
          `${LIST}?limit=${encodeURI(value)}`,
          `${LIST}/a?limit=${encodeURI(value)}`,
          `${LIST}?offset=${encodeURI(value)}`,
        ].map((path) => [path, 400, 'bad_value', path.includes('offset') ? 'offset' : 'limit'] as const),
    ),
    [`${LIST}?shape=cube`, 400, 'bad_value', 'shape'],
    [`${LIST}?sort=a&sort=a`, 400, 'duplicate_parameter', 'sort'],
    [`${LIST}?fields=${'a,'.repeat(6000)}`, 400, 'bad_value', 'fields'],
    ['/health?x=1', 400, 'unknown_parameter', 'x'],
    ['/stats?limit=1', 400, 'unknown_parameter', 'limit'],
  ];

  test.each(CASES)('H-17: %s is %i %s', async (path, status, error, named) => {
    expect(await refused(path)).toEqual([path, status, error, naming(named)]);
  });
});

describe('H-18: line breaks in what is sent back', () => {
  const EVIL = [
    '%0d%0aSet-Cookie:%20x=1',
    '%0aX-Evil:1',
    '%0dX-Evil:1',
    '%00',
    '%E2%80%A8X-Evil:1',
    '%C4%8D%C4%8A',
  ];

  test('H-18: no value of a request becomes a header', async () => {
    const places = EVIL.flatMap((bad) => [
      `/telemetry/GetMetric?switch_id=a${bad}&metric=a`,
      `/telemetry/GetMetric?switch_id=r1&metric=a${bad}`,
      `/telemetry/GetMetric/a/r1${bad}`,
      `${LIST}?fields=a${bad}`,
      `${LIST}?limit=1${bad}`,
      `${LIST}?cursor=a${bad}`,
      `${LIST}?sort=a${bad}`,
      `${LIST}?x${bad}=1`,
      `/telemetry/changes?since=a${bad}`,
      `/nowhere${bad}`,
      `/dialects/map${bad}/telemetry/ListMetrics`,
      `/telemetry/ListMetrics?dialect=map${bad}`,
    ]);
    await sideBySide(places, async (path) => {
      const reply = await weft.abuser.ask('GET', path);
      const names = [...reply.headers.keys()];
      expect([path, names.filter((name) => /evil|cookie/.test(name))]).toEqual([path, []]);
      expect([path, /[\r\n\0]/.test(reply.body)]).toEqual([path, false]);
    });
  });

  test('H-18: an id that is no id is replaced', async () => {
    const ids = ['a\tb', 'a b', 'x'.repeat(65), 'a;b', '\xe9', '<script>', 'a%0d%0ab', '"a"', 'a,b', 'a/b'];
    for (const id of ids) {
      const { responses, text } = await weft.abuser.send(
        `GET /nope HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`,
      );
      const [reply] = responses;
      expect([id, reply!.headers.get('x-request-id')]).toEqual([
        id,
        expect.stringMatching(/^[a-z0-9]{8}-[a-z0-9]+$/),
      ]);
      expect([id, text.includes(id)]).toEqual([id, false]);
      expect(membersOf(reply!)['request_id']).toBe(reply!.headers.get('x-request-id'));
    }
    const two = await weft.abuser.send(
      'GET /nope HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\nX-Request-Id: two\r\n\r\n',
    );
    expect(two.text).not.toMatch(/X-Request-Id: (one|two)/);
    // A line break proper ends the header: what follows is one of the request's own, and stays there.
    for (const id of ['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\0b', 'a\x0bX-Evil: 1']) {
      const head = `GET /nope HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`;
      expect((await weft.abuser.send(head + 'z'.repeat(20_000))).text).not.toContain('X-Evil');
    }
  });

  test('H-18: neither is another header sent back', async () => {
    for (const [name, value] of [
      ['X-Dialect', 'map\tX-Evil: 1'],
      ['Origin', 'http://a\tX-Evil: 1'],
      ['If-None-Match', '"a"\tX-Evil: 1'],
      ['Accept', 'text/csv\tX-Evil: 1'],
      ['Accept-Encoding', 'gzip\tX-Evil: 1'],
    ] as const) {
      const reply = await weft.abuser.ask('GET', CELL, { [name]: value });
      expect([name, [...reply.headers].filter(([, text]) => text.includes('Evil'))]).toEqual([name, []]);
    }
  });
});

describe('H-21: cursors', () => {
  const START = `${LIST}?fields=a&limit=10&cursor=start`;
  const cursorOf = async (): Promise<string> =>
    (await weft.abuser.ask('GET', START)).headers.get('x-next-cursor')!;

  test('H-21: that are forged are 400', async () => {
    const good = await cursorOf();
    const forged = [
      '',
      'x',
      'start',
      '%00',
      'null',
      '../x',
      '-1',
      good.slice(1),
      `${good}x`,
      'x'.repeat(5_000),
    ];
    // Each character changed in turn.
    for (let i = 0; i < good.length; i++) {
      forged.push(good.slice(0, i) + (good[i] === 'a' ? 'b' : 'a') + good.slice(i + 1));
    }
    const outcomes = await sideBySide(forged, (cursor) => refused(`${LIST}?cursor=${cursor}`));
    // One that is well formed may be one of another process or of long ago: how should anybody know.
    const errors = outcomes.map(([, status, error]) => `${String(status)} ${String(error)}`);
    const allowed = ['400 bad_value', '400 missing_parameter', '400 bad_encoding', '410 cursor_expired'];
    expect(errors.filter((one) => !allowed.includes(one))).toEqual([]);
    expect(errors.slice(0, 10).filter((one) => !one.startsWith('400'))).toEqual([]);
  });

  test('H-21: that are gone are 410, with how to begin again', async () => {
    const cursor = await cursorOf();
    const path = `${LIST}?cursor=${cursor}`;
    const gone = await until('the end of the cursor', async () => {
      const reply = await weft.abuser.ask('GET', path);
      // Every use prolongs it: so ask no sooner than it lives.
      if (reply.status === 200) await new Promise((resolve) => setTimeout(resolve, 400));
      return reply.status !== 200 && reply;
    });
    expect([gone.status, errorOf(gone)]).toEqual([410, 'cursor_expired']);
    expect(membersOf(gone)['message']).toContain('cursor=start');
    expect((await weft.abuser.ask('GET', START)).status).toBe(200);
  });

  test('H-21: of a table that has other columns now are 410 or go on with the old one', async () => {
    const cursor = await cursorOf();
    weft.upstream.etag = '"two"';
    weft.upstream.body = Buffer.from('switch_id,other\nr1,1\n');
    await until(
      'the other table',
      async () => (await weft.client.get(`${LIST}?fields=other`)).status === 200,
    );
    const reply = await weft.abuser.ask('GET', `${LIST}?cursor=${cursor}`);
    expect([200, 410]).toContain(reply.status);
    if (reply.status === 200) expect(membersOf(reply)['fields']).toEqual(['a']);
    const begun = await weft.abuser.send(request('GET', START));
    expect([begun.responses[0]!.status, errorOf(begun.responses[0]!)]).toEqual([404, 'unknown_metric']);
  });
});
