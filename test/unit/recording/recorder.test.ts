import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Recorder, RecordingFull } from '../../../src/recording/recorder.js';
import { parseLine } from '../../../src/recording/index-line.js';

let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'weft-recorder-')), 'new', 'folder');
});
afterEach(() => rm(join(folder, '..', '..'), { recursive: true }));

const open = (options: { gzip?: boolean; bytesMax?: number } = {}): Promise<Recorder> =>
  Recorder.open({ folder, gzip: false, bytesMax: 1e7, ...options });

const shared = (text: string): Uint8Array => {
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length));
  bytes.set(Buffer.from(text));
  return bytes;
};

const NO_BODY = {
  source: 'a',
  url: 'http://h/',
  received_at_ms: 1,
  fetch_ms: 1,
  outcome: 'timeout',
  status: null,
  message: 'late',
  snapshot_ts_ms: null,
  content_type: null,
  headers: {},
  file: null,
  bytes: null,
  stored_bytes: null,
  sha256: null,
} as const;

test('a body is stored unchanged, under its digest; an equal one after it is not stored again', async () => {
  const recorder = await open();
  const text = 'switch_id,a\n'.repeat(100_000);
  const first = await recorder.keep('a', shared(text));
  const second = await recorder.keep('a', shared(text));
  const other = await recorder.keep('.b', shared(text));
  await recorder.close();
  expect(await readFile(join(folder, first.file), 'latin1')).toBe(text);
  expect(first).toMatchObject({ isNew: true, bytes: text.length, storedBytes: text.length });
  expect(second).toEqual({ ...first, isNew: false });
  expect(other.file).toBe('bodies/_b-00000002.csv');
  expect(recorder.kept).toEqual({ answers: 0, bodies: 2, bytes: 2 * text.length });
  expect((await readdir(join(folder, 'bodies'))).sort()).toEqual(['_b-00000002.csv', 'a-00000001.csv']);
});

test('compressed bodies are named so', async () => {
  const recorder = await open({ gzip: true });
  const { file, bytes, storedBytes } = await recorder.keep('a', shared('x'.repeat(10_000)));
  await recorder.close();
  expect(file).toBe('bodies/a-00000001.csv.gz');
  const stored = await readFile(join(folder, file));
  expect(gunzipSync(stored).toString()).toBe('x'.repeat(10_000));
  expect([bytes, storedBytes]).toEqual([10_000, stored.length]);
});

test('lines stand in the order they were given, complete when it is closed', async () => {
  const recorder = await open();
  for (let i = 0; i < 50; i++) void recorder.append({ ...NO_BODY, received_at_ms: i });
  await recorder.close();
  const lines = (await readFile(join(folder, 'index.ndjson'), 'utf8')).trimEnd().split('\n').map(parseLine);
  expect(lines.map((line) => typeof line === 'string' || line.received_at_ms)).toEqual([
    ...Array.from({ length: 50 }, (_, i) => i),
  ]);
});

test('what does not fit is refused, and leaves nothing behind', async () => {
  for (const gzip of [false, true]) {
    const recorder = await open({ bytesMax: 2_000, gzip });
    const noise = shared(Array.from({ length: 3_000 }, (_, i) => (i * i * 7919) % 9973).join(','));
    await recorder.keep('a', shared('x'));
    await expect(recorder.keep('a', noise)).rejects.toBeInstanceOf(RecordingFull);
    await recorder.append(NO_BODY);
    const filling = Array.from({ length: 20 }, () => recorder.append(NO_BODY));
    await expect(Promise.all(filling)).rejects.toThrow('more than 2000 bytes (--max-bytes)');
    await Promise.allSettled(filling);
    await recorder.close();
    expect(await readdir(join(folder, 'bodies'))).toHaveLength(1);
    expect(recorder.kept.bytes).toBeLessThanOrEqual(2_000);
    await rm(folder, { recursive: true });
  }
});

test('a folder that holds a recording is not written', async () => {
  const recorder = await open();
  await recorder.close();
  await expect(open()).rejects.toThrow(/^cannot record into .*folder \(--out\): it holds something already/);
});
