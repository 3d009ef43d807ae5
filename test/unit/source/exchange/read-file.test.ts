import { appendFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AllocateBody } from '../../../../src/model/body.js';
import { systemClock } from '../../../../src/model/clock.js';
import type { Exchanged } from '../../../../src/source/exchange/attempt.js';
import { FileExchange } from '../../../../src/source/exchange/read-file.js';
import { SinkLedger, textOf } from '../../../fixtures/memory-sink.js';

const LIMITS = { intervalMs: 60_000, timeoutMs: 5_000, bodyBytesMax: 4_000_000, decodedBytesMax: 4_000_000 };
const OLD_S = 1_700_000_000;
const TEXT = 'switch_id,a\nsw-0,1\n';

let folder: string;
let path: string;
let ledger: SinkLedger;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-read-'));
  path = join(folder, 'saved.csv');
  ledger = new SinkLedger();
});
afterEach(() => rm(folder, { recursive: true }));

const exchange = (limits: Partial<typeof LIMITS> = {}): FileExchange =>
  new FileExchange(path, { ...LIMITS, ...limits }, systemClock, ledger.allocate);

async function save(content: string | Uint8Array): Promise<void> {
  await writeFile(path, content);
  await utimes(path, OLD_S, OLD_S);
}

const look = (of: FileExchange, etag: string | null = null): Promise<Exchanged> =>
  of.fetch(etag, new AbortController().signal);

async function bodyOf(of: FileExchange): Promise<Extract<Exchanged, { kind: 'body' }>> {
  const found = await look(of);
  if (found.kind !== 'body') throw new Error(`${found.kind}: ${'message' in found ? found.message : ''}`);
  return found;
}

async function failure(of: FileExchange): Promise<{ outcome: string; message: string }> {
  const found = await look(of);
  expect(ledger.held).toBe(0);
  return found.kind === 'failed' ? found : { outcome: found.kind, message: '' };
}

test('a file that rests is read at once; its time is the time of the data', async () => {
  await save(TEXT);
  const { body, etag } = await bodyOf(exchange());
  expect(textOf(body.bytes)).toBe(TEXT);
  expect(body).toMatchObject({ snapshotTsMs: OLD_S * 1000, wireBytes: TEXT.length, hasEtag: true });
  expect((await look(exchange(), etag)).kind).toBe('not_modified');
});

test('a new file is read once it has not changed from one look to the next', async () => {
  const one = exchange();
  await writeFile(path, TEXT);
  expect(await failure(one)).toMatchObject({ outcome: 'skipped' });
  await appendFile(path, 'sw-1,2\n');
  expect(await failure(one)).toMatchObject({ outcome: 'skipped' });
  expect(textOf((await bodyOf(one)).body.bytes)).toBe(`${TEXT}sw-1,2\n`);
});

test('what is written while it is read is not delivered', async () => {
  await save(TEXT);
  const writing: AllocateBody = (hint, bytesMax) => {
    appendFileSync(path, 'sw-1,2\n');
    return ledger.allocate(hint, bytesMax);
  };
  const one = new FileExchange(path, LIMITS, systemClock, writing);
  expect(await failure(one)).toMatchObject({ outcome: 'skipped' });
});

test('what is appended is another file', async () => {
  await save(TEXT);
  const one = exchange();
  const { etag } = await bodyOf(one);
  await appendFile(path, TEXT);
  await utimes(path, OLD_S, OLD_S);
  const again = await look(one, etag);
  expect(again.kind).toBe('body');
});

test('gzip is told by its first bytes; appended members are one text', async () => {
  const large = TEXT + 'sw-1,18446744073709551615\n'.repeat(100_000);
  await save(Buffer.concat([gzipSync(large), gzipSync('sw-2,7\n')]));
  const { body } = await bodyOf(exchange());
  expect(textOf(body.bytes)).toBe(`${large}sw-2,7\n`);
});

test('a gzip of many chunks is read whole, and so is a plain file', async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `sw-${i},${((i * 2654435761) % 4294967296) ** 2}`);
  const text = `switch_id,a\n${lines.join('\n')}\n`;
  const zipped = gzipSync(text, { level: 0 });
  expect(zipped.length).toBeGreaterThan(900_000);
  for (const content of [zipped, text]) {
    await save(content);
    expect(textOf((await bodyOf(exchange())).body.bytes) === text).toBe(true);
  }
});

test('a cut gzip, a missing file, a folder and too many bytes are told apart', async () => {
  await save(gzipSync(TEXT).subarray(0, 25));
  expect(await failure(exchange())).toMatchObject({ outcome: 'truncated' });
  await save(TEXT.repeat(100));
  expect(await failure(exchange({ bodyBytesMax: 1024 }))).toMatchObject({
    outcome: 'too_large',
    message: `cannot read ${path}: the body of 1900 bytes exceeds 1024 bytes; raise MAX_BODY_BYTES (max_body_bytes)`,
  });
  await save(gzipSync('x'.repeat(3_000_000)));
  expect(await failure(exchange({ decodedBytesMax: 2_000_000 }))).toMatchObject({ outcome: 'too_large' });
  path = join(folder, 'none.csv');
  expect(await failure(exchange())).toEqual(
    expect.objectContaining({ outcome: 'connect', message: `cannot read ${path}: no such file` }),
  );
  path = folder;
  expect(await failure(exchange())).toMatchObject({ outcome: 'content_type' });
});

test('an empty file is an empty body: the parser says what it is', async () => {
  await save('');
  expect((await bodyOf(exchange())).body.bytes.byteLength).toBe(0);
});
