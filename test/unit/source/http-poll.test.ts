import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/model/clock.js';
import { DeliveryError } from '../../../src/model/outcome.js';
import type { Body, Deliver } from '../../../src/source/source.js';
import { FakeClock, flush, seededRandom } from '../../fixtures/fake-clock.js';
import { SinkLedger } from '../../fixtures/memory-sink.js';
import { outcomesOf, publish, startPoll, startsOf, type Poll } from '../../fixtures/poll-rig.js';
import type { ScriptedExchange, Step } from '../../fixtures/scripted-exchange.js';

describe('polling', () => {
  it('polls on its grid, without drift', async () => {
    const clock = new FakeClock();
    const poll = startPoll(clock, { random: () => 0.25 });
    await clock.advance(4_000);
    expect(startsOf(poll)).toEqual([50, 250, 1_250, 2_250, 3_250]);
    expect(poll.polled.length).toBe(5);
    expect(poll.skipped).toBe(0);
  });

  it('fifty sources that start at once spread over the interval, and stay spread', async () => {
    const clock = new FakeClock();
    const random = seededRandom(7);
    const intervalMs = 30_000;
    const polls = Array.from({ length: 50 }, () => startPoll(clock, { random, intervalMs }));
    await clock.advance(100);
    for (const poll of polls) expect(poll.exchange.starts.length).toBe(1);
    expect(new Set(polls.map((poll) => Math.round(startsOf(poll)[0]! / 10))).size).toBeGreaterThan(7);
    await clock.advance(4 * intervalMs);
    for (const round of [2, 3]) {
      const bins = new Array<number>(10).fill(0);
      for (const poll of polls)
        bins[Math.floor(((startsOf(poll)[round]! % intervalMs) / intervalMs) * 10)]! += 1;
      expect(Math.max(...bins)).toBeLessThanOrEqual(13); // 5 expected; all in one bin without the spread
    }
  });

  it('fifty sources whose upstream comes back do not return together', async () => {
    const clock = new FakeClock();
    const random = seededRandom(11);
    const upMs = 40_000;
    const script = (): Step => ({ answer: clock.monotonicMs() < upMs ? 'connect' : 'body' });
    const polls = Array.from({ length: 50 }, () => startPoll(clock, { random, intervalMs: 2_000, script }));
    await clock.advance(upMs + 20_000);
    const firstGood = polls.map((poll) => startsOf(poll).find((atMs) => atMs >= upMs)!);
    expect(Math.max(...firstGood)).toBeLessThanOrEqual(upMs + 20_000);
    const perSecond = new Map<number, number>();
    for (const atMs of firstGood) {
      const second = Math.floor(atMs / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(15);
  });

  it('never has two exchanges or deliveries in flight, and counts the slots it missed', async () => {
    const clock = new FakeClock();
    let delivering = 0;
    let deliveringMax = 0;
    let exchange: ScriptedExchange | null = null;
    const deliver: Deliver = async (body, signal) => {
      delivering += 1;
      deliveringMax = Math.max(deliveringMax, delivering + exchange!.inFlight);
      await sleep(clock, 1_700, signal);
      delivering -= 1;
      return publish(body, signal);
    };
    const poll = startPoll(clock, { deliver, script: () => ({ answer: 'body', tookMs: 600 }) });
    exchange = poll.exchange;
    await clock.advance(9_500);
    // Each poll takes 2300 ms: slots 0, 3, 6, 9.
    expect(startsOf(poll)).toEqual([0, 3_000, 6_000, 9_000]);
    expect(poll.skipped).toBe(6);
    expect(poll.polled.length).toBe(3);
    expect(poll.exchange.inFlightMax).toBe(1);
    expect(deliveringMax).toBe(1);
  });

  it('reports exactly once per poll, with the facts of the exchange', async () => {
    const clock = new FakeClock();
    const answers = ['body', 'not_modified', 'timeout'] as const;
    const poll = startPoll(clock, { script: (index) => ({ answer: answers[index % 3]!, tookMs: 20 }) });
    await clock.advance(2_500);
    expect(outcomesOf(poll)).toEqual(['ok', 'not_modified', 'timeout']);
    expect(poll.polled[2]).toEqual({
      outcome: 'timeout',
      status: 200,
      fetchMs: 20,
      wireBytes: 4,
      expectedBytes: 4,
      attempt: 1,
      message: 'scripted timeout',
      skewMs: null,
      snapshotTsMs: null,
    });
  });
});

describe('ETags', () => {
  const etags = (poll: Poll): (string | null)[] => poll.exchange.starts.map(({ etag }) => etag);

  it('are kept only of a body that was published or identical', async () => {
    const clock = new FakeClock();
    const verdicts = ['ok', 'parse', 'parse', 'identical', 'ok'] as const;
    let delivered = 0;
    const deliver: Deliver = async (body: Body) => {
      body.bytes.release();
      const outcome = verdicts[delivered++]!;
      if (outcome === 'parse') throw new DeliveryError('parse', 'no', false);
      return { outcome };
    };
    const poll = startPoll(clock, { deliver, script: (index) => ({ answer: 'body', etag: `"${index}"` }) });
    await clock.advance(4_500);
    expect(etags(poll)).toEqual([null, '"0"', '"0"', '"0"', '"3"']);
  });

  it('survive failures and a 304, and go with a body that has none', async () => {
    const clock = new FakeClock();
    const script = (index: number): Step =>
      [
        { answer: 'body', etag: 'x' } as const,
        { answer: 'timeout' } as const,
        { answer: 'not_modified' } as const,
        { answer: 'body' } as const,
      ][index] ?? { answer: 'body' };
    const poll = startPoll(clock, { script });
    await clock.advance(4_500);
    expect(etags(poll)).toEqual([null, 'x', 'x', 'x', null]);
  });
});

describe('the end of a run', () => {
  it('while waiting: at once, no timer left', async () => {
    const clock = new FakeClock();
    const poll = startPoll(clock, { random: () => 0.9 });
    await poll.stop();
    expect(clock.pending).toBe(0);
    expect(poll.exchange.starts).toEqual([]);
    expect(poll.exchange.closed).toBe(true);
  });

  it('during an exchange: no delivery, no report, memory given back', async () => {
    const clock = new FakeClock();
    const ledger = new SinkLedger();
    let delivered = 0;
    const deliver: Deliver = async (body, signal) => {
      delivered += 1;
      return publish(body, signal);
    };
    const poll = startPoll(clock, { ledger, deliver, script: () => ({ answer: 'body', tookMs: 400 }) });
    await clock.advance(100);
    expect(poll.exchange.inFlight).toBe(1);
    await poll.stop();
    expect(delivered).toBe(0);
    expect(poll.polled).toEqual([]);
    expect(ledger.held).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('during a delivery: waits for it, reports it, begins no other', async () => {
    const clock = new FakeClock();
    let settle = (): void => {};
    const deliver: Deliver = (body, signal) =>
      new Promise((resolve) => {
        settle = () => resolve(publish(body, signal));
      });
    const poll = startPoll(clock, { deliver });
    await clock.advance(100);
    let ended = false;
    const stopped = poll.stop().then(() => (ended = true));
    await flush();
    expect(ended).toBe(false);
    settle();
    await stopped;
    expect(outcomesOf(poll)).toEqual(['ok']);
    expect(poll.exchange.starts.length).toBe(1);
  });

  it('refuses a second run beside the first, allows one after it', async () => {
    const clock = new FakeClock();
    const poll = startPoll(clock);
    await expect(poll.source.run(publish, AbortSignal.abort())).rejects.toThrow('BUG: source a runs twice');
    await poll.stop();
    await poll.source.run(publish, AbortSignal.abort());
    expect(poll.source.breakerState).toBe('closed');
  });
});
