/** The second half of the seeds, beside the first. */
import { expect, test } from 'vitest';
import { runSeeds, SEED_ALONE, SEED_FROM, SEEDS_EACH } from './run-seeds.js';

test.runIf(SEED_ALONE === undefined)(
  `${SEEDS_EACH} more seeds (skipped: with SIM_SEED)`,
  async () => expect(await runSeeds(SEED_FROM + SEEDS_EACH, SEEDS_EACH)).toBe(SEEDS_EACH),
  3_600_000,
);
