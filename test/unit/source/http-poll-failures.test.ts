import { describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../src/model/outcome.js';
import type { Deliver } from '../../../src/source/source.js';
import { FakeClock, seededRandom } from '../../fixtures/fake-clock.js';
import { outcomesOf, startPoll, startsOf } from '../../fixtures/poll-rig.js';
import type { Step } from '../../fixtures/scripted-exchange.js';

describe('failures', () => {
  it('back off with full jitter, never sooner than the next slot, never beyond ten intervals', async () => {
    const clock = new FakeClock();
    const poll = startPoll(clock, { random: seededRandom(5), script: () => ({ answer: 'connect' }) });
    await clock.advance(1_000_000);
    const gaps = startsOf(poll).map((atMs, i, all) => atMs - (all[i - 1] ?? atMs));
    // The poll before the grid is followed by the first slot.
    gaps.splice(0, 2);
    expect(Math.min(...gaps)).toBeGreaterThan(999.9);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_010);
    expect(Math.max(...gaps)).toBeGreaterThan(8_000);
    expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(5);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean).toBeGreaterThan(3_500);
    expect(mean).toBeLessThan(6_500);
  });

  it.each(['body', 'not_modified'] as const)('a good exchange (%s) ends the backoff', async (good) => {
    const clock = new FakeClock();
    const script = (index: number): Step => ({ answer: index === 4 || index === 6 ? good : 'connect' });
    // The longest pauses, so that a backoff that went on after the success would show.
    const random = (
      (values) => () =>
        values.shift() ?? 0.999
    )([0]);
    const poll = startPoll(clock, { random, script });
    await clock.advance(18_500);
    expect(startsOf(poll)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 16_000, 17_000, 18_000]);
    expect(poll.polled.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 0, 1, 0, 1]);
  });

  it('open the breaker after five; one probe at a time; success closes it', async () => {
    const clock = new FakeClock();
    const script = (index: number): Step => ({ answer: index < 7 ? 'dns' : 'body', tookMs: 300 });
    const poll = startPoll(clock, { script });
    await clock.advance(4_400);
    expect(poll.polled.length).toBe(5);
    expect(poll.source.breakerState).toBe('open');
    await clock.advance(700); // the sixth poll is in flight
    expect(poll.exchange.inFlight).toBe(1);
    expect(poll.source.breakerState).toBe('half_open');
    await clock.advance(5_000);
    expect(poll.breaker).toEqual(['open', 'half_open', 'open', 'half_open', 'open', 'half_open', 'closed']);
    expect(poll.exchange.inFlightMax).toBe(1);
    expect(poll.source.breakerState).toBe('closed');
  });

  it('of the delivery count like those of the exchange, and pass their class on', async () => {
    const clock = new FakeClock();
    const deliver: Deliver = async (body) => {
      body.bytes.release();
      throw new DeliveryError('parse', 'line 3: 5 cells, the header has 6', false);
    };
    const poll = startPoll(clock, { deliver });
    await clock.advance(60_000);
    expect(poll.polled[0]).toMatchObject({
      outcome: 'parse',
      message: 'line 3: 5 cells, the header has 6',
      attempt: 1,
    });
    expect(poll.breaker[0]).toBe('open');
  });

  it('skipped is our own: no backoff, no breaker', async () => {
    const clock = new FakeClock();
    const deliver: Deliver = async (body) => {
      body.bytes.release();
      throw new DeliveryError('skipped', 'a pinned bank was still in use', true);
    };
    const poll = startPoll(clock, { deliver, random: () => 0.05 });
    await clock.advance(9_900);
    expect(startsOf(poll).length).toBe(10);
    expect(poll.breaker).toEqual([]);
    expect(poll.polled.every(({ attempt, outcome }) => attempt === 0 && outcome === 'skipped')).toBe(true);
  });

  it('a defect of the delivery ends the run with that error, after one report', async () => {
    const clock = new FakeClock();
    const poll = startPoll(clock, {
      deliver: async () => {
        throw new TypeError('undefined is not a function');
      },
    });
    await clock.advance(100);
    await expect(poll.run).rejects.toThrow('undefined is not a function');
    expect(outcomesOf(poll)).toEqual(['worker']);
    expect(poll.exchange.closed).toBe(true);
  });
});
