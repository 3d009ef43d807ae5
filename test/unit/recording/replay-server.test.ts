import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../../src/model/log.js';
import { nullLogger } from '../../../src/model/log.js';
import { startReplay, type Replay, type ReplayOptions } from '../../../src/recording/replay-server.js';
import { readTimeline } from '../../../src/recording/timeline.js';
import { FakeClock } from '../../fixtures/fake-clock.js';
import { HttpClient, type Asked, type Reply } from '../../fixtures/http-client.js';
import { RecordingFolder, T0_MS } from '../../fixtures/recordings.js';

const NOW_MS = Date.UTC(2026, 0, 1);

let folder: RecordingFolder;
let clock: FakeClock;
let replay: Replay;
let client: HttpClient;
let warned: string[];

beforeEach(async () => {
  folder = await RecordingFolder.make();
  clock = new FakeClock(NOW_MS);
  warned = [];
});
afterEach(async () => {
  client.close();
  await replay.close();
  await folder.close();
});

async function start(options: Partial<ReplayOptions> = {}): Promise<void> {
  await folder.write();
  const log: Logger = { ...nullLogger, warn: (_event, _fields, message) => warned.push(message!) };
  const timeline = await readTimeline(
    { folder: folder.path, source: null, skipFailures: false },
    (line, why) => warned.push(`line ${line}: ${why}`),
  );
  const given = { host: '127.0.0.1', port: 0, speed: 1, loop: false, times: 'shifted', ...options } as const;
  replay = await startReplay(timeline, given, { clock, log });
  client = new HttpClient(replay.url);
}

const get = (path = '/a', asked: Asked = {}): Promise<Reply> => client.get(path, asked);
const textAt = async (byMs: number): Promise<string> => {
  await clock.advance(byMs);
  return (await get()).text;
};
const tsOf = (reply: Reply): number => Number(reply.header('x-snapshot-ts')) - NOW_MS;

async function three(): Promise<void> {
  await folder.body(0, 'x\n1\n');
  await folder.body(1_000, 'x\n2\n');
  await folder.body(2_000, 'x\n3\n');
}

describe('time', () => {
  test('passes as it did; after the end the last body stays', async () => {
    await three();
    await start();
    expect([
      await textAt(0),
      await textAt(999),
      await textAt(1),
      await textAt(1_000),
      await textAt(60_000),
    ]).toEqual(['x\n1\n', 'x\n1\n', 'x\n2\n', 'x\n3\n', 'x\n3\n']);
  });
  test('passes faster or slower with a speed', async () => {
    await three();
    await start({ speed: 10 });
    expect([await textAt(99), await textAt(1), await textAt(100)]).toEqual(['x\n1\n', 'x\n2\n', 'x\n3\n']);
  });
  test('begins again with loop, a pause behind the last body', async () => {
    await three();
    await start({ loop: true });
    expect([await textAt(2_999), await textAt(1), await textAt(1_000), await textAt(30_000_000)]).toEqual([
      'x\n3\n',
      'x\n1\n',
      'x\n2\n',
      'x\n2\n',
    ]);
  });
  test('is moved by requests with speed max; HEAD moves nothing', async () => {
    await three();
    await start({ speed: 'max' });
    const head = await get('/a', { method: 'HEAD' });
    const first = await get();
    expect(head.header('etag')).toBe(first.header('etag'));
    await get('/a', { method: 'HEAD' });
    expect([first.text, (await get()).text, (await get()).text, (await get()).text]).toEqual([
      'x\n1\n',
      'x\n2\n',
      'x\n3\n',
      'x\n3\n',
    ]);
  });
  test('moves round and round with speed max and loop', async () => {
    await three();
    await start({ speed: 'max', loop: true });
    const texts = [];
    for (let i = 0; i < 5; i++) texts.push((await get()).text[2]);
    expect(texts.join('')).toBe('12312');
  });
});

describe('X-Snapshot-Ts', () => {
  test('is shifted into now: as old as it was, at the pace of the replay', async () => {
    await three();
    await start();
    expect(tsOf(await get())).toBe(-100);
    await clock.advance(1_500);
    expect(tsOf(await get())).toBe(900);
  });
  test('shifts by rounds with loop, and by requests with speed max', async () => {
    await three();
    await start({ loop: true, speed: 2 });
    await clock.advance(1_500);
    expect(tsOf(await get())).toBe(1_450);
  });
  test('is as old as it was with speed max', async () => {
    await three();
    await start({ speed: 'max' });
    await clock.advance(5_000);
    expect(tsOf(await get())).toBe(4_900);
  });
  test('stays as it was with times original, and absent where none was recorded', async () => {
    await folder.body(0, 'x\n1\n');
    await folder.body(10, 'x\n2\n', { snapshot_ts_ms: null });
    await start({ times: 'original' });
    expect((await get()).header('x-snapshot-ts')).toBe(String(T0_MS - 100));
    await clock.advance(10);
    expect((await get()).header('x-snapshot-ts')).toBeUndefined();
  });
});

describe('HTTP', () => {
  test('an ETag names each body exactly; If-None-Match gives 304', async () => {
    await three();
    await start();
    const etag = (await get()).header('etag')!;
    expect(etag).toMatch(/^[0-9a-f]{32}$/);
    const again = await get('/a', { headers: { 'If-None-Match': etag } });
    expect([again.status, again.body.length, again.header('etag')]).toEqual([304, 0, etag]);
    expect((await get('/a', { headers: { 'If-None-Match': `"${etag}"` } })).status).toBe(200);
    await clock.advance(1_000);
    expect((await get('/a', { headers: { 'If-None-Match': etag } })).status).toBe(200);
  });
  test('gzip goes to those who take it, under another ETag', async () => {
    const text = 'switch_id,a\nsw-0,1\n'.repeat(10_000);
    await folder.body(0, text, { file: 'bodies/a.csv.gz' });
    await start();
    const plain = await get();
    const zipped = await get('/a', { headers: { 'Accept-Encoding': 'br, gzip' } });
    expect([plain.text, zipped.text]).toEqual([text, text]);
    expect([zipped.header('content-encoding'), zipped.body.length < 5_000]).toEqual(['gzip', true]);
    expect(zipped.header('etag')).toBe(`${plain.header('etag')}-gzip`);
    expect((await get('/a', { headers: { 'Accept-Encoding': 'gzip;q=0' } })).body.length).toBe(text.length);
  });
  test('the usual paths answer for an only source; other paths and methods are refused', async () => {
    await three();
    await start();
    for (const path of ['/a', '/a?x=1', '/', '/counters', '/csv/metrics'])
      expect((await get(path)).status).toBe(200);
    expect((await get('/health')).json).toEqual({ ok: true });
    const lost = await get('/none');
    expect([lost.status, lost.json['message']]).toEqual([404, 'No such path: try /a or /health.']);
    expect((await get('/%')).status).toBe(404);
    expect((await get('/a', { method: 'POST' })).header('allow')).toBe('GET, HEAD');
    const head = await get('/a', { method: 'HEAD' });
    expect([head.status, head.body.length, head.header('content-length')]).toEqual([200, 0, '4']);
  });
  test('several sources have a path each, and no other', async () => {
    await three();
    await folder.body(0, 'y\n', { source: 'b.2', file: 'bodies/b.csv' });
    await start();
    expect([(await get('/a')).text, (await get('/b.2')).text]).toEqual(['x\n1\n', 'y\n']);
    expect((await get('/counters')).status).toBe(404);
  });
});

describe('failures and damage', () => {
  test('failures are answered as they were, or 503 with a note', async () => {
    await folder.body(0, 'x\n');
    folder.failure(10, 'status', 404);
    folder.failure(20, 'truncated', 200);
    folder.line(30);
    await start();
    await clock.advance(10);
    expect([(await get()).status, (await get()).json['message']]).toEqual([
      404,
      'recorded: status: cannot fetch: status',
    ]);
    await clock.advance(10);
    expect([(await get()).status, (await get()).json['error']]).toEqual([503, 'recorded_failure']);
    await clock.advance(10);
    expect((await get()).text).toBe('x\n');
  });
  test('a body that is not what was recorded is refused, named once with its line', async () => {
    const file = await folder.body(0, 'x\n1\n');
    await folder.body(10, 'x\n2\n');
    await writeFile(join(folder.path, file), 'x\n9\n');
    await start();
    for (let i = 0; i < 2; i++) {
      const reply = await get();
      expect([reply.status, reply.header('etag')]).toEqual([503, undefined]);
      expect(reply.json['message']).toBe('The body of line 1 is not what was recorded.');
    }
    expect(warned).toEqual([expect.stringMatching(/^line 1: .*its digest is not the recorded one$/)]);
    await clock.advance(10);
    expect((await get()).text).toBe('x\n2\n');
  });
});
