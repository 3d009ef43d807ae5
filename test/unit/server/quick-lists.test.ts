/** Small lists by the shortest way: the same bytes as by the whole way, of the snapshot that is served. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Guard } from '../../../src/server/guards/guard.js';
import { countedUws } from '../../fixtures/counted-uws.js';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { ServerRig } from '../../fixtures/server-rig.js';
import { ALL_RATES, row } from '../../fixtures/tables.js';
import { both, complete, REPEATS } from './quick-asking.js';

let rig: ServerRig;
afterEach(() => rig.close());

const DENIED = { allow: false, status: 401, error: 'unauthorized', message: 'cannot: no token' } as const;
const LIST = '/telemetry/ListMetrics';
const LISTS = [
  '',
  'shape=columns&fields=octets,state',
  'fields=octets&int64=string&limit=1',
  'format=csv',
  'format=ndjson',
  'shape=map',
  'fields=@age_ms',
  'fields=octets&sort=-octets',
  'where=octets+gt+5',
  'switches=nope',
  'dialect=page',
  'limit=x',
];

describe('the shortest way to a list', () => {
  it.each(['none', 'map', 'plain'] as const)(
    'tells what the whole way tells; dialect: %s',
    async (dialect) => {
      rig = new ServerRig({ rates: ALL_RATES, maxStaleMs: 10_000, options: { defaultDialect: dialect } });
      const { tables } = rig;
      const all = async (): Promise<void> => {
        for (const query of LISTS) await both(rig.port, LIST, query);
        await both(rig.port, LIST, 'limit=2', { Accept: 'text/csv' });
        await both(rig.port, LIST, 'limit=2', { Accept: '*/*' });
        await both(rig.port, LIST, 'limit=2', { 'Accept-Encoding': 'gzip' });
        await both(rig.port, LIST, 'limit=2', { 'X-Dialect': 'page' });
      };
      await all();
      await tables.clock.advance(1234);
      await all();
      tables.publish('s1', [row('sw-000', { cpu_util_pct: 5, packet_errors: 9, octets: 2n, state: 'D' })]);
      await tables.clock.advance(7);
      await all();
      await tables.clock.advance(10_001);
      await all();
    },
  );

  it('calls the library four times for a list that it has', async () => {
    const { uws, calls } = countedUws();
    rig = new ServerRig({ uws });
    const client = new RawClient(rig.port);
    const asked = 400;
    for (let sent = 20; sent <= asked; sent += 20) {
      client.send(request('GET', `${LIST}?${LISTS[1]}`).repeat(20));
      await client.until((text) => text.split('HTTP/1.1 200 OK').length === sent + 1 && complete(text));
    }
    client.end();
    const quick = calls.get('end')!;
    // By chance one in 32 goes the whole way, and the first, which is made.
    expect(quick).toBeGreaterThan(asked * 0.8);
    expect(quick).toBeLessThan(asked);
    expect(calls.get('writeStatus')).toBe(quick);
    expect(rig.stats.endpoint('ListMetrics').count).toBe(asked);
  });

  it('is not gone while a guard says so', async () => {
    let open = true;
    const guard: Guard = {
      name: 'door',
      admitsNow: () => open,
      check: () => (open ? { allow: true } : DENIED),
    };
    rig = new ServerRig({ guards: [guard] });
    const ask = async (): Promise<number[]> => {
      const client = new RawClient(rig.port);
      client.send(request('GET', `${LIST}?${LISTS[1]}`).repeat(REPEATS));
      await client.until((text) => text.split('HTTP/1.1 ').length === REPEATS + 1 && complete(text));
      client.end();
      return [...client.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    };
    expect(new Set(await ask())).toEqual(new Set([200]));
    open = false;
    expect(new Set(await ask())).toEqual(new Set([401]));
  });

  it('is not gone by who takes gzip', async () => {
    const rows = Array.from({ length: 60 }, (_, i) =>
      row(`sw-${i}`, { cpu_util_pct: i, state: 'UP and running' }),
    );
    rig = new ServerRig({ rows });
    const plain = request('GET', LIST).repeat(REPEATS);
    const gzip = request('GET', LIST, { 'Accept-Encoding': 'gzip' }).repeat(REPEATS);
    const client = new RawClient(rig.port);
    client.send(plain);
    await client.until((text) => text.split('HTTP/1.1 200').length === REPEATS + 1 && complete(text));
    client.send(gzip);
    await client.until((text) => text.split('HTTP/1.1 200').length === 2 * REPEATS + 1 && complete(text));
    client.end();
    expect(client.text.split('Content-Encoding: gzip').length - 1).toBe(REPEATS);
  });
});
