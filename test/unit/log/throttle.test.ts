import { describe, expect, test } from 'vitest';
import { Throttle } from '../../../src/log/throttle.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

describe('Throttle', () => {
  test('admits a key once a minute, and says how many it kept back', async () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock);
    expect(throttle.admit('a')).toBe(0);
    expect(throttle.admit('b')).toBe(0);
    for (let i = 0; i < 7; i++) expect(throttle.admit('a')).toBeUndefined();
    await clock.advance(59_999);
    expect(throttle.admit('a')).toBeUndefined();
    await clock.advance(1);
    expect(throttle.admit('a')).toBe(8);
    expect(throttle.admit('a')).toBeUndefined();
    expect(throttle.admit('b')).toBe(0);
  });

  test('is bounded: a flood of keys is one line a window', async () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock);
    let admitted = 0;
    for (let i = 0; i < 100_000; i++) if (throttle.admit(`key-${i}`) !== undefined) admitted += 1;
    expect(admitted).toBe(1024 + 1);
    await clock.advance(60_000);
    // Quiet keys were forgotten, so that new ones have a place of their own again.
    expect(throttle.admit('new-1')).toBe(0);
    expect(throttle.admit('new-2')).toBe(0);
  });
});
