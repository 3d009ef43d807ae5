import { afterEach, describe, expect, it } from 'vitest';
import { sleep } from '../../../src/model/clock.js';
import { DeliveryError } from '../../../src/model/outcome.js';
import type { BreakerState } from '../../../src/source/breaker.js';
import { HttpPollSource } from '../../../src/source/http-poll.js';
import type { PollResult } from '../../../src/source/poll-report.js';
import type { Body, Deliver } from '../../../src/source/source.js';
import { FakeClock, flush, seededRandom } from '../../fixtures/fake-clock.js';
import { SinkLedger } from '../../fixtures/memory-sink.js';
import { ScriptedExchange, type Step } from '../../fixtures/scripted-exchange.js';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

interface Poll {
  readonly source: HttpPollSource;
  readonly exchange: ScriptedExchange;
  readonly polled: PollResult[];
  readonly breaker: BreakerState[];
  readonly run: Promise<void>;
  skipped: number;
  stop(): Promise<void>;
}

interface Setup {
  readonly script?: (index: number) => Step;
  readonly deliver?: Deliver;
  readonly intervalMs?: number;
  readonly random?: () => number;
  readonly ledger?: SinkLedger;
}

const publish: Deliver = async (body) => {
  body.bytes.release();
  return { outcome: 'ok' };
};

function start(clock: FakeClock, setup: Setup = {}): Poll {
  const { script = () => ({ answer: 'body' }), deliver = publish, intervalMs = 1_000 } = setup;
  const ledger = setup.ledger ?? new SinkLedger();
  const exchange = new ScriptedExchange(clock, ledger, script);
  const stopper = new AbortController();
  const options = {
    id: 'a',
    url: 'http://a/',
    intervalMs,
    timeoutMs: 5_000,
    bodyBytesMax: 9,
    decodedBytesMax: 9,
    headers: {},
  };
  const source = new HttpPollSource(options, {
    clock,
    random: setup.random ?? (() => 0),
    allocate: ledger.allocate,
    observer: {
      polled: (result) => poll.polled.push(result),
      skipped: (slots) => (poll.skipped += slots),
      breaker: (state) => poll.breaker.push(state),
    },
    openExchange: () => exchange,
  });
  const stop = async (): Promise<void> => {
    stopper.abort();
    await run.catch(() => {});
  };
  const poll: Poll = {
    source,
    exchange,
    polled: [],
    breaker: [],
    skipped: 0,
    stop,
    get run() {
      return run;
    },
  };
  const run = source.run(deliver, stopper.signal);
  run.catch(() => {});
  running.push(stop);
  return poll;
}

const startsOf = (poll: Poll): number[] => poll.exchange.starts.map(({ atMs }) => atMs);
const outcomesOf = (poll: Poll): string[] => poll.polled.map(({ outcome }) => outcome);

describe('polling', () => {
  it('polls on its grid, without drift', async () => {
    const clock = new FakeClock();
    const poll = start(clock, { random: () => 0.25 });
    await clock.advance(4_000);
    expect(startsOf(poll)).toEqual([250, 1_250, 2_250, 3_250]);
    expect(poll.polled.length).toBe(4);
    expect(poll.skipped).toBe(0);
  });

  it('fifty sources that start at once spread over the interval, and stay spread', async () => {
    const clock = new FakeClock();
    const random = seededRandom(7);
    const intervalMs = 30_000;
    const polls = Array.from({ length: 50 }, () => start(clock, { random, intervalMs }));
    await clock.advance(1_000);
    for (const poll of polls) expect(poll.exchange.starts.length).toBe(1);
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
    const polls = Array.from({ length: 50 }, () => start(clock, { random, intervalMs: 2_000, script }));
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
    const poll = start(clock, { deliver, script: () => ({ answer: 'body', tookMs: 600 }) });
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
    const poll = start(clock, { script: (index) => ({ answer: answers[index % 3]!, tookMs: 20 }) });
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

describe('failures', () => {
  it('back off with full jitter, never sooner than the next slot, never beyond ten intervals', async () => {
    const clock = new FakeClock();
    const poll = start(clock, { random: seededRandom(5), script: () => ({ answer: 'connect' }) });
    await clock.advance(1_000_000);
    const gaps = startsOf(poll).map((atMs, i, all) => atMs - (all[i - 1] ?? atMs));
    gaps.shift();
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
    const script = (index: number): Step => ({ answer: index < 4 ? 'connect' : good });
    // 0.999: the longest pauses, so that a backoff that went on would show.
    const random = (
      (values) => () =>
        values.shift() ?? 0.999
    )([0]);
    const poll = start(clock, { random, script });
    await clock.advance(17_500);
    expect(startsOf(poll)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 16_000, 17_000]);
    expect(poll.polled.map(({ attempt }) => attempt).slice(0, 6)).toEqual([1, 2, 3, 4, 0, 0]);
  });

  it('open the breaker after five; one probe at a time; success closes it', async () => {
    const clock = new FakeClock();
    const script = (index: number): Step => ({ answer: index < 7 ? 'dns' : 'body', tookMs: 300 });
    const poll = start(clock, { script });
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
    const poll = start(clock, { deliver });
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
    const poll = start(clock, { deliver, random: () => 0.5 });
    await clock.advance(9_900);
    expect(startsOf(poll).length).toBe(10);
    expect(poll.breaker).toEqual([]);
    expect(poll.polled.every(({ attempt, outcome }) => attempt === 0 && outcome === 'skipped')).toBe(true);
  });

  it('a defect of the delivery ends the run with that error, after one report', async () => {
    const clock = new FakeClock();
    const poll = start(clock, {
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
    const poll = start(clock, { deliver, script: (index) => ({ answer: 'body', etag: `"${index}"` }) });
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
    const poll = start(clock, { script });
    await clock.advance(4_500);
    expect(etags(poll)).toEqual([null, 'x', 'x', 'x', null]);
  });
});

describe('the end of a run', () => {
  it('while waiting: at once, no timer left', async () => {
    const clock = new FakeClock();
    const poll = start(clock, { random: () => 0.9 });
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
    const poll = start(clock, { ledger, deliver, script: () => ({ answer: 'body', tookMs: 400 }) });
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
    const poll = start(clock, { deliver });
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
    const poll = start(clock);
    await expect(poll.source.run(publish, AbortSignal.abort())).rejects.toThrow('BUG: source a runs twice');
    await poll.stop();
    await poll.source.run(publish, AbortSignal.abort());
    expect(poll.source.breakerState).toBe('closed');
  });
});
