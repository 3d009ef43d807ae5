import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { columnNames } from '../../../src/simulator/matrix.js';
import { SIMULATOR_DIALECTS } from '../../../src/simulator/options.js';
import { startSimulator } from '../../../src/simulator/simulator.js';
import { systemClock } from '../../../src/model/clock.js';
import { cellsOf, simulator } from './helper.js';

test.each(SIMULATOR_DIALECTS)('%s: header row first, one row a switch, type and headers', async (dialect) => {
  const sim = await simulator({ switches: 7, columns: 24 });
  const answer = await sim.get(`/counters?dialect=${dialect}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('etag')).toMatch(/^[a-z0-9]{8}-0$/);
  expect(Math.abs(Date.now() - Number(answer.headers.get('x-snapshot-ts')))).toBeLessThan(60_000);
  const text = await answer.text();
  expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(text));
  expect(text.split(/\r?\n/)[0]).toBe(columnNames(dialect, 24).join(','));
  expect(text.trimEnd().split('\n')).toHaveLength(8);
  expect(answer.headers.get('content-disposition')).toBe(
    { page: 'attachment; filename="telemetry_sample.csv"', plain: 'attachment; filename=metrics.csv' }[
      dialect as string
    ] ?? null,
  );
});

test('the dialect default is an option, and the paths of UFM serve ufm whatever it is', async () => {
  const sim = await simulator({ dialect: 'map', switches: 3, columns: 9 });
  expect((await (await sim.get('/counters')).text()).startsWith('switch_id,bandwidth_mbps')).toBe(true);
  for (const path of ['/csv/metrics', '/csv/cset/converted_enterprise', '/csv/metrics?dialect=page']) {
    expect((await (await sim.get(path)).text()).startsWith('timestamp,source_id,tag,node_guid')).toBe(true);
  }
});

test('a tick changes the ETag and the values; ids and, after a restart, ids too stay', async () => {
  const sim = await simulator({ switches: 5, dialect: 'page' });
  const first = await sim.get('/counters');
  const before = cellsOf(await first.text());
  await sim.tick();
  const second = await sim.get('/counters');
  const after = cellsOf(await second.text());
  expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
  expect(Number(second.headers.get('x-snapshot-ts'))).toBeGreaterThanOrEqual(
    Number(first.headers.get('x-snapshot-ts')),
  );
  expect(after).not.toEqual(before);
  const restarted = await simulator({ switches: 5, dialect: 'page' });
  const again = await restarted.get('/counters');
  expect(again.headers.get('etag')).not.toBe(first.headers.get('etag'));
  const ids = (cells: string[][]): string[] => cells.map((row) => row[0]!);
  expect(ids(after)).toEqual(ids(before));
  expect(ids(cellsOf(await again.text()))).toEqual(ids(before));
});

test('nothing is generated per request: the same bytes until the next tick', async () => {
  const sim = await simulator({ switches: 20, dialect: 'ufm' });
  const bodies = await Promise.all(
    Array.from({ length: 5 }, async () => (await sim.get('/counters')).text()),
  );
  expect(new Set(bodies).size).toBe(1);
  expect(sim.lines.filter((line) => line.name === 'gen.error')).toEqual([]);
});

test('If-None-Match is compared exactly; 304 has the same three headers and no body', async () => {
  const sim = await simulator();
  const full = await sim.get('/counters');
  const etag = full.headers.get('etag')!;
  await full.text();
  const same = await sim.get('/counters', { 'If-None-Match': etag });
  expect(same.status).toBe(304);
  expect(await same.text()).toBe('');
  for (const name of ['etag', 'x-snapshot-ts', 'cache-control']) {
    expect(same.headers.get(name)).toBe(full.headers.get(name));
  }
  for (const other of [`"${etag}"`, `W/"${etag}"`, '*', `${etag}0`]) {
    expect((await sim.get('/counters', { 'If-None-Match': other })).status).toBe(200);
  }
  await sim.tick();
  expect((await sim.get('/counters', { 'If-None-Match': etag })).status).toBe(200);
});

test('health, unknown paths, other methods, HEAD', async () => {
  const sim = await simulator({ switches: 3 });
  expect(await (await sim.get('/health')).json()).toEqual({ ok: true });
  const missing = await sim.get('/nowhere?x=1');
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ error: 'not_found' });
  const post = await fetch(`${sim.url}/counters`, { method: 'POST', body: 'x' });
  expect(post.status).toBe(405);
  expect(post.headers.get('allow')).toBe('GET, HEAD');
  expect(await post.json()).toMatchObject({ error: 'method_not_allowed' });
  const full = await sim.get('/counters');
  const head = await fetch(`${sim.url}/counters`, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.headers.get('etag')).toBe(full.headers.get('etag'));
  expect(head.headers.get('content-length')).toBe(String((await full.text()).length));
  expect(await head.text()).toBe('');
  const bad = await sim.get('/counters?dialect=xml');
  expect(bad.status).toBe(400);
  expect(await bad.text()).toContain('page, map, envelope, plain, ufm');
});

test('newline=0 leaves out the last line end, as one of the earlier producers did', async () => {
  const sim = await simulator({ switches: 3 });
  for (const dialect of ['map', 'envelope']) {
    const whole = await (await sim.get(`/counters?dialect=${dialect}&newline=1`)).text();
    const cut = await (await sim.get(`/counters?dialect=${dialect}&newline=0`)).text();
    expect(whole.endsWith('\n')).toBe(true);
    expect(cut).toBe(whole.trimEnd());
  }
});

/** The answer as it came, not decoded. */
async function raw(
  url: string,
  headers: Record<string, string>,
): Promise<{ encoding?: string; bytes: number }> {
  const req = request(url, { headers, agent: false });
  req.end();
  const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage];
  let bytes = 0;
  for await (const chunk of res) bytes += (chunk as Buffer).length;
  const encoding = res.headers['content-encoding'];
  return encoding === undefined ? { bytes } : { encoding, bytes };
}

test('gzip is sent only where the option is on and the client asks', async () => {
  const off = await simulator({ switches: 50, dialect: 'ufm' });
  expect((await raw(`${off.url}/counters?gzip=1`, { 'accept-encoding': 'gzip' })).encoding).toBeUndefined();
  const sim = await simulator({ switches: 50, dialect: 'ufm', gzip: true });
  const plain = await raw(`${sim.url}/counters`, {});
  expect(plain.encoding).toBeUndefined();
  expect((await raw(`${sim.url}/counters`, { 'accept-encoding': 'gzip;q=0, br' })).encoding).toBeUndefined();
  for (const [path, header] of [
    ['/counters?gzip=1', 'br'],
    ['/counters', 'deflate, gzip;q=0.5'],
  ] as const) {
    const packed = await raw(sim.url + path, { 'accept-encoding': header });
    expect(packed.encoding).toBe('gzip');
    expect(packed.bytes).toBeLessThan(plain.bytes / 2);
  }
  const identity = await sim.get('/counters', { 'accept-encoding': 'identity' });
  const unpacked = await sim.get('/counters', { 'accept-encoding': 'gzip' });
  expect(await unpacked.text()).toBe(await identity.text());
  expect(unpacked.headers.get('etag')).not.toBe(identity.headers.get('etag'));
  await sim.tick();
  const later = await sim.get('/counters', { 'accept-encoding': 'gzip' });
  expect(later.headers.get('etag')).toMatch(/-1-gz$/);
  expect((await later.text()).split('\n')).toHaveLength(52);
});

test('events: gen.tick and http.access with their fields', async () => {
  const sim = await simulator({ switches: 5, intervalSec: 77 });
  await (await sim.get('/counters?dialect=envelope')).text();
  await sim.tick();
  const tick = sim.lines.find((line) => line.name === 'gen.tick')!.fields;
  expect(tick).toMatchObject({ interval_ms: 77_000, skew_ms: 0, switches: 5, metrics_per_switch: 8 });
  expect(tick['snapshot_id']).toMatch(/-1$/);
  expect(tick['tick_ms']).toBeGreaterThan(0);
  const access = sim.lines.find((line) => line.name === 'http.access')!.fields;
  expect(access).toMatchObject({ method: 'GET', path: '/counters', status: 200 });
  expect(access['bytes_sent']).toBeGreaterThan(100);
  expect(Number(access['age_ms'])).toBeGreaterThanOrEqual(0);
});

test('options out of range are named, all of them; a port in use says which', async () => {
  const log = { event: () => {} };
  const deps = { clock: systemClock, log };
  await expect(startSimulator({ port: 0, switches: 0, columns: 7, intervalSec: 0 }, deps)).rejects.toThrow(
    /switches must be .* 1 to 200000, got 0; columns must be .* 8 to 512, got 7; intervalSec/,
  );
  const sim = await simulator();
  await expect(startSimulator({ port: sim.port }, deps)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${sim.port}: the address is in use (GENERATOR_HOST, GENERATOR_PORT)`,
  );
});

test('ticks come by the clock', async () => {
  const sim = await simulator({ switches: 3, intervalSec: 0.02 });
  const etag = async (): Promise<string> => {
    const answer = await sim.get('/counters');
    await answer.text();
    return answer.headers.get('etag')!;
  };
  const first = await etag();
  while ((await etag()) === first);
  expect(sim.lines.some((line) => line.name === 'gen.tick')).toBe(true);
});

test('close ends sockets and thread: the process that ran it ends by itself', async () => {
  const module = (path: string): string => new URL(`../../../src/${path}`, import.meta.url).href;
  const script = `
    import { startSimulator } from '${module('simulator/simulator.js')}';
    import { systemClock } from '${module('model/clock.js')}';
    import { connect } from 'node:net';
    const log = { event() {} };
    const sim = await startSimulator({ port: 0, intervalSec: 0.05, dialect: 'ufm', switches: 500 }, { clock: systemClock, log });
    await (await fetch(sim.url + '/counters')).text();
    const idle = connect(sim.port, '127.0.0.1');
    idle.on('error', () => {});
    await new Promise((resolve) => idle.once('connect', resolve));
    const cut = fetch(sim.url + '/counters?mode=slow').catch(() => 'cut');
    void sim.tick();
    await sim.close();
    // A closed handle leaves the list at the next turn of the loop.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    const left = process.getActiveResourcesInfo().filter((name) => /TCPServer|Worker|MessagePort/.test(name));
    console.log(JSON.stringify([await cut, left]));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  expect(JSON.parse(output)).toEqual(['cut', []]);
}, 30_000);
