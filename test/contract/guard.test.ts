import { describe, expect, it } from 'vitest';
import { CorsGuard } from '../../src/server/access/cors.js';
import type { TokenRecord } from '../../src/model/access.js';
import { checkAll, type Guard, type GuardFacts } from '../../src/server/guards/guard.js';
import { BulkSender, type BulkResponse } from '../../src/server/bulk.js';
import { OriginGuard } from '../../src/server/guards/origin.js';
import { OverloadGuard, TimerLoopLag, type LoopLag } from '../../src/server/guards/overload.js';
import { FakeClock } from '../fixtures/fake-clock.js';
import { guardContract, manyFacts } from './guard.case.js';

function lagOf(delayMs: number): LoopLag {
  return { delayMs: () => delayMs, stop: () => {} };
}

function overload(delayMs: number, bytes: number): Guard {
  return new OverloadGuard({
    lag: lagOf(delayMs),
    loopDelayMsMax: 1000,
    bytesInFlight: () => bytes,
    inFlightBytesMax: 100,
  });
}

guardContract('overload', { refusing: () => overload(5000, 0), allowing: () => overload(1000, 99) });
guardContract('origin', { refusing: () => new OriginGuard(), allowing: () => new OriginGuard() });
guardContract('cors', {
  refusing: () => new CorsGuard(['https://noc.example']),
  allowing: () => new CorsGuard(['https://noc.example']),
});

const FACTS = manyFacts()[0]!;

describe('overload', () => {
  const verdictOf = (guard: Guard, cost: GuardFacts['cost']): unknown => guard.check({ ...FACTS, cost });

  it('refuses what is expensive while the loop is late', () => {
    expect(verdictOf(overload(1001, 0), 'expensive')).toMatchObject({
      status: 503,
      error: 'overloaded',
      retryAfterS: 1,
    });
    expect(verdictOf(overload(1000, 0), 'expensive')).toMatchObject({ allow: true });
    expect(verdictOf(overload(9999, 0), 'cheap')).toMatchObject({ allow: true });
    expect(verdictOf(overload(9999, 0), 'exempt')).toMatchObject({ allow: true });
  });

  it('refuses what is expensive while too many bytes are under way, naming the knob', () => {
    expect(verdictOf(overload(0, 100), 'expensive')).toMatchObject({
      status: 503,
      message: expect.stringMatching(/100 bytes.*IN_FLIGHT_BYTES_MAX/) as string,
    });
    expect(verdictOf(overload(0, 99), 'expensive')).toMatchObject({ allow: true });
  });
});

describe('important clients', () => {
  const client: TokenRecord = {
    id: 'noc',
    sha256: '',
    scopes: ['metrics:read'],
    expiresMs: null,
    clientClass: 'important',
    rate: null,
  };
  const ask = (guard: Guard, clientClass: TokenRecord['clientClass']): boolean =>
    guard.check({ ...FACTS, cost: 'expensive', client: { ...client, clientClass } }).allow;

  it.each([
    [1001, 0, false, true],
    [4000, 0, false, true],
    [4001, 0, false, false],
    [0, 100, false, true],
    [0, 124, false, true],
    [0, 125, false, false],
    [0, 0, true, true],
  ])('are shed last: %i ms late, %i bytes under way', (delayMs, bytes, normal, important) => {
    const guard = overload(delayMs, bytes);
    expect([ask(guard, 'normal'), ask(guard, 'important')]).toEqual([normal, important]);
  });

  it('may begin bodies when others may not', () => {
    const sender = new BulkSender(100);
    const res = { tryEnd: () => [false, false] as [boolean, boolean], getWriteOffset: () => 0 };
    const full = { ...res, onWritable: () => full, cork: () => full } as unknown as BulkResponse;
    sender.start(full, [new Uint8Array(90)], 90, () => {});
    expect([sender.admits(20), sender.admits(20, true), sender.admits(50, true)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});

describe('the lag of the loop', () => {
  it('is how late the last sample came', async () => {
    const clock = new FakeClock();
    const lag = new TimerLoopLag(clock);
    expect(lag.delayMs()).toBe(0);
    await clock.advance(1000);
    expect(lag.delayMs()).toBe(0);
    lag.stop();
    expect(clock.pending).toBe(0);
  });

  it('is known before the late sample comes', () => {
    let nowMs = 0;
    let tick: () => void = () => {};
    const schedule = (_delayMs: number, fn: () => void): { cancel(): void } => {
      tick = fn;
      return { cancel: () => {} };
    };
    const lag = new TimerLoopLag({ nowMs: () => nowMs, monotonicMs: () => nowMs, schedule });
    nowMs = 700;
    expect(lag.delayMs()).toBe(600);
    tick();
    nowMs = 750;
    expect(lag.delayMs()).toBe(600);
    nowMs = 805;
    tick();
    expect(lag.delayMs()).toBe(5);
  });
});

describe('origin', () => {
  const ask = (origin: string, host: string, transport: GuardFacts['transport'] = 'websocket'): boolean =>
    new OriginGuard().check({ ...FACTS, origin, host, transport }).allow;

  it('takes pages of the host that was asked, and clients that are no browsers', () => {
    expect(ask('', 'weft:8080')).toBe(true);
    expect(ask('http://weft:8080', 'weft:8080')).toBe(true);
    expect(ask('https://WEFT:8080', 'weft:8080')).toBe(true);
    expect(ask('http://[::1]:8080', '[::1]:8080')).toBe(true);
  });

  it('refuses all others', () => {
    for (const origin of [
      'http://weft',
      'http://weft:8081',
      'http://a.weft:8080',
      'null',
      'weft:8080',
      'file://weft:8080',
    ]) {
      expect([origin, ask(origin, 'weft:8080')]).toEqual([origin, false]);
    }
  });

  it('is not asked about plain HTTP, which browsers guard themselves', () => {
    expect(ask('http://elsewhere', 'weft', 'http')).toBe(true);
  });
});

describe('several guards', () => {
  it('are asked in turn, until one refuses', () => {
    const asked: string[] = [];
    const guard = (name: string, allow: boolean): Guard => ({
      name,
      check: () => {
        asked.push(name);
        return allow ? { allow } : { allow, status: 429, error: name, message: 'cannot' };
      },
    });
    const verdict = checkAll([guard('a', true), guard('b', false), guard('c', false)], FACTS);
    expect([verdict, asked]).toEqual([
      { allow: false, status: 429, error: 'b', message: 'cannot' },
      ['a', 'b'],
    ]);
    expect(checkAll([], FACTS)).toEqual({ allow: true });
  });
});
