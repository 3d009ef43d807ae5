/** Sources, fabric, live protocol and counters under seeded chance: docs/testing.md. */
import { expect, test } from 'vitest';
import { runSeeds, SEED_ALONE, SEED_FROM, SEEDS_EACH, tellSeed } from './run-seeds.js';

/** Seeds that found something once. */
const FOUND: readonly number[] = [
  0, // bytes of a poll that was skipped after its body had come were not counted
];

test.runIf(SEED_ALONE !== undefined)('one seed, told in full (needs SIM_SEED)', () =>
  tellSeed(Number(SEED_ALONE)),
);

test.runIf(SEED_ALONE === undefined)('seeds that found something once (skipped: with SIM_SEED)', async () => {
  for (const seed of FOUND) expect(await runSeeds(seed, 1)).toBe(1);
});

test.runIf(SEED_ALONE === undefined)(
  `${SEEDS_EACH} seeds: nothing torn, nothing backwards, nothing lost uncounted (skipped: with SIM_SEED)`,
  async () => expect(await runSeeds(SEED_FROM, SEEDS_EACH)).toBe(SEEDS_EACH),
  3_600_000,
);
