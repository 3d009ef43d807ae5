import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { TokenRecord } from '../../../src/model/access.js';
import { ClientAddresses } from '../../../src/server/access/client-address.js';
import { Limiter } from '../../../src/server/access/limiter.js';
import { isExpired, TokenStore } from '../../../src/server/access/token-store.js';

const collect = collector();

/** Garbage collection on demand, whatever flags this process was started with. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Heap without what nobody holds any more. */
function liveHeap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const PER_SECOND = { count: 10, windowMs: 1000, burst: 5 };

describe('a rate', () => {
  test('lets a burst through, then one each interval', () => {
    const limiter = new Limiter(100);
    const taken = (nowMs: number): boolean => limiter.take('a', PER_SECOND, nowMs);
    for (const left of [4, 3, 2, 1, 0]) {
      expect(taken(1000)).toBe(true);
      expect(limiter.remaining).toBe(left);
    }
    expect(taken(1000)).toBe(false);
    expect([limiter.retryAfterMs, limiter.resetMs, limiter.remaining]).toEqual([100, 500, 0]);
    // A refusal costs nothing.
    expect(taken(1099)).toBe(false);
    expect(taken(1100)).toBe(true);
    expect(taken(1100)).toBe(false);
    expect(taken(1e6)).toBe(true);
    expect(limiter.remaining).toBe(4);
  });

  test('never allows more than the burst and what has passed since', () => {
    const limiter = new Limiter(100);
    let allowed = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 7) if (limiter.take('a', PER_SECOND, nowMs)) allowed++;
    expect(allowed).toBeLessThanOrEqual(5 + 100);
    expect(allowed).toBeGreaterThan(100);
  });

  test('is of one client', () => {
    const limiter = new Limiter(100);
    for (let i = 0; i < 5; i++) limiter.take('a', PER_SECOND, 0);
    expect([limiter.take('a', PER_SECOND, 0), limiter.take('b', PER_SECOND, 0)]).toEqual([false, true]);
  });

  test('S-03 a million clients take the memory of so many as are remembered', () => {
    const limiter = new Limiter(1000);
    const heapBefore = liveHeap();
    for (let i = 0; i < 1_000_000; i++) limiter.take(`10.${i}`, PER_SECOND, i);
    expect(limiter.size).toBe(1000);
    expect(liveHeap() - heapBefore).toBeLessThan(4 * 1024 * 1024);
    // Those who come again are not the ones that are forgotten.
    for (let i = 0; i < 5; i++) limiter.take('stays', PER_SECOND, 0);
    for (let i = 0; i < 10_000; i++) {
      limiter.take(`x${i}`, PER_SECOND, 0);
      expect(limiter.take('stays', PER_SECOND, 0)).toBe(false);
    }
  });
});

describe('the address of a client', () => {
  const of = (trusted: string[], peer: string, forwarded: string): string =>
    new ClientAddresses(trusted).of(peer, forwarded);

  test.each([
    ['nobody is trusted', [], '10.0.0.1', '1.2.3.4', '10.0.0.1'],
    ['the peer is not', ['10.0.0.2'], '10.0.0.1', '1.2.3.4', '10.0.0.1'],
    ['the peer is', ['10.0.0.1'], '10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['the client writes one, too', ['10.0.0.1'], '10.0.0.1', '9.9.9.9, 1.2.3.4', '1.2.3.4'],
    ['two proxies', ['10.0.0.0/8'], '10.0.0.1', '9.9.9.9, 1.2.3.4, 10.0.0.2', '1.2.3.4'],
    ['all are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['with ports', ['10.0.0.1'], '10.0.0.1', '1.2.3.4:4711', '1.2.3.4'],
    ['IPv6 with a port', ['10.0.0.1'], '10.0.0.1', '[2001:db8::1]:4711', '2001:db8:0:0:0:0:0:1'],
    ['nonsense', ['10.0.0.1'], '10.0.0.1', 'unknown', '10.0.0.1'],
    ['nothing', ['10.0.0.1'], '10.0.0.1', '', '10.0.0.1'],
    ['a mapped peer', ['10.0.0.1'], '0000:0000:0000:0000:0000:ffff:0a00:0001', '1.2.3.4', '1.2.3.4'],
  ])('%s', (_what, trusted, peer, forwarded, expected) => {
    expect(of(trusted, peer, forwarded)).toBe(expected);
  });
});

describe('tokens', () => {
  const record = (id: string, expiresMs: number | null = null): TokenRecord => ({
    id,
    sha256: createHash('sha256').update(id).digest('hex'),
    scopes: ['admin'],
    expiresMs,
    clientClass: 'normal',
    rate: null,
  });

  test('are found by their secret, until they are replaced', () => {
    const store = new TokenStore([record('a'), record('b')]);
    expect([store.find('a')?.id, store.find('c'), store.find(record('a').sha256), store.size]).toEqual([
      'a',
      null,
      null,
      2,
    ]);
    store.replace([record('b', 5)]);
    expect([store.find('a'), store.renewed(record('a')), store.renewed(record('b'))?.expiresMs]).toEqual([
      null,
      null,
      5,
    ]);
  });

  test('expire at their time', () => {
    expect([
      isExpired(record('a', 5), 4),
      isExpired(record('a', 5), 5),
      isExpired(record('a'), 9e15),
    ]).toEqual([false, true, false]);
  });
});
