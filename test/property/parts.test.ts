/** A body read by several jobs is, to every reader, what it is when one reads it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARSE_POLICY, type ParsePolicy } from '../../src/model/parse-policy.js';
import type { RatePolicy } from '../../src/model/rates.js';
import { ChangingBody, CHANGES, type BodyChange } from '../fixtures/changing-body.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import { PartRig } from '../fixtures/part-rig.js';

const RATES: RatePolicy = { columns: ['*'], gauges: [], counters: [], bytesMax: 2 ** 30 };

const policy = fc.record({
  ragged: fc.constantFrom('reject' as const, 'drop' as const),
  duplicateRows: fc.constantFrom('reject' as const, 'last' as const),
  requireFinalNewline: fc.boolean(),
});
/** Mostly the harmless ones, so that many bodies are published in parts. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.subarray<BodyChange>(['cells', 'texts', 'missing', 'quoted', 'latin1']) },
    {
      weight: 2,
      arbitrary: fc.subarray<BodyChange>(['cells', 'inserted', 'appended', 'dropped', 'swapped']),
    },
    { weight: 1, arbitrary: fc.subarray<BodyChange>([...CHANGES], { maxLength: 4 }) },
  ),
  { minLength: 2, maxLength: 10 },
);

interface Case {
  readonly policy: ParsePolicy;
  readonly rates: RatePolicy | undefined;
  /** Where the parts begin, as shares of the body. */
  readonly cuts: readonly number[];
}

class Pair {
  readonly whole: PartRig;
  readonly parts: PartRig;

  constructor({ policy: rules, rates, cuts }: Case) {
    const cutsOf = (length: number): number[] => cuts.map((share) => Math.floor(share * length));
    this.whole = new PartRig({ policy: rules, rates });
    this.parts = new PartRig({ policy: rules, rates, parts: { partsMax: 4, partBytesMin: 1, cutsOf } });
  }

  async deliver(body: string, expected?: string): Promise<void> {
    const outcome = await this.whole.deliver(body);
    if (expected !== undefined) expect(outcome).toBe(expected);
    expect(await this.parts.deliver(body)).toBe(outcome);
    expect(this.parts.seen()).toEqual(this.whole.seen());
  }
}

function pairOf(cuts: readonly number[], rules: Partial<ParsePolicy> = {}): Pair {
  return new Pair({ policy: { ...DEFAULT_PARSE_POLICY, ...rules }, rates: RATES, cuts });
}

const dice = seededRandom;

describe('a body in parts', () => {
  test('any bodies, any cuts', async () => {
    let split = 0;
    let again = 0;
    await fc.assert(
      fc.asyncProperty(
        steps,
        policy,
        fc.boolean(),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 3, max: 400 }),
        fc.nat(),
        async (changes, rules, hasRates, cuts, rows, seed) => {
          const pair = new Pair({
            policy: { ...DEFAULT_PARSE_POLICY, ...rules },
            rates: hasRates ? RATES : undefined,
            cuts: cuts.sort((a, b) => a - b),
          });
          const body = new ChangingBody(dice(seed), rows);
          await pair.deliver(body.next([]), 'ok');
          for (const some of changes) await pair.deliver(body.next(some));
          for (const why of pair.parts.splits)
            if (why === null) split++;
            else again++;
        },
      ),
      { numRuns: 60 },
    );
    // Most are what the test is about.
    expect(split).toBeGreaterThan(10);
    expect(again).toBeGreaterThan(0);
  });
});

describe('what several jobs do without reading the body again', () => {
  test.each<readonly BodyChange[]>([
    ['cells'],
    ['texts'],
    ['missing'],
    ['quoted'],
    ['rejected'],
    ['latin1'],
    ['dropped'],
    ['appended'],
    ['inserted'],
    ['swapped'],
    ['header'],
    ['blank'],
    ['crlf'],
    ['same'],
    ['ragged'],
  ])('%s', async (...changes) => {
    const pair = pairOf([0.3, 0.6], { ragged: 'drop', duplicateRows: 'last' });
    const body = new ChangingBody(dice(7), 300);
    await pair.deliver(body.next([]), 'ok');
    for (let i = 0; i < 4; i++) await pair.deliver(body.next(changes));
    expect(pair.parts.splits).toEqual(changes[0] === 'same' ? [] : [null, null, null, null]);
  });

  test('a row that is twice in one part', async () => {
    const pair = pairOf([0.5], { duplicateRows: 'last' });
    const body = new ChangingBody(dice(1), 200);
    await pair.deliver(body.next([]), 'ok');
    const lines = body.next(['cells']).split('\n');
    lines.splice(20, 0, lines[10]!.replace(/,up/, ',twice'));
    await pair.deliver(lines.join('\n'));
    expect(pair.parts.last!.report.duplicates).toBe(1);
    expect(pair.parts.splits).toEqual([null]);
  });
});

describe('what one job has to read again', () => {
  test.each<[string, number, number]>([
    ['the first of them in the earlier part', 20, 190],
    ['the first of them in the later part', 190, 20],
  ])('a row that is in two parts, %s', async (_, from, to) => {
    const pair = pairOf([0.5], { duplicateRows: 'last' });
    const body = new ChangingBody(dice(1), 200);
    await pair.deliver(body.next([]), 'ok');
    const lines = body.next(['cells']).split('\n');
    lines.splice(to, 0, lines[from]!.replace(/,up/, ',twice'));
    await pair.deliver(lines.join('\n'));
    expect(pair.parts.splits).toEqual(['a key stands in two parts']);
  });

  test('another order: then bodies are read whole for a while', async () => {
    const pair = pairOf([0.5]);
    const body = new ChangingBody(dice(3), 9000);
    await pair.deliver(body.next([]), 'ok');
    await pair.deliver(body.next(['shuffled']));
    expect(pair.parts.splits).toEqual(['too many rows are of other slots']);
    await pair.deliver(body.next(['cells']));
    expect(pair.parts.splits).toHaveLength(1);
    await pair.deliver(body.next(['cells']));
    expect(pair.parts.splits).toHaveLength(2);
  });

  test('a line break inside quotes, at a cut or not', async () => {
    for (const at of [3, 97, 98, 99, 100, 101, 102, 103, 150]) {
      const pair = pairOf([0.5]);
      const body = new ChangingBody(dice(1), 200);
      await pair.deliver(body.next([]), 'ok');
      const lines = body.next([]).split('\n');
      lines[at] = lines[at]!.replace(',up', ',"up\nsw-64,down"');
      await pair.deliver(lines.join('\n'));
      expect(pair.parts.splits).toHaveLength(1);
      expect(pair.parts.splits[0]).not.toBeNull();
    }
  });
});
