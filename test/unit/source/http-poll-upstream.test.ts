/** The poller against real sockets: what the upstream sees. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/model/clock.js';
import { DeliveryError } from '../../../src/model/outcome.js';
import { HttpPollSource } from '../../../src/source/http-poll.js';
import type { PollResult } from '../../../src/source/poll-report.js';
import type { Deliver } from '../../../src/source/source.js';
import { SinkLedger, textOf } from '../../fixtures/memory-sink.js';
import { SAMPLE_CSV, Upstream } from '../../fixtures/upstream.js';

let upstream: Upstream;
let ledger: SinkLedger;
let polled: PollResult[];
let bodies: string[];
let stop: () => Promise<void>;

beforeEach(async () => {
  upstream = await Upstream.start();
  ledger = new SinkLedger();
  polled = [];
  bodies = [];
  stop = async () => {};
});

afterEach(async () => {
  await stop();
  await upstream.open(0);
  await upstream.close();
  expect(ledger.held).toBe(0);
});

const publish: Deliver = async ({ bytes }) => {
  bodies.push(textOf(bytes));
  bytes.release();
  return { outcome: 'ok' };
};

function poll(deliver: Deliver = publish, timeoutMs = 5_000): void {
  const stopper = new AbortController();
  const options = {
    id: 'a',
    url: upstream.url(),
    intervalMs: 15,
    timeoutMs,
    bodyBytesMax: 1e6,
    decodedBytesMax: 1e6,
    headers: {},
  };
  const source = new HttpPollSource(options, {
    clock: systemClock,
    random: Math.random,
    allocate: ledger.allocate,
    observer: { polled: (result) => polled.push(result), skipped: () => {}, breaker: () => {} },
  });
  const run = source.run(deliver, stopper.signal);
  stop = () => {
    stopper.abort();
    return run;
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('an HTTP source and its upstream', () => {
  it.each(['17', '"17"', 'W/"17"', '"t\xe9l\xe9"', 'a b, c'])(
    'echoes the ETag %j byte for byte',
    async (etag) => {
      upstream.etag = etag;
      poll();
      await until(() => polled.length >= 3);
      expect(upstream.conditionOf(0)).toBeNull();
      expect(upstream.conditionOf(1)).toBe(etag);
      expect(polled.slice(0, 3).map(({ outcome }) => outcome)).toEqual([
        'ok',
        'not_modified',
        'not_modified',
      ]);
      expect(polled[1]).toMatchObject({ status: 304, attempt: 0, message: null });
      expect(bodies).toEqual([SAMPLE_CSV]);
      expect(upstream.connections).toBe(1);
    },
  );

  it('asks without a condition until a body was accepted', async () => {
    upstream.etag = '"1"';
    poll(async ({ bytes }) => {
      bytes.release();
      throw new DeliveryError('schema', 'no key column', false);
    });
    await upstream.seen(3);
    expect([0, 1, 2].map((i) => upstream.conditionOf(i))).toEqual([null, null, null]);
    expect(polled[0]).toMatchObject({ outcome: 'schema', status: 200 });
  });

  it('takes a 304 without a cached ETag for an error, and asks again without a condition', async () => {
    upstream.mode = 'not_modified';
    poll();
    await until(() => polled.length >= 2);
    upstream.mode = 'ok';
    await until(() => bodies.length >= 1);
    expect(polled[0]).toMatchObject({ outcome: 'status', status: 304, attempt: 1 });
    expect(upstream.requests.every((_, i) => upstream.conditionOf(i) === null || i > 2)).toBe(true);
  });

  it('sends no second request while a body is being delivered', async () => {
    let settle = (): void => {};
    poll(
      (body, signal) =>
        new Promise((resolve) => {
          settle = () => resolve(publish(body, signal));
        }),
    );
    await upstream.seen(1);
    await new Promise((resolve) => setTimeout(resolve, 100)); // several intervals
    expect(upstream.requests.length).toBe(1);
    settle();
    await upstream.seen(2);
    settle();
    expect(upstream.inFlightMax).toBe(1);
    const stopped = stop();
    settle();
    await stopped;
  });

  it.each(['slow', 'stall', 'drip'] as const)(
    '%s: one request at a time, each socket closed at its deadline',
    async (mode) => {
      upstream.mode = mode;
      poll(publish, 60);
      await until(() => polled.length >= 3);
      expect(polled.every(({ outcome }) => outcome === 'timeout')).toBe(true);
      expect(upstream.inFlightMax).toBe(1);
      expect(upstream.connections).toBeLessThanOrEqual(polled.length + 1);
      upstream.mode = 'ok';
      await until(() => bodies.length >= 1);
      expect(upstream.sockets).toBe(1);
    },
  );

  it('goes through a bad spell and out of it', async () => {
    poll();
    for (const mode of ['ok', 'error_500', 'cut', 'gzip', 'reset', 'html', 'ok'] as const) {
      upstream.mode = mode;
      const from = polled.length + 1;
      await until(() => polled.length > from);
    }
    await until(() => polled.at(-1)!.outcome === 'ok');
    expect(new Set(bodies)).toEqual(new Set([SAMPLE_CSV]));
    expect(new Set(polled.map(({ outcome }) => outcome))).toEqual(
      new Set(['ok', 'status', 'truncated', 'connect', 'content_type']),
    );
  });

  it.each(['slow', 'drip', 'ok'] as const)('stops promptly: %s', async (mode) => {
    upstream.mode = mode;
    poll(publish, 60_000);
    await upstream.seen(1);
    await stop();
    const { length } = polled;
    await upstream.open(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(polled.length).toBe(length);
  });
});
