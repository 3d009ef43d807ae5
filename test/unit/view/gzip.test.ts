import { createInflateRaw, deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/view/crc32.js';
import { gzipEnd, gzipPrefix } from '../../../src/view/gzip.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Reads a gzip file as RFC 1952 tells a strict reader: one member, its checks, nothing behind it. */
async function strictGunzip(file: Uint8Array): Promise<string> {
  expect([...file.subarray(0, 4)]).toEqual([0x1f, 0x8b, 8, 0]);
  const inflate = createInflateRaw();
  const chunks: Buffer[] = [];
  inflate.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve, reject) => inflate.on('end', resolve).on('error', reject));
  inflate.end(file.subarray(10));
  await done;
  const raw = Buffer.concat(chunks);
  // What the decoder consumed ends where the checks begin.
  expect(inflate.bytesWritten).toBe(file.length - 10 - 8);
  const checks = Buffer.from(file.subarray(file.length - 8));
  expect(checks.readUInt32LE(0)).toBe(crc32(raw));
  expect(checks.readUInt32LE(4)).toBe(raw.length);
  return raw.toString();
}

describe('crc32', () => {
  it('is the one of the standard, whole or continued', () => {
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
    expect(crc32(bytes(''))).toBe(0);
    const text = bytes('The quick brown fox jumps over the lazy dog');
    expect(crc32(text)).toBe(0x414fa339);
    for (let cut = 0; cut <= text.length; cut++) {
      expect(crc32(text.subarray(cut), crc32(text.subarray(0, cut)))).toBe(0x414fa339);
    }
  });
});

describe('a gzip member in two pieces', () => {
  it.each([
    ['{"items":[1,2,3]', ',"age_ms":812}'],
    ['{"items":[1,2,3]}', ''],
    ['', '{}'],
    ['', ''],
    ['x'.repeat(1_000_000), ',"age_ms":1}'],
    ['short', 't'.repeat(65_535)],
    ['short', 't'.repeat(65_536)],
    ['short', 't'.repeat(200_000)],
  ])('%# is one strict member with the right checks', async (head, tail) => {
    const prefix = gzipPrefix(bytes(head));
    const file = Buffer.concat([prefix.bytes, gzipEnd(prefix.crc, prefix.rawLength, bytes(tail))]);
    expect(gunzipSync(file).toString()).toBe(head + tail);
    expect(await strictGunzip(file)).toBe(head + tail);
  });

  it('is deflated once: two responses differ only in their end', () => {
    const prefix = gzipPrefix(bytes('a'.repeat(10_000)));
    const first = Buffer.concat([prefix.bytes, gzipEnd(prefix.crc, prefix.rawLength, bytes('1'))]);
    const second = Buffer.concat([prefix.bytes, gzipEnd(prefix.crc, prefix.rawLength, bytes('22'))]);
    expect(gunzipSync(first).toString()).toBe('a'.repeat(10_000) + '1');
    expect(gunzipSync(second).toString()).toBe('a'.repeat(10_000) + '22');
    expect(prefix.bytes.length).toBeLessThan(200);
  });

  it('would be caught by the strict reader if its checks were wrong, or a second member followed', async () => {
    const prefix = gzipPrefix(bytes('body'));
    const end = gzipEnd(prefix.crc ^ 1, prefix.rawLength, bytes(''));
    await expect(strictGunzip(Buffer.concat([prefix.bytes, end]))).rejects.toThrowError();
    const raw = deflateRawSync(bytes('more'));
    expect(inflateRawSync(raw).toString()).toBe('more');
    const good = Buffer.concat([prefix.bytes, gzipEnd(prefix.crc, prefix.rawLength, bytes(''))]);
    await expect(strictGunzip(Buffer.concat([good, good]))).rejects.toThrowError();
  });
});
