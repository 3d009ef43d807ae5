/** What every Guard must hold: run by test/contract/guard.test.ts for each there is. */
import { describe, expect, it } from 'vitest';
import type { Guard, GuardFacts, RouteCost } from '../../src/server/guards/guard.js';
import { statusLine } from '../../src/server/status.js';

const COSTS: readonly RouteCost[] = ['exempt', 'cheap', 'expensive'];
const TEXTS = [
  '',
  'a',
  'Bearer x',
  'http://weft',
  'null',
  'x'.repeat(8000),
  '\u0000\u00ff',
  '__proto__',
  ', ,',
];

/** Facts of all kinds, harmless and not. */
export function manyFacts(): GuardFacts[] {
  const facts: GuardFacts[] = [];
  for (const transport of ['http', 'websocket'] as const) {
    for (const cost of COSTS) {
      for (const text of TEXTS) {
        facts.push({
          transport,
          method: 'GET',
          endpoint: 'GetMetric',
          cost,
          authorization: text,
          authorizationRepeated: text === ', ,',
          origin: text,
          host: 'weft',
          query: text,
          forwardedFor: text,
          requestedMethod: text,
          client: null,
          addHeaders: () => {},
          remoteAddress: () => '127.0.0.1',
        });
      }
    }
  }
  return facts;
}

export interface GuardCase {
  /** A guard, in a state where it refuses what it can. */
  readonly refusing: () => Guard;
  /** The same in a state where it has no reason to refuse a plain local request. */
  readonly allowing: () => Guard;
}

export function guardContract(name: string, make: GuardCase): void {
  describe(`the guard ${name}`, () => {
    it('has the name that logs know', () => {
      expect(make.refusing().name).toBe(name);
      expect(name).toMatch(/^[a-z][a-z-]*$/);
    });

    it('answers at once and never throws, whatever the facts', () => {
      const guard = make.refusing();
      for (const facts of manyFacts()) {
        const verdict: unknown = guard.check(facts);
        expect(verdict).not.toBeInstanceOf(Promise);
        expect(verdict).toHaveProperty('allow');
      }
    });

    it('refuses nothing of a kind that it admits unseen', () => {
      const guard = make.refusing();
      for (const facts of manyFacts()) {
        const { transport, cost } = facts;
        if (guard.admits?.({ transport, cost }) === true) expect(guard.check(facts).allow).toBe(true);
      }
    });

    it('refuses in terms that can be sent', () => {
      const guard = make.refusing();
      let refusals = 0;
      for (const facts of manyFacts()) {
        const verdict = guard.check(facts);
        if (verdict.allow) continue;
        refusals++;
        expect(verdict.status).toBeGreaterThanOrEqual(400);
        expect(() => statusLine(verdict.status)).not.toThrow();
        expect(verdict.error).toMatch(/^[a-z][a-z_]*$/);
        expect(verdict.message).toMatch(/^cannot /);
        // What a client sent does not come back, not even to itself.
        expect(verdict.message).not.toContain(
          facts.authorization === '' ? '\u0000' : facts.authorization.padEnd(3),
        );
        for (const value of Object.values(verdict.headers ?? {})) expect(value).toMatch(/^[\x20-\x7e]*$/);
        expect(Number.isInteger(verdict.retryAfterS ?? 0)).toBe(true);
      }
      expect(refusals).toBeGreaterThan(0);
    });

    it('lets health pass, so that weft is not stopped for being busy', () => {
      const guard = make.allowing();
      for (const facts of manyFacts()) {
        if (facts.origin === '' && facts.cost === 'exempt') expect(guard.check(facts).allow).toBe(true);
      }
    });

    it('does not look at the peer unless it needs to', () => {
      const guard = make.allowing();
      const remoteAddress = (): string => expect.unreachable('the address was asked for');
      for (const facts of manyFacts()) {
        if (facts.cost === 'exempt' && facts.origin === '') guard.check({ ...facts, remoteAddress });
      }
    });

    it('says the same after a thousand requests', () => {
      const guard = make.refusing();
      const facts = manyFacts();
      for (let round = 0; round < 1000; round++) guard.check(facts[round % facts.length]!);
      expect(guard.check(facts[0]!)).toEqual(make.refusing().check(facts[0]!));
    });
  });
}
