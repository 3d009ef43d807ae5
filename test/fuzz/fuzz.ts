/** Runs a target on its corpus and on what chance makes of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Dice } from '../fixtures/live-world.js';
import { Coverage } from './coverage.js';
import { Mutator } from './mutate.js';
import type { FuzzTarget } from './target.js';

/** In the source tree: compiled files stand in dist/. */
const CORPUS = fileURLToPath(new URL('../../../test/fuzz/corpus/', import.meta.url));
/** Inputs kept beside those of the corpus; a new one takes the place of any. */
const POOL_MAX = 2_000;
/** Attempts to make a finding shorter. */
const SHORTEN_RUNS = 3_000;

export interface Finding {
  readonly target: string;
  readonly error: unknown;
  /** As short as could be made. */
  readonly input: Uint8Array;
}

export interface FuzzReport {
  readonly runs: number;
  /** Inputs that the target took. */
  readonly taken: number;
  /** Inputs that reached something new; 0 without coverage. */
  readonly discoveries: readonly Uint8Array[];
  readonly blocks: number;
  readonly finding: Finding | null;
}

export interface FuzzOptions {
  readonly seed: number;
  /** True while there is another run to be made. */
  readonly more: (runs: number) => boolean;
  readonly guided?: boolean;
}

export function corpusOf({ name }: FuzzTarget): { readonly file: string; readonly bytes: Uint8Array }[] {
  const dir = join(CORPUS, name);
  return readdirSync(dir)
    .sort()
    .map((file) => ({ file, bytes: Uint8Array.from(readFileSync(join(dir, file))) }));
}

/** Ends with the first finding. */
export function fuzz(target: FuzzTarget, { seed, more, guided = false }: FuzzOptions): FuzzReport {
  const dice = new Dice(seed);
  const mutator = new Mutator(dice, target.tokens, target.bytesMax);
  const pool = corpusOf(target).map(({ bytes }) => bytes);
  const discoveries: Uint8Array[] = [];
  const coverage = guided ? new Coverage(target.covers) : null;
  let runs = 0;
  let taken = 0;
  let finding: Finding | null = null;
  const first = [...pool];
  try {
    while (finding === null && more(runs)) {
      const input = first[runs] ?? mutator.next(dice.pick(pool), dice.pick(pool));
      runs++;
      try {
        const isTaken = target.run(input);
        if (isTaken) taken++;
        const isNew = coverage ? coverage.take() : isTaken && dice.chance(0.05);
        if (!isNew || runs <= first.length) continue;
        if (coverage) discoveries.push(input);
        if (pool.length < POOL_MAX) pool.push(input);
        else pool[first.length + dice.below(POOL_MAX - first.length)] = input;
      } catch (error) {
        finding = { target: target.name, error, input: shortened(target, input, dice) };
      }
    }
  } finally {
    coverage?.close();
  }
  return { runs, taken, discoveries, blocks: coverage?.blocks ?? 0, finding };
}

function fails(target: FuzzTarget, input: Uint8Array): boolean {
  try {
    target.run(input);
    return false;
  } catch {
    return true;
  }
}

/** Leaves out what the finding does not need. */
function shortened(target: FuzzTarget, input: Uint8Array, dice: Dice): Uint8Array {
  let shortest = input;
  for (let i = 0; i < SHORTEN_RUNS && shortest.length > 0; i++) {
    const at = dice.below(shortest.length);
    const length = 1 + dice.below(Math.max(1, shortest.length >> (1 + (i % 6))));
    const bytes = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + length)]);
    const shorter = Uint8Array.from(bytes);
    if (fails(target, shorter)) shortest = shorter;
  }
  return shortest;
}
