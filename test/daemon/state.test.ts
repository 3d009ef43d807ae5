/** What the real program keeps over a restart, and what it makes of files that it cannot use. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeHead } from '../../src/state/format.js';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { readStateFile, sealed, StateDir } from '../fixtures/state-files.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type LaunchOptions, type WeftProcess } from '../fixtures/weft-process.js';

const READ = '/telemetry/GetMetric?switch_id=sw-0&metric=a';
const FILE = 'default.weftstate';
const bodyOf = (value: number): string => `switch_id,a\nsw-0,${value}\n`;

let started: Started;
let dir: StateDir;
let upstream: Upstream;

beforeEach(async () => {
  started = new Started();
  dir = started.add(new StateDir());
  upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(bodyOf(1));
});
afterEach(() => started.endAll());

async function serve(
  env: LaunchOptions['env'] = {},
  flags: readonly string[] = [],
): Promise<{ weft: WeftProcess; client: HttpClient }> {
  const weft = await started.weft('serve', {
    env: { UPSTREAM_URL: upstream.url(), STATE_DIR: dir.path, STATE_INTERVAL_MS: 10, ...env },
    flags,
  });
  return { weft, client: started.add(await weft.client()) };
}

const keptBody = (name = FILE): string => readStateFile(readFileSync(dir.file(name))).body.toString();

/** A file as an earlier life would have left it. */
function leave(text: string, ageMs: number, name = FILE): void {
  mkdirSync(dir.path, { recursive: true });
  const head = encodeHead({
    format: 1,
    weft: '0.9.0',
    source: 'default',
    received_at_ms: Date.now() - ageMs,
    snapshot_ts_ms: null,
    content_type: 'text/csv',
    bytes: text.length,
  });
  writeFileSync(dir.file(name), sealed(Buffer.concat([head, Buffer.from(text), Buffer.alloc(32)])));
}

describe('a restart', () => {
  test('has no gap: what was served is served, as old as it is', async () => {
    upstream.snapshotTs = String(Date.now() - 5_000);
    const first = await serve();
    await until('a state file', () => keptBody() === bodyOf(1));
    await first.weft.kill();

    upstream.mode = 'error_500';
    const { weft, client } = await serve();
    // Not waited for: the port opens behind the restoring.
    const reply = await client.get(READ);
    expect(reply.json).toMatchObject({
      value: 1,
      timestamp: new Date(Number(upstream.snapshotTs)).toISOString(),
    });
    expect(reply.header('x-snapshot-ts')).toBe(upstream.snapshotTs);
    expect(Number(reply.header('x-data-age-ms'))).toBeGreaterThanOrEqual(5_000);
    expect(weft.events('state.restored')).toMatchObject([{ source: 'default', bytes: bodyOf(1).length }]);
    expect((await client.get('/health/ready')).status).toBe(200);

    upstream.mode = 'ok';
    await until('a good poll', async () => (await client.source()).state === 'ok');
    const { polls, version } = await client.source();
    expect(polls).toMatchObject({ ok: 0 });
    expect(polls['identical']).toBeGreaterThan(0);
    expect(version).toBe(1);
    expect(await client.metric('weft_state_restored_total')).toBe(1);
  });

  test('of an upstream that sends ETags, too', async () => {
    upstream.etag = '"1"';
    const first = await serve();
    await until('a state file', () => keptBody() === bodyOf(1));
    upstream.etag = '"2"';
    upstream.body = Buffer.from(bodyOf(2));
    await until('the second body', () => keptBody() === bodyOf(2));
    expect((await first.weft.stop()).code).toBe(0);
    const { client } = await serve({ UPSTREAM_URL: 'http://127.0.0.1:1/' });
    expect((await client.get(READ)).json).toMatchObject({ value: 2 });
    expect((await client.source()).polls).toMatchObject({ ok: 0 });
  });

  test('serves what was published last: a stop writes it, whatever the interval', async () => {
    const first = await serve({ STATE_INTERVAL_MS: 3_600_000 });
    await until('a state file', () => keptBody() === bodyOf(1));
    upstream.body = Buffer.from(bodyOf(2));
    await until('the second body', async () => (await first.client.get(READ)).json['value'] === 2);
    expect(keptBody()).toBe(bodyOf(1));
    expect((await first.weft.stop()).code).toBe(0);
    expect(keptBody()).toBe(bodyOf(2));
    expect(dir.names()).toEqual([FILE]);
  });

  test('does not make old data fresh: what is too old is stale from the start', async () => {
    leave(bodyOf(7), 3_600_000);
    upstream.mode = 'error_500';
    const { client } = await serve({ MAX_STALE_MS: 60_000 });
    expect(await client.get(READ)).toMatchObject({ status: 503, json: { error: 'stale' } });
    expect((await client.get('/health/ready')).status).toBe(503);
    expect((await client.source()).age_ms).toBeGreaterThanOrEqual(3_600_000);
    upstream.mode = 'ok';
    await until('a fresh value', async () => (await client.get(READ)).json['value'] === 1);
  });

  test('remembers the sample time of a push', async () => {
    const config = started.add(new ConfigFile({ sources: [{ id: 'lab', push: true }] }));
    const env = { UPSTREAM_URL: '' };
    const flags = ['--config', config.path];
    const push = async (to: HttpClient, value: number, ms: number): Promise<unknown> => {
      const headers = { 'Content-Type': 'application/x-ndjson', 'X-Snapshot-Ts': String(ms) };
      const body = `{"switch_id":"sw-0","a":${value}}\n`;
      const reply = await fetch(`${to.base}/telemetry/ingest/lab`, { method: 'POST', headers, body });
      const json = (await reply.json()) as Record<string, unknown>;
      return json['outcome'] ?? json['error'];
    };
    const first = await serve(env, flags);
    expect(await push(first.client, 1, 1_700_000_000_000)).toBe('ok');
    expect(await push(first.client, 1, 1_700_000_002_000)).toBe('identical');
    expect((await first.weft.stop()).code).toBe(0);
    const { client } = await serve(env, flags);
    expect((await client.get(READ)).json).toMatchObject({ value: 1 });
    expect((await client.source('lab')).state).toBe('restored');
    expect(await push(client, 2, 1_700_000_001_000)).toBe('conflict');
    expect(await push(client, 2, 1_700_000_002_000)).toBe('conflict');
    expect(await push(client, 1, 1_700_000_002_000)).toBe('identical');
    expect(await push(client, 2, 1_700_000_003_000)).toBe('ok');
  });
});

describe('L-06: the start goes on', () => {
  test.each([
    ['a damaged file', (file: Buffer) => (file[file.length - 40]! ^= 1), 'damaged'],
    ['a file of a later version', (file: Buffer) => file.writeUInt32LE(9, 8), 'format version 9'],
    ['a file of another program', (file: Buffer) => file.write('\x7fELF'), 'no state file'],
  ])('with %s, which is set aside', async (_name, damage, reason) => {
    leave(bodyOf(7), 1_000);
    const file = readFileSync(dir.file(FILE));
    damage(file);
    writeFileSync(dir.file(FILE), file);
    writeFileSync(dir.file('default.weftstate.4711.tmp'), 'cut off');
    const { weft, client } = await serve();
    await until('a poll', async () => (await client.get(READ)).json['value'] === 1);
    expect(weft.events('state.bad')).toMatchObject([
      { source: 'default', msg: expect.stringContaining(reason) as unknown },
    ]);
    expect(await client.metric('weft_state_bad_files_total')).toBe(1);
    await until('a new file', () => keptBody() === bodyOf(1));
    const aside = dir.names().filter((name) => name !== FILE);
    expect(aside).toEqual([expect.stringMatching(/^default\.weftstate\.bad-\d+$/)]);
    expect(readFileSync(dir.file(aside[0]!))).toEqual(file);
  });

  test('with a body that the configuration refuses now', async () => {
    leave('id,a\nsw-0,1\n', 1_000);
    const { weft, client } = await serve();
    expect(weft.events('state.refused')).toHaveLength(1);
    await until('a poll', async () => (await client.get(READ)).json['value'] === 1);
  });

  test('without a directory that can be made', async () => {
    writeFileSync(dir.path, 'a file');
    const { weft, client } = await serve();
    await until('a poll', async () => (await client.get(READ)).json['value'] === 1);
    expect(weft.events('state.error').length).toBeGreaterThan(0);
  });
});

test('a directory that vanishes is told and counted, and serving goes on', async () => {
  const { weft, client } = await serve();
  await until('a state file', () => keptBody() === bodyOf(1));
  rmSync(dir.path, { recursive: true });
  upstream.body = Buffer.from(bodyOf(2));
  await until('a failed write', async () => (await client.metric('weft_state_failures_total')) > 0);
  expect((await client.get(READ)).json).toMatchObject({ value: 2 });
  expect(weft.events('state.error').at(-1)).toMatchObject({ source: 'default', dir: dir.path });
  mkdirSync(dir.path);
  upstream.body = Buffer.from(bodyOf(3));
  await until('the next write', () => keptBody() === bodyOf(3));
  expect((await weft.stop()).code).toBe(0);
});
