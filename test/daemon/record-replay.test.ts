/** `weft record` and `weft replay` as processes: what was recorded comes out again. */
import { readdir, readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseLine, type IndexLine } from '../../src/recording/index-line.js';
import { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

const started = new Started();
let base: string;
let folder: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'weft-record-'));
  folder = join(base, 'recording');
});
afterEach(async () => {
  await started.endAll();
  await rm(base, { recursive: true });
});

/** Whole lines of the index; a cut one is left out. */
async function recorded(): Promise<IndexLine[]> {
  const text = await readFile(join(folder, 'index.ndjson'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => parseLine(line))
    .filter((line): line is IndexLine => typeof line !== 'string');
}

const record = (url: string, flags: readonly string[] = [], env = {}): Promise<WeftProcess> =>
  started.weft('record', { flags: [url, '--out', folder, ...flags], env });

const replayUrl = async (flags: readonly string[] = []): Promise<string> => {
  const replay = await started.weft('replay', { flags: [folder, '--port', '0', ...flags] });
  return replay.url('replay');
};

describe('a recording of the simulator', () => {
  test('is replayed into a serving weft, which serves the values of the last tick', async () => {
    const simulator = await started.weft('simulate', { env: { DATA_INTERVAL_SEC: 1, DATA_SWITCHES: 8 } });
    const recorder = await record(`${await simulator.url('simulator')}/counters`, ['--gzip'], {
      POLL_MS: 100,
    });
    const lines = await until('three bodies and a 304', async () => {
      const all = await recorded();
      const bodies = new Set(all.flatMap(({ file }) => file ?? []));
      return bodies.size >= 3 && all.some(({ outcome }) => outcome === 'not_modified') ? all : null;
    });
    expect(lines[0]).toMatchObject({ outcome: 'ok', status: 200, source: 'default' });
    expect(lines[0]!.headers['x-snapshot-ts']).toBe(String(lines[0]!.snapshot_ts_ms));
    expect(await recorder.stop()).toEqual({ code: 0, signal: null });
    expect(recorder.text.join('\n')).toMatch(/^weft: kept \d+ answers, \d+ different bodies, \d+ bytes in /);
    expect((await readdir(join(folder, 'bodies'))).every((name) => name.endsWith('.csv.gz'))).toBe(true);

    const url = await replayUrl(['--speed', '100']);
    const upstream = started.add(new HttpClient(url));
    const weft = await started.weft('serve', { env: { UPSTREAM_URL: `${url}/default` } });
    const client = started.add(await weft.client());
    const last = (await recorded()).filter(({ file }) => file !== null).at(-1)!;
    // The ETag is the digest of what was recorded last.
    const csv = await until('the end of the recording', async () => {
      const reply = await upstream.get('/counters');
      return reply.header('etag') === last.sha256!.slice(0, 32) ? reply.text : null;
    });
    const [header, ...rows] = csv.trimEnd().split('\n');
    const expected = rows.map((row) => row.split(','));
    expect(expected).toHaveLength(8);
    const columns = header!.split(',');
    const metric = columns.at(-1)!;
    const asked = `/telemetry/ListMetrics?metrics=${metric}`;
    const served = await until('the last tick', async () => {
      const reply = await client.get(asked);
      const lines = reply.status === 200 ? reply.text.trimEnd().split('\r\n').slice(1) : [];
      const isLast = expected.every(
        (cells, i) => lines[i]?.startsWith(`${cells[0]},`) && numberIn(lines[i]) === Number(cells.at(-1)),
      );
      return isLast ? lines : null;
    });
    expect(served).toHaveLength(8);
  });
});

describe('an upstream that fails', () => {
  test('is recorded with its 304s and failures, and replayed so', async () => {
    const upstream = started.add(await Upstream.start());
    upstream.etag = '"1"';
    const recorder = await record(upstream.url(), [], { POLL_MS: 20 });
    const seen = (outcome: string): Promise<unknown> =>
      until(outcome, async () => (await recorded()).some((line) => line.outcome === outcome));
    await seen('not_modified');
    upstream.mode = 'error_500';
    await seen('status');
    upstream.mode = 'ok';
    upstream.etag = '"2"';
    upstream.body = Buffer.from('switch_id,a\nsw-0,7\n');
    await until(
      'the second body',
      async () => new Set((await recorded()).flatMap((l) => l.sha256 ?? [])).size === 2,
    );
    await recorder.stop();
    expect(await readFile(join(folder, (await recorded())[0]!.file!))).toEqual(
      Buffer.from('switch_id,cpu_util_pct,tx_bytes\nsw-000,34.1,18446744073709551615\nsw-001,7,0\n'),
    );
    const client = started.add(new HttpClient(await replayUrl(['--speed=max'])));
    const statuses: number[] = [];
    let etag = '';
    const answers = await recorded();
    while (statuses.length < answers.length) {
      const reply = await client.get('/', { headers: { 'If-None-Match': etag } });
      etag = reply.header('etag') ?? etag;
      statuses.push(reply.status);
    }
    expect(statuses).toEqual(answers.map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([200, 304, 500]));
    const skipping = started.add(new HttpClient(await replayUrl(['--speed=max', '--skip-failures'])));
    for (let i = 0; i < statuses.length; i++) expect((await skipping.get('/')).status).toBe(200);
  });
});

describe('several sources', () => {
  test('are recorded side by side, without secrets, and replayed each at its path', async () => {
    const [a, b] = [started.add(await Upstream.start()), started.add(await Upstream.start())];
    b.body = Buffer.from('switch_id,b\nsw-0,1\n');
    a.headers = { 'Set-Cookie': 'session=hunter2', 'Last-Modified': 'yesterday' };
    const config = join(base, 'weft.yaml');
    const yaml = [
      'sources:',
      `  - { id: a, url: "${a.url()}?token=hunter2", headers: { Authorization: "Bearer \${TOKEN}" } }`,
      `  - { id: b.2, url: "${b.url()}" }`,
      '  - { id: pushed, push: true }',
    ];
    await writeFile(config, yaml.join('\n'));
    const flags = ['--config', config, '--out', folder];
    const recorder = await started.weft('record', { flags, env: { TOKEN: 'hunter2' } });
    const lines = await until('both', async () => {
      const all = await recorded();
      return new Set(all.map(({ source }) => source)).size === 2 ? all : null;
    });
    await recorder.stop();
    expect(recorder.events('startup')[0]!['sources']).toHaveLength(2);
    expect(a.header(0, 'authorization')).toBe('Bearer hunter2');
    expect(lines.find(({ source }) => source === 'a')!.headers['last-modified']).toBe('yesterday');
    expect(await readFile(join(folder, 'index.ndjson'), 'utf8')).not.toContain('hunter2');
    expect(JSON.stringify(recorder.log)).not.toContain('hunter2');
    const client = started.add(new HttpClient(await replayUrl()));
    expect((await client.get('/a')).body).toEqual(a.body);
    expect((await client.get('/b.2')).body).toEqual(b.body);
    const one = started.add(new HttpClient(await replayUrl(['--source', 'b.2'])));
    expect((await one.get('/csv/metrics')).body).toEqual(b.body);
  });
});

describe('the end of a recording', () => {
  test('comes with 1 when it cannot be written any more', async () => {
    const upstream = started.add(await Upstream.start());
    const recorder = await record(upstream.url());
    await until('a line', async () => (await recorded()).length > 0);
    await rm(join(folder, 'bodies'), { recursive: true });
    upstream.body = Buffer.from('switch_id,a\nsw-0,1\n');
    expect((await recorder.exit()).code).toBe(1);
    expect(recorder.stderr).toMatch(/^weft: cannot go on recording into .*: ENOENT/);
    expect(recorder.events('record.failed')[0]).toMatchObject({ bodies: 1 });
    // What could not be kept has no line either.
    expect(new Set((await recorded()).map(({ sha256 }) => sha256)).size).toBe(1);
  });
  test('by kill -9 leaves what can be replayed', async () => {
    const upstream = started.add(await Upstream.start());
    const rows = (n: number): Buffer => Buffer.from(`switch_id,a\n${`sw-${n},${n}\n`.repeat(50_000)}`);
    const recorder = await record(upstream.url(), [], { POLL_MS: 10 });
    for (let n = 0; n < 8; n++) {
      upstream.body = rows(n);
      await upstream.seen(upstream.requests.length + 1);
    }
    await until('a body', async () => (await recorded()).length > 2);
    await recorder.kill();
    const client = started.add(new HttpClient(await replayUrl(['--speed=max'])));
    const good = (await recorded()).filter(({ sha256 }) => sha256 !== null);
    for (const { sha256, bytes } of good) {
      const reply = await client.get('/');
      expect([reply.status, reply.body.length, reply.header('etag')]).toEqual([
        200,
        bytes,
        sha256!.slice(0, 32),
      ]);
    }
  });
  test('comes by itself with --duration and with --max-bytes', async () => {
    const upstream = started.add(await Upstream.start());
    const timed = await record(upstream.url(), ['--duration=300ms']);
    expect(await timed.exit()).toEqual({ code: 0, signal: null });
    expect(timed.events('shutdown')[0]!['reason']).toContain('--duration');
    await rm(folder, { recursive: true });
    upstream.body = Buffer.from('x'.repeat(3_000));
    const full = await record(upstream.url(), ['--max-bytes=4KiB']);
    await until('a line', async () => (await recorded()).length > 0);
    upstream.body = Buffer.from('y'.repeat(3_000));
    expect(await full.exit()).toEqual({ code: 0, signal: null });
    expect(full.events('shutdown')[0]!['reason']).toContain('--max-bytes');
    expect(full.text.join()).toContain('1 different bodies');
  });
  test('cannot come before its beginning: a folder in use, no upstream, no recording', async () => {
    await writeFile(join(base, 'file'), '');
    const refused = started.add(
      new WeftProcess(['record', 'http://127.0.0.1:1/', '--out', join(base, 'file')]),
    );
    expect((await refused.exit()).code).toBe(1);
    expect(refused.stderr).toContain('weft: cannot record into');
    const none = started.add(new WeftProcess(['replay', folder]));
    expect((await none.exit()).code).toBe(1);
    expect(none.stderr).toBe(`weft: cannot replay ${folder}: it has no index.ndjson\n`);
    const wrong = started.add(new WeftProcess(['record', '--duration=1']));
    expect((await wrong.exit()).code).toBe(78);
    expect(wrong.stderr.trim().split('\n')).toHaveLength(2);
  });
});

const numberIn = (line: string): number => Number(line.split(',')[1]);
