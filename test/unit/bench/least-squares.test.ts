import { describe, expect, it } from 'vitest';
import { costOf, fitCosts, type Sample } from '../../../bench/parts/least-squares.js';

const SIZES = [
  [1, 100, 1_000],
  [1, 400, 48_000],
  [1, 20_000, 600_000],
  [1, 50_000, 6_000_000],
  [1, 1_000, 400_000],
];

function samples(costs: readonly number[], noise: readonly number[] = []): Sample[] {
  return SIZES.map((amounts, i) => ({ amounts, total: costOf(amounts, costs) * (1 + (noise[i] ?? 0)) }));
}

describe('fitted costs', () => {
  it('are those that the totals were made of', () => {
    const { coefficients, residuals } = fitCosts(samples([5_000, 3, 0.04]));
    expect(coefficients[0]).toBeCloseTo(5_000, 5);
    expect(coefficients[1]).toBeCloseTo(3, 8);
    expect(coefficients[2]).toBeCloseTo(0.04, 9);
    for (const residual of residuals) expect(residual).toBeCloseTo(0, 9);
  });

  it('are near them when the totals are noisy, and say how far the totals are off', () => {
    const { coefficients, residuals } = fitCosts(samples([5_000, 3, 0.04], [0.05, -0.05, 0.05, -0.05, 0.05]));
    expect(coefficients[0]! / 5_000).toBeCloseTo(1, 0);
    expect(coefficients[2]! / 0.04).toBeCloseTo(1, 0);
    expect(Math.max(...residuals.map(Math.abs))).toBeLessThan(0.12);
    expect(Math.max(...residuals.map(Math.abs))).toBeGreaterThan(0.01);
  });

  it('are never negative', () => {
    const { coefficients } = fitCosts(samples([5_000, -3, 0.04]));
    expect(coefficients[1]).toBe(0);
    expect(coefficients.every((cost) => cost >= 0)).toBe(true);
  });

  it('weigh samples by their scale where one is given', () => {
    const two: Sample[] = [
      { amounts: [1], total: 10, scale: 1 },
      { amounts: [1], total: 20, scale: 1000 },
    ];
    expect(fitCosts(two).coefficients[0]).toBeCloseTo(10, 3);
  });

  it('are not made up where the samples cannot tell them apart', () => {
    const alike: Sample[] = [
      { amounts: [1, 2], total: 3 },
      { amounts: [2, 4], total: 6 },
    ];
    expect(() => fitCosts(alike)).toThrow('cannot fit');
  });
});
