/** U-23: many daemons on one simulated clock, over one upstream that goes and comes back. */
import { describe, expect, test } from 'vitest';
import { FakeClock, seededRandom } from '../fixtures/fake-clock.js';
import { startPoll, startsOf, type Poll } from '../fixtures/poll-rig.js';

const DAEMONS = 50;
const INTERVAL_MS = 10_000;
const BINS = 10;
/**
 * Of 50 uniform times a given tenth of the interval holds 15 or more once in 10,000; over all
 * seeds, bins and phases of this file it stays improbable, and seeds make it repeatable.
 */
const BIN_MAX = 15;

interface Fleet {
  readonly clock: FakeClock;
  readonly polls: readonly Poll[];
  isDown: boolean;
}

function startFleet(seed: number): Fleet {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const fleet: { -readonly [K in keyof Fleet]: Fleet[K] } = { clock, polls: [], isDown: false };
  const script = () => (fleet.isDown ? { answer: 'connect' as const } : { answer: 'not_modified' as const });
  fleet.polls = Array.from({ length: DAEMONS }, () =>
    startPoll(clock, { script, intervalMs: INTERVAL_MS, random }),
  );
  return fleet;
}

/** How many starts fall into each tenth of the interval, of those in [fromMs, fromMs + interval). */
function binsOf(fleet: Fleet, fromMs: number): number[] {
  const bins = new Array<number>(BINS).fill(0);
  const times = fleet.polls.flatMap((poll) => startsOf(poll));
  for (const atMs of times) {
    const bin = Math.floor(((atMs - fromMs) / INTERVAL_MS) * BINS);
    if (bin >= 0 && bin < BINS) bins[bin]! += 1;
  }
  return bins;
}

const stopAll = (fleet: Fleet): Promise<void[]> => Promise.all(fleet.polls.map((poll) => poll.stop()));

describe.each([1, 2, 3])('U-23: 50 daemons that start in one moment (seed %d)', (seed) => {
  test('ask spread over the interval, also after an outage', async () => {
    const fleet = startFleet(seed);
    const { clock } = fleet;
    await clock.advance(3 * INTERVAL_MS);
    const steady = binsOf(fleet, 2 * INTERVAL_MS);
    expect(steady.reduce((sum, count) => sum + count)).toBe(DAEMONS);
    expect(Math.max(...steady)).toBeLessThan(BIN_MAX);

    fleet.isDown = true;
    await clock.advance(30 * INTERVAL_MS);
    // Backed off: on the whole far fewer than one try of each an interval.
    const downMs = 30 * INTERVAL_MS;
    const tries = fleet.polls.flatMap((poll) => startsOf(poll)).filter((atMs) => atMs > 3 * INTERVAL_MS);
    expect(tries.length).toBeLessThan((DAEMONS * downMs) / INTERVAL_MS / 2);
    for (let interval = 3; interval < 33; interval++) {
      expect(Math.max(...binsOf(fleet, interval * INTERVAL_MS))).toBeLessThan(BIN_MAX);
    }

    fleet.isDown = false;
    // The longest pause is 60 s: then all have been back.
    for (let interval = 33; interval < 41; interval++) {
      await clock.advance(INTERVAL_MS);
      expect(Math.max(...binsOf(fleet, interval * INTERVAL_MS))).toBeLessThan(BIN_MAX);
    }
    const back = binsOf(fleet, 40 * INTERVAL_MS);
    expect(back.reduce((sum, count) => sum + count)).toBe(DAEMONS);
    await stopAll(fleet);
  });

  test('the first polls are spread over the first tenth of a second', async () => {
    const fleet = startFleet(seed);
    await fleet.clock.advance(100);
    const first = fleet.polls.map((poll) => startsOf(poll)[0]!);
    expect(first).toHaveLength(DAEMONS);
    const bins = new Array<number>(BINS).fill(0);
    for (const atMs of first) bins[Math.floor(atMs / 10)]! += 1;
    expect(Math.max(...bins)).toBeLessThan(BIN_MAX);
    await stopAll(fleet);
  });
});
