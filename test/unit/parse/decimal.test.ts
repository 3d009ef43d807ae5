import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scaleDecimal } from '../../../src/parse/decimal.js';

const split = (mantissa: bigint): [number, number] => [
  Number(mantissa >> 32n),
  Number(mantissa & 0xffffffffn),
];

describe('scaleDecimal', () => {
  test('gives the nearest double, or says that it cannot tell', () => {
    let undecided = 0;
    let total = 0;
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 64n - 1n), fc.integer({ min: -320, max: 310 }), (mantissa, q) => {
        const value = scaleDecimal(...split(mantissa), q);
        total++;
        if (Number.isNaN(value)) undecided++;
        else expect(value).toBe(Number(`${mantissa}e${q}`));
      }),
      { numRuns: 20_000 },
    );
    expect(undecided).toBeLessThan(total * 0.2);
  });

  test('is certain of nearly every number of ordinary size', () => {
    let undecided = 0;
    for (let i = 1; i <= 10_000; i++) {
      const mantissa = BigInt(i) * 1_234_567_891_011n + 7n;
      if (Number.isNaN(scaleDecimal(...split(mantissa), -(i % 40)))) undecided++;
    }
    expect(undecided).toBeLessThan(150);
  });

  test('leaves ties and the edges of the range to others', () => {
    // 2^53 + 1 lies exactly between two doubles.
    expect(scaleDecimal(...split(2n ** 53n + 1n), 0)).toBeNaN();
    expect(scaleDecimal(0, 1, -323)).toBeNaN();
    expect(scaleDecimal(0, 1, 400)).toBeNaN();
  });

  test.each([
    [1n, 0],
    [15n, -255],
    [5n, -1],
    [2n ** 53n, 0],
    [2n ** 64n - 1n, 0],
    [10n ** 19n, -19],
    [1n, -200],
    [17976931348623157n, 200],
  ])('%d x 10^%d', (mantissa, q) => {
    expect(scaleDecimal(...split(mantissa), q)).toBe(Number(`${mantissa}e${q}`));
  });
});
