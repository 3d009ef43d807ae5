import { expect, test } from 'vitest';
import { linkStateAt, type LinkState } from '../../../src/simulator/link.js';
import {
  at,
  below,
  inBurst,
  mix32,
  poisson,
  seededRandom,
  u01,
  walk01,
} from '../../../src/simulator/noise.js';

const TICKS = 20_000;

test('a walk stays in its bounds, moves, and never jumps', () => {
  for (const stream of [1, -77, 123_456_789].map(mix32)) {
    let least = 1;
    let most = 0;
    for (let tick = 0; tick < TICKS; tick++) {
      const value = walk01(stream, tick);
      const step = Math.abs(walk01(stream, tick + 1) - value);
      least = Math.min(least, value);
      most = Math.max(most, value);
      if (step >= 0.3) expect.fail(`a step of ${step} at tick ${tick}`);
    }
    expect(least).toBeGreaterThanOrEqual(0);
    expect(most).toBeLessThan(1);
    expect(most - least).toBeGreaterThan(0.6);
  }
});

test('bursts cover their share of time and last their length', () => {
  let ticksIn = 0;
  let starts = 0;
  for (let tick = 0; tick < TICKS; tick++) {
    const now = inBurst(99, tick, 4, 0.05);
    if (now) ticksIn += 1;
    if (now && !inBurst(99, tick - 1, 4, 0.05)) starts += 1;
  }
  expect(ticksIn / TICKS).toBeGreaterThan(0.03);
  expect(ticksIn / TICKS).toBeLessThan(0.07);
  expect(ticksIn / starts).toBeGreaterThanOrEqual(4);
});

test('draws are uniform enough and in range', () => {
  const counts = new Array<number>(10).fill(0);
  let sum = 0;
  for (let i = 0; i < TICKS; i++) {
    const digit = below(at(5, i), 10);
    counts[digit] = counts[digit]! + 1;
    sum += poisson(at(6, i), 1.5);
  }
  for (const count of counts) expect(Math.abs(count - TICKS / 10)).toBeLessThan(TICKS / 50);
  expect(Math.abs(sum / TICKS - 1.5)).toBeLessThan(0.1);
  expect(u01(-1)).toBeLessThan(1);
});

test('a seeded stream repeats, and another seed gives another', () => {
  const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('links are down about 2 % of the time, for 2 to 5 ticks, and count their outages', () => {
  const state: LinkState = { downSince: -1, recovering: false, outages: 0 };
  let down = 0;
  for (let row = 0; row < 50; row++) {
    const hash = mix32(row + 1);
    let outagesBefore = -1;
    for (let tick = 0; tick < 1000; tick++) {
      linkStateAt(hash, tick, state);
      if (state.downSince >= 0) {
        down += 1;
        expect(tick - state.downSince).toBeLessThan(5);
      }
      if (outagesBefore >= 0 && state.outages !== outagesBefore) {
        expect(state.outages).toBe(outagesBefore + 1);
        expect(state.downSince).toBe(tick);
      }
      outagesBefore = state.outages;
    }
  }
  expect(down / 50_000).toBeGreaterThan(0.012);
  expect(down / 50_000).toBeLessThan(0.032);
});
