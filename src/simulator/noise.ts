/**
 * Chance without memory. Every value of the simulator is a function of (seed, row, column, tick),
 * so a tick is built without the ones before it, no state is kept per cell, and a thread that
 * died is replaced by a new one that continues with the same bytes.
 */

import type { Random } from '../model/clock.js';

const GOLDEN = 0x9e3779b9 | 0;
const SECOND = 0x85ebca6b | 0;
const U32 = 2 ** 32;

/** Spreads 32 bits over 32 bits, each input to another output. Signed: small integers stay unboxed. */
export function mix32(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  return h ^ (h >>> 16);
}

/** The hash of stream `h` at `index` (a tick, a window, a column). */
export function at(h: number, index: number): number {
  return mix32(h + Math.imul(index + 1, GOLDEN));
}

/** Uniform in [0, 1). */
export function u01(h: number): number {
  return (h >>> 0) / U32;
}

/** Uniform among 0 … n − 1, for n below 2^31. Signed arithmetic: the result stays unboxed. */
export function below(h: number, n: number): number {
  return ((h >>> 1) % n) | 0;
}

/**
 * A walk inside [0, 1]: a smooth path through random points 8 to 23 ticks apart, and a little
 * jitter at each tick. Two ticks in a row differ by less than 0.3.
 */
export function walk01(h: number, tick: number): number {
  const period = 8 + (h & 15);
  const step = (tick / period) | 0;
  const f = (tick - step * period) / period;
  const from = u01(at(h, step));
  const to = u01(at(h, step + 1));
  const jitter = u01(at(h ^ SECOND, tick));
  return 0.9 * (from + (to - from) * f * f * (3 - 2 * f)) + 0.1 * jitter;
}

/** A walk around `mean`, at most 2.5 standard deviations away, clipped to [least, most]. */
export function walkAround(
  h: number,
  tick: number,
  mean: number,
  sd: number,
  least: number,
  most: number,
): number {
  const value = mean + (walk01(h, tick) - 0.5) * 5 * sd;
  return value < least ? least : value > most ? most : value;
}

/** True during random windows of `lengthTicks`, which cover `share` of all time. */
export function inBurst(h: number, tick: number, lengthTicks: number, share: number): boolean {
  const window = ((tick + (h & 0xff)) / lengthTicks) | 0;
  return u01(at(h, window)) < share;
}

/** A count with a small mean, by inversion; at most 12. */
export function poisson(h: number, mean: number): number {
  let left = u01(h);
  let term = Math.exp(-mean);
  let count = 0;
  while (left >= term && count < 12) {
    left -= term;
    count += 1;
    term *= mean / count;
  }
  return count;
}

/** A stream of numbers in [0, 1) that repeats with its seed. */
export function seededRandom(seed: number): Random {
  let index = 0;
  const stream = mix32(seed ^ SECOND);
  return () => u01(at(stream, index++));
}
