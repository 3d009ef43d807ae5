/**
 * Whatever happens, in whatever order: a client that applies its frames has, at each moment, exactly
 * the rows that its selection had at the snapshot it names. Every step has its own seed, so that a
 * failing run shrinks to the steps that matter.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACTIONS, Play } from '../fixtures/live-play.js';
import { Dice } from '../fixtures/live-world.js';

const step = fc.record({ action: fc.constantFrom(...ACTIONS), seed: fc.nat() });

test('applied diffs equal the table, through slowness, loss, resume and new generations', async () => {
  const histories = new Map<string, number>();
  const property = fc.asyncProperty(
    fc.nat(),
    fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }),
    async (seed, steps) => {
      const play = new Play(seed);
      for (const { action, seed: own } of steps) {
        await play.step(action, new Dice(own));
        play.check();
      }
      await play.end();
      for (const { transport } of play.watchers) {
        for (const { history } of transport.client.views.values()) {
          for (const one of history) histories.set(one, (histories.get(one) ?? 0) + 1);
        }
      }
    },
  );
  await fc.assert(property, { seed: 20260101, numRuns: 150 });
  // The runs mean something: every kind of frame was applied.
  const kinds = ['subscribed', 'diff', 'heartbeat', 'schema', 'rebuilt', 'dense', 'too_old', 'gap'];
  for (const kind of kinds) expect(histories.get(kind) ?? 0, kind).toBeGreaterThan(0);
}, 120_000);
