import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cellBytes,
  putCounter,
  putFixed,
  putHex,
  putHundredths,
  putInt,
  putPadded,
  putTiny,
  putWhole,
} from '../../../src/simulator/digits.js';

const out = new Uint8Array(64);

/** What a writer wrote at position 3, so that a wrong start shows. */
function written(put: (pos: number) => number): string {
  out.fill(0x23);
  const text = new TextDecoder().decode(out.slice(3, put(3)));
  expect(out[2]).toBe(0x23);
  return text;
}

test('counters print all digits of any 64-bit integer', () => {
  const edges = [
    0n,
    9n,
    10n,
    99_999n,
    100_000n,
    2n ** 53n + 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    10n ** 10n,
    10n ** 10n - 1n,
  ];
  const check = (value: bigint): void => {
    const high = Number(value / 10_000_000_000n);
    const low = Number(value % 10_000_000_000n);
    expect(written((pos) => putCounter(out, pos, high, low))).toBe(value.toString());
  };
  edges.forEach(check);
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), check));
});

test('whole numbers print like String', () => {
  const check = (value: number): void => {
    expect(written((pos) => putWhole(out, pos, value))).toBe(String(value));
  };
  [0, 1, 9, 10, 99, 100, 999_999_999, 2 ** 31, 1e10, 2 ** 53 - 1].forEach(check);
  fc.assert(fc.property(fc.maxSafeNat(), check));
  for (const value of [0, 7, 10, 99, 100, 12_345, 2 ** 31 - 1]) {
    expect(written((pos) => putInt(out, pos, value))).toBe(String(value));
    expect(written((pos) => putPadded(out, pos, value % 1000, 5))).toBe(
      String(value % 1000).padStart(5, '0'),
    );
  }
});

test('fractions print like toFixed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(10 ** 8), max: 10 ** 8 }),
      fc.integer({ min: 1, max: 6 }),
      (scaled, decimals) => {
        const text = written((pos) => putFixed(out, pos, scaled, decimals));
        expect(text).toBe((scaled / 10 ** decimals).toFixed(decimals));
      },
    ),
  );
});

test('hundredths keep one decimal at least', () => {
  const texts = [0, 5, 10, 100, 110, 12_150, 12_155].map((value) =>
    written((pos) => putHundredths(out, pos, value)),
  );
  expect(texts).toEqual(['0.0', '0.05', '0.1', '1.0', '1.1', '121.5', '121.55']);
});

test('tiny rates and hexadecimal', () => {
  expect(written((pos) => putTiny(out, pos, 15, 254))).toBe('1.5e-254');
  expect(written((pos) => putTiny(out, pos, 99, 7))).toBe('9.9e-07');
  expect(written((pos) => putHex(out, pos, 0x00c0ffee, 8))).toBe('00c0ffee');
  expect(written((pos) => putHex(out, pos, -1, 4))).toBe('ffff');
});

test('cells are quoted only where they must be', () => {
  const quoted = ['plain', 'a,b', 'say "x"', ''].map((text) => new TextDecoder().decode(cellBytes(text)));
  expect(quoted).toEqual(['plain', '"a,b"', '"say ""x"""', '']);
});
