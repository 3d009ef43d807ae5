import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { BUCKET_BOUNDS_US, LATENCY_US_MAX, LatencyHistogram } from '../../../src/stats/latency-histogram.js';

const open: LatencyHistogram[] = [];
const histogram = (): LatencyHistogram => {
  const one = new LatencyHistogram();
  open.push(one);
  return one;
};

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const NOTHING = { p50: null, p90: null, p95: null, p99: null, p999: null, max: null, count: 0 };

describe('LatencyHistogram', () => {
  test('says null and not zero while nothing was recorded', () => {
    expect(histogram().summary()).toEqual(NOTHING);
    expect(
      histogram()
        .cumulatedCounts()
        .every((count) => count === 0),
    ).toBe(true);
  });

  test('speaks in milliseconds with microsecond resolution', () => {
    const one = histogram();
    for (let us = 1; us <= 1000; us++) one.record(us);
    expect(one.summary()).toEqual({
      p50: 0.5,
      p90: 0.9,
      p95: 0.95,
      p99: 0.99,
      p999: 0.999,
      max: 1,
      count: 1000,
    });
  });

  test('clamps garbage to its range, and stays valid JSON', () => {
    const one = histogram();
    for (const us of [NaN, -1, -Infinity, 0, 0.2, 1e-300, -0]) one.record(us);
    expect(one.summary()).toEqual({
      p50: 0.001,
      p90: 0.001,
      p95: 0.001,
      p99: 0.001,
      p999: 0.001,
      max: 0.001,
      count: 7,
    });
    for (const us of [Infinity, 1e300, Number.MAX_SAFE_INTEGER, 60_000_001, 2 ** 31, 2 ** 32 + 1])
      one.record(us);
    const summary = one.summary();
    expect(summary).toMatchObject({ p50: 0.001, p99: 60_000, max: 60_000, count: 13 });
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
    one.record(undefined as unknown as number);
    one.record('x' as unknown as number);
    expect(one.summary().count).toBe(15);
  });

  test('rounds to whole microseconds', () => {
    const one = histogram();
    one.record(1.49);
    one.record(2.5);
    expect(one.summary()).toMatchObject({ p50: 0.001, max: 0.003 });
    expect(one.sumUs).toBe(4);
  });

  test('never shows a percentile above the greatest value', () => {
    const one = histogram();
    one.record(1_234_567);
    expect(one.summary()).toMatchObject({ p50: 1234.567, p999: 1234.567, max: 1234.567 });
  });

  test('agrees with sorting, within one part in a thousand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: LATENCY_US_MAX }), { minLength: 1, maxLength: 300 }),
        (values) => {
          const one = histogram();
          for (const us of values) one.record(us);
          const sorted = [...values].sort((a, b) => a - b);
          const { p50, p90, p99, max, count } = one.summary();
          for (const [percentile, ms] of [
            [50, p50],
            [90, p90],
            [99, p99],
          ] as const) {
            const exact = sorted[Math.ceil((percentile / 100) * sorted.length) - 1]! / 1000;
            expect(ms!).toBeGreaterThanOrEqual(exact);
            expect(ms!).toBeLessThanOrEqual(exact * 1.001 + 1e-9);
          }
          expect(max).toBe(sorted.at(-1)! / 1000);
          expect(count).toBe(values.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('counts each value into the bucket whose bound is the first not below it', () => {
    for (const us of [1, 2, 3, 4, 5, 8, 9, 1024, 1025, 59_999_999, 60_000_000]) {
      const one = histogram();
      one.record(us);
      const first = BUCKET_BOUNDS_US.findIndex((bound) => us <= bound);
      expect(one.cumulatedCounts()).toEqual(BUCKET_BOUNDS_US.map((_, index) => (index >= first ? 1 : 0)));
    }
  });

  test('takes milliseconds, too', () => {
    const one = histogram();
    one.recordMs(1.5);
    one.recordMs(NaN);
    expect(one.summary()).toMatchObject({ max: 1.5, count: 2 });
  });

  test('ignores records after close, which may come twice', () => {
    const one = histogram();
    one.record(5);
    one.close();
    one.close();
    expect(() => one.record(5)).not.toThrow();
    expect(one.summary()).toEqual(NOTHING);
  });

  test('gives its memory back on close: ten thousand in a row fit', () => {
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 10_000; i++) {
      const one = new LatencyHistogram();
      one.record(i);
      one.close();
    }
    // Kept, they would be 1.4 GB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  });
});
