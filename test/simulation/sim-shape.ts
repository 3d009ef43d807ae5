/** How large, fast and patient a simulated world is. */
import type { Dice } from '../fixtures/live-world.js';

/** What differs from world to world. */
export interface Shape {
  readonly intervalsMs: readonly number[];
  readonly clients: number;
  readonly slowClientMs: number;
  readonly polls: number;
  readonly jobTimeoutMs: number;
}

export function shapeOf(dice: Dice): Shape {
  const sources = dice.pick([1, 1, 1, 2, 2, 3]);
  const intervalMs = dice.pick([100, 250, 1_000, 5_000]);
  return {
    jobTimeoutMs: 2 * intervalMs,
    intervalsMs: Array.from({ length: sources }, () => intervalMs * dice.pick([1, 1, 2])),
    clients: 1 + dice.below(3),
    slowClientMs: dice.pick([1_000, 8_000, 200_000]),
    // Long enough, some of them, that versions are forgotten which clients still have.
    polls: Math.ceil((dice.chance(0.03) ? 100 : dice.pick([5, 8, 11, 14])) / sources),
  };
}
