import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBeyondDouble, NUMBER_BYTES_MAX, putF64, putI64, putU64 } from '../../../src/view/digits.js';

const u8 = new Uint8Array(NUMBER_BYTES_MAX + 1);

/** What `put` writes behind an odd start, and that it stays inside its room. */
function text(put: (at: number) => number): string {
  u8.fill(0xff);
  const end = put(1);
  expect(u8[0]).toBe(0xff);
  expect(u8.subarray(end).every((byte) => byte === 0xff)).toBe(true);
  return Buffer.from(u8.subarray(1, end)).toString();
}

const double = (value: number): string => text((at) => putF64(u8, at, value));
const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const i64 = (value: bigint): string => text((at) => putI64(u8, at, high(value), low(value)));
const u64 = (value: bigint): string => text((at) => putU64(u8, at, high(value) >>> 0, low(value) >>> 0));

/** Every power of two and of ten of 64 bits, and their neighbours. */
function corners(): bigint[] {
  const found: bigint[] = [];
  for (let bit = 0n; bit <= 64n; bit++) for (let d = -2n; d <= 2n; d++) found.push((1n << bit) + d);
  for (let power = 1n; power < 10n ** 20n; power *= 10n) found.push(power - 1n, power, power + 1n);
  return found;
}

describe('integers', () => {
  it('are exact at every corner of i64', () => {
    for (const corner of corners()) {
      for (const value of [corner, -corner]) {
        if (value === BigInt.asIntN(64, value)) expect(i64(value)).toBe(String(value));
      }
    }
  });

  it('are exact at every corner of u64', () => {
    for (const value of corners())
      if (value >= 0n && value < 1n << 64n) expect(u64(value)).toBe(String(value));
  });

  it('are exact anywhere', () => {
    const signed = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    const unsigned = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(signed, unsigned, (one, other) => {
        expect(i64(one)).toBe(String(one));
        expect(u64(other)).toBe(String(other));
      }),
      { numRuns: 2000 },
    );
  });

  it('are beyond a double above 2^53, in both directions', () => {
    const edge = 2n ** 53n;
    const beyond = (value: bigint, signed: boolean): boolean =>
      isBeyondDouble(high(value), low(value), signed);
    expect(
      [edge - 1n, edge, edge + 1n, -edge, -edge - 1n, -1n, 0n].map((value) => beyond(value, true)),
    ).toEqual([false, false, true, false, true, false, false]);
    expect(beyond(2n ** 64n - 1n, false)).toBe(true);
    expect(beyond(2n ** 63n, false)).toBe(true);
    expect(beyond(-(2n ** 63n), true)).toBe(true);
    expect(beyond(edge, false)).toBe(false);
  });
});

describe('doubles', () => {
  it.each([
    0,
    1,
    9,
    10,
    99,
    100,
    12345,
    999_999_999,
    1e9,
    2147483647,
    2147483648,
    4294967296,
    2 ** 53,
    2 ** 53 - 1,
    1e21,
    1e22,
    0.1,
    0.5,
    0.25,
    0.001,
    0.0001,
    0.000001,
    0.0000001,
    0.1 + 0.2,
    34.1,
    4.35,
    1.005,
    0.999,
    0.9999995,
    999_999_999.5,
    999_999_999.999999,
    1e9 + 0.5,
    123456.789012,
    123.4567891,
    5e-324,
    1.7976931348623157e308,
    1.5e-254,
    1 / 3,
  ])('%d reads as JavaScript writes it, either sign', (value) => {
    expect(double(value)).toBe(String(value));
    if (value !== 0) expect(double(-value)).toBe(String(-value));
  });

  it('write minus zero as zero, as JSON.stringify does', () => {
    expect(double(-0)).toBe('0');
  });

  it('come out as String writes them, whatever they are', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 0, max: 8 }))
      .map(([digits, places]) => digits / 10 ** places);
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    const near = fc.double({ min: -1e10, max: 1e10, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(decimal, any, near), (value) => {
        expect(double(value)).toBe(String(value));
      }),
      { numRuns: 3000 },
    );
  });
});
