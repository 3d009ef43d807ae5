/** The shortest way to an answer: the same bytes as by the whole way, and nothing kept without bound. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Guard } from '../../../src/server/guards/guard.js';
import { countedUws } from '../../fixtures/counted-uws.js';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { ServerRig, type RigOptions } from '../../fixtures/server-rig.js';
import { ALL_RATES, row } from '../../fixtures/tables.js';
import { both, complete, REPEATS } from './quick-asking.js';

const PATH = '/telemetry/GetMetric';
/** More than 36 ^ 2. */
const ASKED = 1400;

let rig: ServerRig;
afterEach(() => rig.close());

const QUERIES = [
  'switch_id=sw-000&metric=cpu_util_pct',
  'metric_name=octets&switch=sw-000',
  'switch_id=sw-000&metric=octets&int64=string',
  'switch_id=sw-002&metric=cpu_util_pct',
  'switch_id=sw-000&metric=state',
  'switch_id=sw-000&metric=state&format=text',
  'switch_id=sw-002&metric=cpu_util_pct&format=text',
  'switch_id=sw-000&metric=octets&view=delta',
  'switch_id=sw-000&metric=octets&view=rate&format=text',
  'switch_id=sw-000&metric=state&dialect=page',
  'switch_id=nope&metric=state',
  'switch_id=sw-000',
  '',
];

describe('the shortest way', () => {
  it.each(['none', 'map', 'plain'] as const)(
    'tells what the whole way tells; dialect: %s',
    async (dialect) => {
      rig = new ServerRig({ rates: ALL_RATES, maxStaleMs: 10_000, options: { defaultDialect: dialect } });
      const { tables } = rig;
      for (const query of QUERIES) await both(rig.port, PATH, query);
      await tables.clock.advance(1234);
      for (const query of QUERIES) await both(rig.port, PATH, query);
      tables.publish('s1', [row('sw-000', { cpu_util_pct: 5, packet_errors: 9, octets: 2n, state: 'D' })]);
      await tables.clock.advance(7);
      for (const query of QUERIES) await both(rig.port, PATH, query);
      await tables.clock.advance(10_001);
      for (const query of QUERIES) await both(rig.port, PATH, query);
    },
  );

  it('writes ids that grow and differ, over every length of them', async () => {
    rig = new ServerRig();
    const client = new RawClient(rig.port);
    for (let asked = 20; asked <= ASKED; asked += 20) {
      client.send(request('GET', `${PATH}?${QUERIES[0]}`).repeat(20));
      await client.until((text) => text.split('HTTP/1.1 200 OK').length === asked + 1 && complete(text));
    }
    client.end();
    const ids = [...client.text.matchAll(/X-Request-Id: [a-z0-9]{8}-([a-z0-9]+)\r\n/g)].map(([, id]) =>
      parseInt(id!, 36),
    );
    expect(ids).toEqual(Array.from({ length: ASKED }, (_, i) => i));
    expect(rig.stats.endpoint('GetMetric').count).toBe(ASKED);
    expect(rig.stats.responses.get('2xx')).toBe(ASKED);
  });

  it('calls the library four times a request, and has nothing made for its answer', async () => {
    const { uws, calls } = countedUws();
    rig = new ServerRig({ uws });
    const client = new RawClient(rig.port);
    for (let asked = 20; asked <= ASKED; asked += 20) {
      client.send(request('GET', `${PATH}?${QUERIES[0]}`).repeat(20));
      await client.until((text) => text.split('HTTP/1.1 200 OK').length === asked + 1 && complete(text));
    }
    client.end();
    const whole = calls.get('tryEnd')!;
    // By chance one in 32, and the first, which resolves the cell.
    expect(whole).toBeGreaterThan(0);
    expect(whole).toBeLessThan(ASKED / 10);
    expect(Object.fromEntries(calls)).toEqual({
      forEach: ASKED,
      getQuery: ASKED,
      writeStatus: ASKED - whole,
      end: ASKED - whole,
      writeHeader: whole,
      tryEnd: whole,
    });
  });

  it.each<[string, RigOptions]>([
    ['the log wants every request', { options: { accessLog: 'all' } }],
    ['a guard may refuse', { guards: [{ name: 'deny', check: () => DENIED }] }],
  ])('is not gone where %s', async (_name, options) => {
    rig = new ServerRig(options);
    for (let i = 0; i < REPEATS; i++) await rig.get(`${PATH}?${QUERIES[0]}`);
    const lines = rig.log.of('http.access').length;
    expect(lines).toBe(REPEATS);
  });

  it('closes the connection of a server that stops', async () => {
    rig = new ServerRig({ realTime: true });
    const client = new RawClient(rig.port);
    client.send(request('GET', `${PATH}?${QUERIES[0]}`).repeat(REPEATS));
    await client.until((text) => text.split('HTTP/1.1 ').length === REPEATS + 1 && complete(text));
    const drained = rig.server.drain(5_000);
    client.send(request('GET', `${PATH}?${QUERIES[0]}`));
    const { text, closed } = await client.until(() => false);
    expect([closed, text.includes('Connection: close')]).toEqual([true, true]);
    await drained;
  });
});

const DENIED = { allow: false, status: 401, error: 'unauthorized', message: 'cannot: no token' } as const;
const NEVER: Guard = { name: 'never', check: () => ({ allow: true }) };

/** Many more answers than the sockets' own buffers hold. */
const SENT = 150_000;
const SENT_AT_ONCE = 500;

it.each<[string, RigOptions]>([
  ['the shortest way', {}],
  ['the whole way', { guards: [NEVER] }],
])('a client that asks in a row and reads nothing is cut: %s', async (_name, options) => {
  rig = new ServerRig({ realTime: true, ...options });
  const client = new RawClient(rig.port);
  client.socket.pause();
  const text = request('GET', `${PATH}?${QUERIES[0]}`).repeat(SENT_AT_ONCE);
  for (let sent = 0; sent < SENT && !client.closed; sent += SENT_AT_ONCE) {
    client.send(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (rig.server.load.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  client.end();
  // 150,000 answers are 75 MB; the buffers of both sockets hold a tenth of that at the most.
  expect(rig.stats.endpoint('GetMetric').count).toBeLessThan(SENT / 2);
});
