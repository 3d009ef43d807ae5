import { describe, expect, it } from 'vitest';
import { Breaker, FAILURES_TO_OPEN, type BreakerState } from '../../../src/source/breaker.js';

function start(): { breaker: Breaker; seen: BreakerState[] } {
  const seen: BreakerState[] = [];
  return { breaker: new Breaker((state) => seen.push(state)), seen };
}

function fail(breaker: Breaker, times: number): void {
  for (let i = 0; i < times; i++) {
    breaker.begin();
    breaker.failed();
  }
}

describe('breaker', () => {
  it('opens at the fifth failure in a row, not before, and says so once', () => {
    const { breaker, seen } = start();
    fail(breaker, FAILURES_TO_OPEN - 1);
    expect(breaker.state).toBe('closed');
    fail(breaker, 1);
    expect(breaker.state).toBe('open');
    expect(seen).toEqual(['open']);
  });

  it('counts failures in a row: a success between them starts again', () => {
    const { breaker, seen } = start();
    fail(breaker, FAILURES_TO_OPEN - 1);
    breaker.begin();
    breaker.succeeded();
    expect(breaker.failures).toBe(0);
    fail(breaker, FAILURES_TO_OPEN - 1);
    expect(breaker.state).toBe('closed');
    expect(seen).toEqual([]);
  });

  it('probes half open; one failed probe opens it again, one good probe closes it', () => {
    const { breaker, seen } = start();
    fail(breaker, FAILURES_TO_OPEN);
    breaker.begin();
    expect(breaker.state).toBe('half_open');
    breaker.failed();
    expect(breaker.state).toBe('open');
    expect(breaker.failures).toBe(FAILURES_TO_OPEN + 1);
    breaker.begin();
    breaker.succeeded();
    expect(seen).toEqual(['open', 'half_open', 'open', 'half_open', 'closed']);
  });

  it('an abandoned probe proves nothing', () => {
    const { breaker } = start();
    fail(breaker, FAILURES_TO_OPEN);
    breaker.begin();
    breaker.abandoned();
    expect(breaker.state).toBe('open');
    expect(breaker.failures).toBe(FAILURES_TO_OPEN);
  });
});
