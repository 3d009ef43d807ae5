/** Every input of the corpus, many that chance makes of them, and some that fast-check makes of tokens. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { corpusOf, fuzz } from './fuzz.js';
import type { FuzzTarget } from './target.js';
import { TARGETS } from './targets.js';

/** Of each target. More by hand: docs/testing.md. */
const RUNS: Readonly<Record<string, number>> = {
  scanner: 1_500,
  header: 6_000,
  ndjson: 5_000,
  query: 5_000,
  subscription: 6_000,
  state: 1_500,
};

/** Anything, but mostly what the target has words for. */
function inputs({ tokens }: FuzzTarget): fc.Arbitrary<Uint8Array> {
  const token = fc.constantFrom(...tokens).map((text) => Buffer.from(text));
  const piece = fc.oneof(
    { weight: 6, arbitrary: token },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    { weight: 1, arbitrary: fc.integer().map((value) => Buffer.from(String(value))) },
  );
  const flags = fc.uint8Array({ maxLength: 2 });
  return fc
    .tuple(flags, fc.array(piece, { maxLength: 24 }))
    .map(([first, pieces]) => Uint8Array.from(Buffer.concat([first, ...pieces])));
}

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, target) => {
  test('the corpus holds inputs that are taken and inputs that are refused', () => {
    const taken = corpusOf(target).map(({ bytes }) => target.run(bytes));
    expect(new Set(taken).size).toBe(2);
  });

  test('mutations of the corpus', () => {
    const { finding, taken } = fuzz(target, { seed: 20261122, more: (runs) => runs < RUNS[name]! });
    if (finding) {
      const { error, input } = finding;
      throw new Error(`${JSON.stringify(Buffer.from(input).toString('latin1'))}`, { cause: error });
    }
    expect(taken).toBeGreaterThan(RUNS[name]! / 500);
  });

  test('sequences of tokens', () => {
    const property = fc.property(inputs(target), (input) => void target.run(input));
    fc.assert(property, { seed: 20261122, numRuns: Math.ceil(RUNS[name]! / 5) });
  });
});
