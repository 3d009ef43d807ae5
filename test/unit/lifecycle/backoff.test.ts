import { describe, expect, test } from 'vitest';
import { Backoff } from '../../../src/model/backoff.js';

describe('Backoff', () => {
  test('is uniform below a ceiling that doubles up to the cap', () => {
    for (const random of [0, 0.25, 0.999]) {
      const backoff = new Backoff({ baseMs: 100, capMs: 1000 }, () => random);
      const pauses = Array.from({ length: 7 }, () => backoff.next());
      expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000, 1000].map((ceiling) => ceiling * random));
    }
  });
  test('counts attempts, and starts over after reset', () => {
    const backoff = new Backoff({ baseMs: 100, capMs: 1000 }, () => 0.5);
    expect(backoff.attempt).toBe(0);
    backoff.next();
    backoff.next();
    expect(backoff.attempt).toBe(2);
    backoff.reset();
    expect(backoff.attempt).toBe(0);
    expect(backoff.next()).toBe(50);
  });
  test('stays at the cap for as long as an outage lasts', () => {
    const backoff = new Backoff({ baseMs: 1, capMs: 60_000 }, () => 0.5);
    for (let i = 0; i < 5000; i++) backoff.next();
    expect(backoff.next()).toBe(30_000);
  });
  test('refuses a base or cap that makes no sense', () => {
    for (const [baseMs, capMs] of [
      [0, 1],
      [-1, 1],
      [NaN, 1],
      [2, 1],
      [1, NaN],
      [1, Infinity],
    ] as const) {
      expect(() => new Backoff({ baseMs, capMs }, () => 0)).toThrow(/^cannot back off/);
    }
    expect(() => new Backoff({ baseMs: 1, capMs: 1 }, () => 0)).not.toThrow();
  });
});
