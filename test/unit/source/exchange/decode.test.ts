import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../../src/model/outcome.js';
import { Gunzip } from '../../../../src/source/exchange/decode.js';
import { flush, seededRandom } from '../../../fixtures/fake-clock.js';

interface Decoded {
  readonly text: string;
  readonly verdict: string;
}

/** Feeds the parts one by one, with backpressure, and pauses between them when told. */
async function gunzip(parts: readonly Uint8Array[], pauses = false): Promise<Decoded> {
  let text = '';
  let drained = (): void => {};
  let conclude!: (verdict: string) => void;
  const verdict = new Promise<string>((resolve) => (conclude = resolve));
  const decoder = new Gunzip({
    data: (chunk) => (text += Buffer.from(chunk).toString('latin1')),
    drained: () => drained(),
    done: () => conclude('done'),
    failed: (error) => conclude(error instanceof DeliveryError ? error.outcome : String(error)),
  });
  for (const part of parts) {
    const room = new Promise<void>((resolve) => (drained = resolve));
    if (!decoder.write(part)) await Promise.race([room, verdict]);
    if (pauses) await flush();
  }
  decoder.end();
  return { verdict: await verdict, text };
}

const TEXT = Array.from({ length: 20_000 }, (_, i) => `sw-${i},${i * 7919}\n`).join('');
const WHOLE = gzipSync(Buffer.from(TEXT));

describe('gunzip', () => {
  it('decodes whatever the pieces', async () => {
    const random = seededRandom(3);
    for (let round = 0; round < 20; round++) {
      const parts: Buffer[] = [];
      for (let at = 0; at < WHOLE.byteLength;) {
        const size = 1 + Math.floor(random() ** 4 * 30_000);
        parts.push(WHOLE.subarray(at, at + size));
        at += size;
      }
      expect(await gunzip(parts)).toEqual({ verdict: 'done', text: TEXT });
    }
  });

  it('decodes several members as one body', async () => {
    const decoded = await gunzip([gzipSync(Buffer.from('a,')), gzipSync(Buffer.from('b\n'))], true);
    expect(decoded).toEqual({ verdict: 'done', text: 'a,b\n' });
  });

  it.each([
    ['in its header', 5],
    ['in a block', WHOLE.byteLength >> 1],
    ['in its checksum', WHOLE.byteLength - 3],
  ])('a stream cut %s is truncated', async (_where, bytes) => {
    expect((await gunzip([WHOLE.subarray(0, bytes)])).verdict).toBe('truncated');
  });

  it.each([
    ['text', Buffer.from('garbage')],
    ['zeros', Buffer.alloc(7)],
    ['zeros and text', Buffer.from('\0\0x')],
  ])('%s behind the stream is refused, in the same piece and in a later one', async (_what, tail) => {
    expect((await gunzip([Buffer.concat([WHOLE, tail])])).verdict).toBe('encoding');
    expect((await gunzip([WHOLE, tail], true)).verdict).toBe('encoding');
    expect((await gunzip([Buffer.concat([WHOLE, tail]), tail], true)).verdict).toBe('encoding');
  });

  it('a wrong checksum and plain text are refused', async () => {
    const corrupt = Buffer.from(WHOLE);
    corrupt[corrupt.byteLength - 6]! ^= 1;
    expect((await gunzip([corrupt])).verdict).toBe('encoding');
    expect((await gunzip([Buffer.from(TEXT)])).verdict).toBe('encoding');
  });

  it('an error of the receiver ends the decoding with that error, once', async () => {
    const failures: unknown[] = [];
    let pieces = 0;
    const decoder = new Gunzip({
      data: () => {
        pieces += 1;
        throw new Error('full');
      },
      drained: () => {},
      done: () => failures.push('done'),
      failed: (error) => failures.push(error),
    });
    decoder.write(gzipSync(Buffer.alloc(4 * 1024 * 1024)));
    decoder.end();
    while (failures.length === 0) await flush();
    await flush();
    expect(pieces).toBe(1);
    expect(failures).toEqual([new Error('full')]);
  });
});
