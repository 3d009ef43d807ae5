/**
 * Sources, fabric, live protocol and counters under seeded chance. Another part of the seeds, or one
 * seed with what happened in it: docs/simulation.md.
 */
import { expect, test } from 'vitest';
import { SimWorld, type SimOutcome } from './sim-world.js';

const SEEDS = Number(process.env['SIM_SEEDS'] ?? 2_000);
const FROM = Number(process.env['SIM_FROM'] ?? 0);
const ONE = process.env['SIM_SEED'];

/** What must come up in some seed, or the simulation has gone blind. */
const MUST_BE_SEEN = ['outcome ok', 'outcome identical', 'outcome not_modified'];

function tell({ seed, violations, trace }: SimOutcome): string {
  const again = `run it again: SIM_SEED=${seed} npx vitest run --config test/vitest.config.mjs test/simulation`;
  return [`seed ${seed} breaks:`, ...violations, again, ...trace].join('\n');
}

test.runIf(ONE !== undefined)('one seed, told in full', async () => {
  const outcome = await new SimWorld(Number(ONE), true).run();
  console.log(outcome.trace.join('\n'));
  expect(outcome.violations).toEqual([]);
});

test.runIf(ONE === undefined)(
  `${SEEDS} seeds`,
  async () => {
    const seen = new Map<string, number>();
    let publishes = 0;
    let events = 0;
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      const outcome = await new SimWorld(seed, false).run();
      if (outcome.violations.length > 0) expect.unreachable(tell(outcome));
      for (const [what, count] of outcome.seen) seen.set(what, (seen.get(what) ?? 0) + count);
      publishes += outcome.publishes;
      events += outcome.events;
    }
    console.log(`${SEEDS} seeds, ${publishes} publishes, ${events} events`, Object.fromEntries(seen));
    for (const what of MUST_BE_SEEN) expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  },
  300_000,
);
