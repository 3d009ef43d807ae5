/** Worlds one after the other, until one breaks a rule. */
import { SimWorld, type SimOutcome } from './sim-world.js';

/** Of each test file; they run beside each other. */
export const SEEDS_EACH = Number(process.env['SIM_SEEDS'] ?? 1_000);
/** The first seed: a long run by hand goes on where another one ended. */
export const SEED_FROM = Number(process.env['SIM_FROM'] ?? 0);
/** One seed, to be told in full. */
export const SEED_ALONE = process.env['SIM_SEED'];

/** What must come up among many seeds, or the simulation has gone blind. */
const MUST_BE_SEEN = [
  ...['ok', 'identical', 'not_modified', 'status', 'timeout', 'connect', 'dns', 'redirect', 'too_large'],
  ...['truncated', 'content_type', 'encoding', 'schema', 'empty', 'parse', 'skipped', 'worker'],
].map((outcome) => `outcome ${outcome}`);
MUST_BE_SEEN.push(
  ...['subscribed', 'diff', 'heartbeat', 'schema', 'rebuilt', 'dense', 'too_old'].map(
    (kind) => `frame ${kind}`,
  ),
  ...['breaker open', 'pause beyond a slot', 'slots skipped', 'source stopped', 'stale connection'],
  ...['rows held', 'conflated', 'socket full', 'closed 1006', 'closed 1008', 'closed 1013'],
  ...['parse', 'settle', 'encodeFrames'].map((name) => `job ${name} worker`),
);

function tell({ seed, violations, trace }: SimOutcome): string {
  const again = `run it again: SIM_SEED=${seed} npx vitest run --config test/vitest.config.mjs test/simulation`;
  return [`seed ${seed} breaks:`, ...violations, again, ...trace].join('\n');
}

/** Throws with the first seed that breaks a rule, replay line and trace. Returns how many kept them all. */
export async function runSeeds(from: number, count: number): Promise<number> {
  let kept = 0;
  const seen = new Map<string, number>();
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await new SimWorld(seed, false).run();
    if (outcome.violations.length > 0) throw new Error(tell(outcome));
    kept++;
    for (const [what, times] of outcome.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    // A world runs within one turn of the loop: who started this waits for a sign of life.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (count < 500) return kept;
  const unseen = MUST_BE_SEEN.filter((what) => !seen.has(what));
  if (unseen.length > 0) throw new Error(`${count} seeds never saw: ${unseen.join(', ')}`);
  return kept;
}

/** Prints all that happened. */
export async function tellSeed(seed: number): Promise<void> {
  const outcome = await new SimWorld(seed, true).run();
  console.log(outcome.trace.join('\n'));
  if (outcome.violations.length > 0) throw new Error(tell({ ...outcome, trace: [] }));
}
