import { describe, expect, it } from 'vitest';
import { backoffCapMs, Schedule } from '../../../src/source/schedule.js';
import { seededRandom } from '../../fixtures/fake-clock.js';

/** Starts of `polls` polls that each take `pollMs`. */
function starts(schedule: Schedule, polls: number, pollMs: number): number[] {
  const starts = [schedule.firstAtMs];
  while (starts.length < polls) starts.push(schedule.next(starts.at(-1)! + pollMs).atMs);
  return starts;
}

describe('schedule', () => {
  it('starts the first poll within a tenth of a second, or within the interval when that is shorter', () => {
    for (const [intervalMs, limitMs] of [
      [50, 50],
      [1_500, 100],
      [300_000, 100],
    ] as const) {
      const random = seededRandom(1);
      const firsts = Array.from({ length: 500 }, () => new Schedule(intervalMs, 70, random).firstAtMs - 70);
      expect(Math.min(...firsts)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...firsts)).toBeLessThan(limitMs);
      expect(Math.max(...firsts)).toBeGreaterThan(0.9 * limitMs);
    }
  });

  it('spreads the polls of many sources evenly over the interval', () => {
    const random = seededRandom(42);
    const intervalMs = 30_000;
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 1_000; i++) {
      const third = starts(new Schedule(intervalMs, 0, random), 3, 50)[2]!;
      bins[Math.floor(((third % intervalMs) / intervalMs) * 10)]! += 1;
    }
    // 100 expected in each; five standard deviations.
    expect(Math.max(...bins)).toBeLessThan(150);
    expect(Math.min(...bins)).toBeGreaterThan(50);
  });

  it('keeps its phase without drift, whatever the polls take', () => {
    const schedule = new Schedule(1_500, 0, () => 0.37);
    const [early, ...times] = starts(schedule, 1_001, 333.3);
    expect(early).toBeCloseTo(55, 6);
    for (const atMs of times) expect(atMs % 1_500).toBeCloseTo(555, 6);
    expect(times[999]).toBeCloseTo(555 + 999 * 1_500, 6);
  });

  it('polls early once when its phase lies beyond that, then on the grid', () => {
    const schedule = new Schedule(30_000, 0, () => 0.5);
    expect(starts(schedule, 4, 10)).toEqual([0, 15_000, 45_000, 75_000]);
  });

  it('skips the slots that a long poll missed, and counts them', () => {
    const schedule = new Schedule(1_000, 0, () => 0.25);
    expect(schedule.firstAtMs).toBe(50);
    expect(schedule.next(60)).toEqual({ atMs: 250, missed: 0 });
    expect(schedule.next(400)).toEqual({ atMs: 1_250, missed: 0 });
    expect(schedule.next(4_300)).toEqual({ atMs: 5_250, missed: 3 });
    expect(schedule.next(5_260)).toEqual({ atMs: 6_250, missed: 0 });
    expect(schedule.next(7_250)).toEqual({ atMs: 7_250, missed: 0 });
  });

  it('a timer that fires a little early does not poll one slot twice', () => {
    const schedule = new Schedule(1_000, 0, () => 0.05);
    expect(schedule.next(49.2).atMs).toBe(1_050);
    expect(schedule.next(1_049.5).atMs).toBe(2_050);
  });

  it('after a failure keeps to the grid, never sooner than the next slot, never past the pause', () => {
    const schedule = new Schedule(1_000, 0, () => 0);
    expect(schedule.nextAfterFailure(100, 0)).toEqual({ atMs: 1_000, missed: 0 });
    expect(schedule.nextAfterFailure(1_100, 3_500)).toEqual({ atMs: 4_000, missed: 0 });
    expect(schedule.next(4_100)).toEqual({ atMs: 5_000, missed: 0 });
    expect(schedule.nextAfterFailure(7_600, 0)).toEqual({ atMs: 8_000, missed: 2 });
  });

  it('with an interval beyond the cap retries within the cap, then returns to the grid', () => {
    const schedule = new Schedule(300_000, 0, () => 0);
    expect(backoffCapMs(300_000)).toBe(60_000);
    expect(schedule.nextAfterFailure(1_000, 3_000)).toEqual({ atMs: 31_000, missed: 0 });
    expect(schedule.nextAfterFailure(32_000, 55_000)).toEqual({ atMs: 87_000, missed: 0 });
    expect(schedule.next(88_000)).toEqual({ atMs: 300_000, missed: 0 });
  });

  it('caps the backoff at ten intervals or a minute', () => {
    expect(backoffCapMs(1_500)).toBe(15_000);
    expect(backoffCapMs(30_000)).toBe(60_000);
  });
});
