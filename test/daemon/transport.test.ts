/** Sources over TLS and unix sockets, and one line of the file that is several shards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { always, pem, pemPath, ServedBodies, shared } from '../fixtures/served-bodies.js';
import { until } from '../fixtures/until.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const SHARDS = 3;
const PORTS = Array.from({ length: 8 }, (_, i) => `0x00000000000000a${i}`);

const folder = mkdtempSync(join(tmpdir(), 'weft-socket-'));
const started = new Started();
let process: WeftProcess;
let weft: HttpClient;

beforeAll(async () => {
  const server = { cert: pem('server'), key: pem('server-key'), requestCert: true, rejectUnauthorized: true };
  const serve = async (...args: Parameters<typeof ServedBodies.start>): Promise<ServedBodies> =>
    started.add(await ServedBodies.start(...args));
  const secure = await serve(always('switch_id,a\nsecure,1\n'), { ...server, ca: pem('ca') });
  const foreign = await serve(always('switch_id,a\nforeign,1\n'), { ...server, ca: pem('other-ca') });
  const socket = join(folder, 'telemetry.sock');
  await serve(always('switch_id,a\nlocal,3\n'), null, socket);
  const lines = PORTS.map((guid, i) => `${guid},${i}`);
  const dealt = await serve(shared('port_guid,a', lines, 'port_guid'), null);

  const url = (of: ServedBodies): string => `https://127.0.0.1:${of.port}/csv/metrics`;
  const mine = { ca: pemPath('ca'), cert: pemPath('client'), key: pemPath('client-key') };
  const file = new ConfigFile({
    sources: [
      { id: 'secure', url: url(secure), tls: mine },
      { id: 'anonymous', url: url(secure), tls: { ca: pemPath('ca') } },
      { id: 'stranger', url: url(foreign), tls: mine },
      { id: 'untrusting', url: url(secure), tls: { ...mine, ca: pemPath('other-ca') } },
      { id: 'careless', url: url(secure), tls: { ...mine, ca: pemPath('other-ca'), insecure: true } },
      { id: 'local', url: `unix:${socket}:/csv/xcset/ib_nvos` },
      { id: 'gone', url: `unix:${join(folder, 'gone.sock')}:/csv/xcset/ib_nvos` },
      { id: 'big', url: `http://127.0.0.1:${dealt.port}/csv/metrics?all=1`, shards: SHARDS },
      { id: 'whole', url: `http://127.0.0.1:${dealt.port}/csv/metrics` },
    ],
  });
  process = await started.weft('serve', { flags: ['--config', started.add(file).path] });
  weft = started.add(await process.client());
  const good = ['secure', 'careless', 'local', ...Array.from({ length: SHARDS }, (_, k) => `big.${k}`)];
  await until('every good source', async () => {
    const { sources } = await weft.stats();
    return good.every((id) => sources[id]!.version > 0);
  });
});
afterAll(async () => {
  await started.endAll();
  rmSync(folder, { recursive: true });
});

async function valueOf(id: string): Promise<unknown> {
  return (await weft.json(`/telemetry/GetMetric?switch_id=${id}&metric=a`))['value'];
}

/** What /stats says of a source that cannot be fetched. */
async function errorOf(id: string): Promise<string> {
  const source = await until(`the error of ${id}`, async () => {
    const seen = await weft.source(id);
    return seen.last_error === null ? null : seen;
  });
  expect(source).toMatchObject({ version: 0, rows: 0 });
  expect(source.polls['connect']).toBeGreaterThan(0);
  return source.last_error!;
}

describe('TLS', () => {
  test('with an own CA and a client certificate', async () => {
    expect(await valueOf('secure')).toBe(1);
    expect((await weft.source('secure')).last_error).toBeNull();
  });

  test('the server refuses who shows none, or one of a CA that it does not know: last_error says so', async () => {
    expect(await errorOf('anonymous')).toMatch(/wants? a client certificate.*tls\.cert and tls\.key/);
    expect(await errorOf('stranger')).toMatch(/refused? the client certificate/);
  });

  test('a server of an unknown CA is refused, unless the file says insecure, which is logged', async () => {
    expect(await errorOf('untrusting')).toMatch(/of an unknown CA .*tls\.ca/);
    expect((await weft.source('careless')).last_error).toBeNull();
    expect(process.events('source.insecure')).toHaveLength(1);
    expect(process.events('source.insecure')[0]).toMatchObject({ source: 'careless' });
  });

  test('no log line and no answer shows the key', async () => {
    const secret = pem('client-key').split('\n')[1]!;
    const log = JSON.stringify(process.log) + process.text.join('') + process.stderr;
    expect(log).toContain('client certificate');
    for (const text of [log, (await weft.get('/stats')).text]) expect(text).not.toContain(secret);
  });
});

test('a unix socket; one that is not there is named', async () => {
  expect(await valueOf('local')).toBe(3);
  expect(await errorOf('gone')).toBe(
    `connect: cannot fetch unix:${join(folder, 'gone.sock')}:/csv/xcset/ib_nvos: ` +
      `the unix socket ${join(folder, 'gone.sock')} does not exist`,
  );
});

describe('shards', () => {
  test('one line is as many sources, which together are the whole table', async () => {
    const { sources } = await weft.stats();
    const ids = Object.keys(sources).filter((id) => id.startsWith('big'));
    expect(ids).toEqual(['big.0', 'big.1', 'big.2']);
    expect(ids.map((id) => sources[id]!.rows)).toEqual([3, 3, 2]);
    for (const [i, guid] of PORTS.entries()) {
      const list = await weft.json(`/telemetry/ListMetrics?switches=${guid}&fields=a,@source`);
      expect(list['items']).toEqual([{ switch_id: guid, a: i, '@source': `big.${i % SHARDS}` }]);
    }
  });

  test('the endpoint has no answer for who asks for all of it', async () => {
    const source = await until('the error', async () => {
      const seen = await weft.source('whole');
      return seen.last_error === null ? null : seen;
    });
    expect(source.last_error).toContain('400');
    expect(source.polls['status']).toBeGreaterThan(0);
  });
});
