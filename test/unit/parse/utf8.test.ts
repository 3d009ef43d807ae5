import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, isUtf8, latin1ToUtf8 } from '../../../src/parse/utf8.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodes(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test('isUtf8 agrees with the strict decoder, on near misses above all', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => new TextEncoder().encode(text)),
    fc.uint8Array({ maxLength: 3 }),
    fc.constantFrom(
      [0xc0, 0x80],
      [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf0, 0x8f],
      [0xe2, 0x82],
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]));
      expect(isUtf8(bytes, 0, bytes.length)).toBe(decodes(bytes));
    }),
    { numRuns: 5000 },
  );
});

test('Latin-1 becomes the UTF-8 of the same characters', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const out = new Uint8Array(512);
  const length = latin1ToUtf8(all, 0, 256, out);
  expect(Buffer.from(out.subarray(0, length)).toString('utf8')).toBe(Buffer.from(all).toString('latin1'));
  expect(decodeText(Uint8Array.from([0xe4, 0x62]))).toBe('äb');
  expect(decodeText(Uint8Array.from([0xc3, 0xa4]))).toBe('ä');
});
