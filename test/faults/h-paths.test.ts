/** H: methods, paths, encodings and parameters that no route has. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AbusedWeft, LIST } from '../fixtures/abused-weft.js';
import { errorOf, membersOf, sideBySide } from '../fixtures/abuse.js';
import { RawClient, request } from '../fixtures/raw-http.js';
import { SecuredWeft, SECRETS } from '../fixtures/secured-weft.js';
import { until, within } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const METRIC = '/telemetry/GetMetric';
const READS = 'GET, HEAD, OPTIONS';
const PATHS: readonly (readonly [path: string, allowed: string])[] = [
  ['/', READS],
  ['/health', READS],
  ['/health/live', READS],
  ['/health/ready', READS],
  ['/telemetry/health', READS],
  ['/stats', READS],
  ['/metrics', READS],
  ['/telemetry/schema', READS],
  [METRIC, READS],
  [`${METRIC}/value/a`, READS],
  [LIST, READS],
  [`${LIST}/value`, READS],
  ['/telemetry/changes', READS],
  ['/telemetry/coverage', READS],
  ['/telemetry/stream', READS],
  ['/dialects/map/telemetry/ListMetrics', READS],
  ['/telemetry/ingest/nobody', 'POST, OPTIONS'],
];
/** Ids of any character, each with its value. */
const ODD = ['plain', 'a/b', 'a%2Fb', '%25', '%2525', 'ü', '..', 'a b', 'a+b', '__proto__'];

const started = new Started();
let weft: AbusedWeft;
beforeAll(async () => {
  weft = await AbusedWeft.start(started);
  weft.upstream.etag = null;
  weft.upstream.body = Buffer.from(`switch_id,value\n${ODD.map((id, i) => `${id},${i}\n`).join('')}`);
  await until('the odd ids', async () => (await weft.client.json(`${METRIC}/value/plain`))['value'] === 0);
});
afterAll(async () => {
  weft.abuser.tell('paths');
  await started.endAll();
});

describe('H-13: methods that a path does not have', () => {
  test.each(PATHS)('H-13: %s', async (path, allowed) => {
    const options = await weft.abuser.ask('OPTIONS', path);
    expect([options.status, options.headers.get('allow'), options.body]).toEqual([204, allowed, '']);
    const methods = ['TRACE', 'FOO', 'PUT', 'DELETE', 'PATCH', 'get', 'Get', 'GETX', 'PROPFIND', 'M-SEARCH'];
    for (const method of [...methods, allowed === READS ? 'POST' : 'GET']) {
      const reply = await weft.abuser.ask(method, path);
      expect([method, reply.status, errorOf(reply)]).toEqual([method, 405, 'method_not_allowed']);
      expect(reply.headers.get('allow')).toBe(allowed);
    }
  });

  test('H-13: where nothing is, every method is told so', async () => {
    for (const method of ['TRACE', 'FOO', 'PUT', 'OPTIONS', 'POST', 'DELETE']) {
      expect((await weft.abuser.ask(method, '/nowhere')).status).toBe(404);
    }
  });
});

/** Spellings of a path by which other servers mean the path itself. */
function lookAlikes(path: string): string[] {
  const [, first = '', ...rest] = path.split('/');
  const tail = rest.join('/');
  const encoded = `%${path.charCodeAt(1).toString(16)}${path.slice(2)}`;
  return [
    `${path}/`,
    `/${path}`,
    `//${path}`,
    `/x/..${path}`,
    `/.${path}`,
    `/x/%2e%2e${path}`,
    `/%2e${path}`,
    `/%2F${path.slice(1)}`,
    `/${first}//${tail}`,
    `/${first}/./${tail}`,
    `/${first}%2F${tail}`,
    `/${first}%2f${tail}`,
    `/${first}\\${tail}`,
    `/${encoded}`,
    path.toUpperCase(),
    `${path};x=1`,
    `${path}%20`,
    `${path}%00`,
    `${path}#x`,
    `${path}/..`,
    `${path}/.`,
    `${path}\xff`,
    `${path}.json`,
  ].filter((one) => one !== path);
}

describe('H-14: paths that look like others', () => {
  const known = PATHS.map(([path]) => path).filter((path) => path.length > 1);

  test.each(known)('H-14: what looks like %s is not found', async (path) => {
    const replies = await sideBySide(lookAlikes(path), async (one) => {
      const reply = await weft.abuser.ask('GET', one);
      return [one, reply.status, errorOf(reply)];
    });
    // A segment that stays open takes what others would cut off.
    const fits = (one: unknown): boolean =>
      /^\/telemetry\/(GetMetric\/[^/]*|ListMetrics|ingest)\/[^/]+$/.test(String(one));
    const odd = replies.filter(([one, status]) => status !== 404 && !(fits(one) && Number(status) >= 400));
    expect(odd).toEqual([]);
  });

  test('H-14: a %2F in an id is part of the id', async () => {
    for (const [id, path] of [
      ['a/b', `${METRIC}/value/a%2Fb`],
      ['a%2Fb', `${METRIC}/value/a%252Fb`],
      ['..', `${METRIC}/value/%2E%2E`],
    ] as const) {
      const reply = await weft.abuser.ask('GET', path);
      expect([reply.status, membersOf(reply)['switch_id']]).toEqual([200, id]);
    }
    expect((await weft.abuser.ask('GET', `${METRIC}/value/..`)).status).toBe(404);
  });

  test('H-14: no spelling gets past the question for a token', async () => {
    const secured = await SecuredWeft.start(started);
    const { abuser } = weft;
    const asked = known.filter((path) => !path.includes('health'));
    const paths = [...asked, ...asked.flatMap(lookAlikes)];
    const outcomes = await sideBySide(paths, async (path) => {
      abuser.badInputs++;
      const one = new RawClient(secured.port);
      one.send(request('GET', path));
      const { text } = await within(
        path,
        one.until((all) => all.includes('\r\n\r\n')),
      );
      one.end();
      return [path, text.slice(9, 12)];
    });
    expect(outcomes.filter(([, status]) => status !== '401')).toEqual([]);
    const authorization = `Bearer ${SECRETS.admin}`;
    expect((await secured.client.get(LIST, { headers: { authorization } })).status).toBe(200);
  });
});

/** Sent as it is: bytes beyond ASCII are latin1 here. */
const BROKEN = [
  ...[
    '%',
    '%4',
    '%zz',
    'a%',
    '%%',
    '%2',
    '%g0',
    '%u0041',
    '%00',
    'a%00b',
    '%0d%0aX-Evil:1',
    '%0a',
    '%7f',
    '%1b',
  ],
  ...['%C0%AF', '%C0%80', '%E0%80%AF', '%F0%80%80%AF', '%ED%A0%80', '%F4%90%80%80', '%ff', '%fe%ff', '%C3'],
  ...['%C3%28', '%80', '\xff', '\xc3', '\xc0\xaf', '\xed\xa0\x80'],
];

describe('H-15: broken encodings', () => {
  const places: readonly (readonly [place: string, path: (bad: string) => string, named: string])[] = [
    ['a value', (bad) => `${METRIC}?metric=value&switch_id=${bad}`, 'switch_id'],
    ['another value', (bad) => `${METRIC}?switch_id=plain&metric=${bad}`, 'metric'],
    ['a list', (bad) => `${LIST}?fields=${bad}`, 'fields'],
    ['a filter', (bad) => `${LIST}?where=${bad}`, 'where'],
    ['a name', (bad) => `${METRIC}?metric=value&switch_id=plain&x${bad}=1`, ''],
    ['an id in the path', (bad) => `${METRIC}/value/${bad}`, 'in the path'],
    ['a metric in the path', (bad) => `${METRIC}/${bad}/plain`, 'in the path'],
    ['a list in the path', (bad) => `${LIST}/${bad}`, 'metric in the path'],
  ];

  test.each(places)('H-15: in %s are 400, naming the parameter', async (_place, path, named) => {
    const replies = await sideBySide(BROKEN, async (bad) => {
      const reply = await weft.abuser.ask('GET', path(bad));
      return [bad, reply.status, errorOf(reply), String(membersOf(reply)['message']).includes(named)];
    });
    expect(replies).toEqual(BROKEN.map((bad) => [bad, 400, 'bad_encoding', true]));
  });
});

test('H-16: what is encoded twice is decoded once', async () => {
  const { abuser } = weft;
  for (const [sent, id] of [
    ['%2525', '%25'],
    ['%252525', '%2525'],
    ['a%252Fb', 'a%2Fb'],
    ['a%2Bb', 'a+b'],
    ['a%20b', 'a b'],
  ] as const) {
    for (const path of [`${METRIC}?metric=value&switch_id=${sent}`, `${METRIC}/value/${sent}`]) {
      // Again, over the same connection: what was decoded once stays as it was sent.
      const replies = [await abuser.ask('GET', path), await abuser.ask('GET', path)];
      const seen = replies.map((reply) => [
        reply.status,
        membersOf(reply)['switch_id'],
        membersOf(reply)['value'],
      ]);
      expect([sent, ...seen]).toEqual([sent, [200, id, ODD.indexOf(id)], [200, id, ODD.indexOf(id)]]);
    }
  }
  const reply = await abuser.ask('GET', `${METRIC}?metric=value&switch_id=%25252525`);
  expect([reply.status, membersOf(reply)['message']]).toEqual([
    404,
    expect.stringContaining('%252525') as string,
  ]);
});
