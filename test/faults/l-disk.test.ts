/** L: what the disk under STATE_DIR and under the log can do. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeHead } from '../../src/state/format.js';
import { ConfigFile } from '../fixtures/config-file.js';
import { goodBody } from '../fixtures/fault-world.js';
import { HttpClient } from '../fixtures/http-client.js';
import { readStateFile, sealed, StateDir } from '../fixtures/state-files.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess, type LaunchOptions } from '../fixtures/weft-process.js';

const CLEAN = { code: 0, signal: null };
const FILE = 'default.weftstate';
const READ = '/telemetry/GetMetric?switch_id=r1&metric=rx';

const started = new Started();
afterAll(() => started.endAll());

async function serve(dir: StateDir, options: LaunchOptions = {}) {
  const upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(goodBody(1));
  const env = { UPSTREAM_URL: upstream.url(), STATE_DIR: dir.path, STATE_INTERVAL_MS: 10, ...options.env };
  const process = await started.weft('serve', { ...options, env });
  const weft = started.add(await process.client());
  return { upstream, process, weft };
}

/** A state file as an earlier life would have left it. */
function stateFile(source: string): Buffer {
  const body = Buffer.from(goodBody(7));
  const head = encodeHead({
    ...{ format: 1, weft: '1.0.0', source, received_at_ms: Date.now(), snapshot_ts_ms: null },
    ...{ content_type: 'text/csv', bytes: body.length },
  });
  return sealed(Buffer.concat([head, body, Buffer.alloc(32)]));
}

test('L-06: files that are cut, flipped or foreign are set aside; the start is empty and not ready', async () => {
  const dir = started.add(new StateDir());
  mkdirSync(dir.path);
  const flipped = (at: (file: Buffer) => number) => (file: Buffer) => {
    file[at(file)]! ^= 4;
    return file;
  };
  const damages: Readonly<Record<string, (file: Buffer) => Buffer>> = {
    'cut-0': () => Buffer.alloc(0),
    'cut-9': (file) => file.subarray(0, 9),
    'cut-half': (file) => file.subarray(0, file.length >> 1),
    'cut-last': (file) => file.subarray(0, -1),
    longer: (file) => Buffer.concat([file, Buffer.from('x')]),
    'flip-length': flipped(() => 17),
    'flip-body': flipped((file) => file.length >> 1),
    'flip-digest': flipped((file) => file.length - 1),
    foreign: () => Buffer.from('PK\x03\x04 not ours at all, but long enough to be read as a head of one'),
    other: () => stateFile('somebody-else'),
  };
  const damaged = Object.entries(damages).map(([id, damage]) => [id, damage(stateFile(id))] as const);
  for (const [id, file] of damaged) writeFileSync(dir.file(`${id}.weftstate`), file);
  const sources = damaged.map(([id]) => ({ id, url: 'http://127.0.0.1:1/counters' }));
  const config = started.add(new ConfigFile({ sources }));
  const process = await started.weft('serve', {
    flags: ['--config', config.path],
    env: { STATE_DIR: dir.path },
  });
  const weft = started.add(await process.client());
  const ready = await weft.get('/health/ready');
  expect([ready.status, ready.json['error']]).toEqual([503, 'no_data']);
  const told = process.events('state.bad').map((line) => String(line['source']));
  expect(told.sort()).toEqual(Object.keys(damages).sort());
  expect(await weft.metric('weft_state_bad_files_total')).toBe(damaged.length);
  for (const [id, file] of damaged) {
    const aside = dir.names().filter((name) => name.startsWith(`${id}.weftstate`));
    expect(aside).toEqual([expect.stringMatching(/\.bad-\d+$/)]);
    expect(readFileSync(dir.file(aside[0]!))).toEqual(file);
  }
  expect((await weft.get('/health')).status).toBe(200);
});

test('L-07: a disk that takes no more: serving goes on, health tells it, the log once a minute', async () => {
  const dir = started.add(new StateDir());
  // 8 KiB a file: beyond, a write fails as it does on a full disk.
  const under = ['sh', '-c', 'ulimit -f 16; exec "$@"', 'sh'];
  const { upstream, process, weft } = await serve(dir, { under });
  await until('a state file', () => readStateFile(readFileSync(dir.file(FILE))));
  expect((await weft.get('/health')).text).toBe('{"ok":true}');
  expect(await weft.metric('weft_state_degraded')).toBe(0);

  for (let n = 2; n <= 5; n++) {
    const failures = await weft.metric('weft_state_failures_total');
    upstream.body = Buffer.from(goodBody(n, 1000));
    await until('the body', async () => (await weft.get(READ)).json['value'] === n);
    await until('a refused write', async () => (await weft.metric('weft_state_failures_total')) > failures);
  }
  const health = await weft.get('/health');
  expect([health.status, health.json]).toEqual([200, { ok: true, persistence: 'degraded' }]);
  expect(await weft.metric('weft_state_degraded')).toBe(1);
  expect((await weft.get('/health/ready')).status).toBe(200);
  expect(process.events('state.error')).toMatchObject([{ level: 'ERROR', dir: dir.path }]);
  // What was there stays whole, and nothing is left beside it.
  expect(dir.names()).toEqual([FILE]);
  expect(readStateFile(readFileSync(dir.file(FILE))).body.toString()).toBe(goodBody(1));

  upstream.body = Buffer.from(goodBody(6));
  await until('a write', async () => (await weft.get('/health')).text === '{"ok":true}');
  expect(readStateFile(readFileSync(dir.file(FILE))).body.toString()).toBe(goodBody(6));
  expect(await process.stop()).toEqual(CLEAN);
});

test('L-07: a directory that may only be read', async () => {
  const dir = started.add(new StateDir());
  mkdirSync(dir.path);
  writeFileSync(dir.file(FILE), stateFile('default'));
  chmodSync(dirname(dir.path), 0o755);
  chmodSync(dir.file(FILE), 0o444);
  chmodSync(dir.path, 0o555);
  // Root may write everywhere.
  const isRoot = globalThis.process.getuid?.() === 0;
  const under = isRoot ? ['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups'] : [];
  const { process, weft } = await serve(dir, { under });
  await until('the body', async () => (await weft.get(READ)).json['value'] === 1);
  await until('a refused write', async () => (await weft.metric('weft_state_failures_total')) > 0);
  expect((await weft.get('/health')).json).toEqual({ ok: true, persistence: 'degraded' });
  expect(process.events('state.restored')).toHaveLength(1);
  await until('the line of it', () => process.events('state.error').length > 0);
  expect(process.events('state.error')).toHaveLength(1);
  expect(await process.stop()).toEqual(CLEAN);
  chmodSync(dir.path, 0o755);
});

/** The port that a process listens on, by the kernel's tables: its log cannot be read. */
function listeningPort(pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`;
  const own = new Set(readdirSync(folder).map((fd) => readlinkSync(join(folder, fd))));
  const sockets = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').trim().split('\n').slice(1);
  for (const [, local, , state, , , , , , inode] of sockets.map((line) => line.trim().split(/\s+/))) {
    if (state === '0A' && own.has(`socket:[${inode}]`)) return parseInt(local!.split(':')[1]!, 16);
  }
  return undefined;
}

test('L-08: the log file is full: no crash, no hang, lost lines are counted', async () => {
  const upstream = started.add(await Upstream.start());
  const process = started.add(
    new WeftProcess(['serve'], {
      under: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'],
      env: { UPSTREAM_URL: upstream.url(), ACCESS_LOG: 'all', LOG_LEVEL: 'debug' },
    }),
  );
  const port = await until('a port', () => listeningPort(process.child.pid!));
  const weft = started.add(new HttpClient(`http://127.0.0.1:${port}`));
  await until('the start', async () => (await weft.get('/health/ready')).status === 200);
  await until('lost lines', async () => (await weft.metric('weft_log_lines_dropped_total')) > 0);
  expect((await weft.get('/telemetry/ListMetrics')).status).toBe(200);
  expect(await process.stop()).toEqual(CLEAN);
  expect(process.stderr).toBe('');
});
