/**
 * The shared harness: each file of bench/ answers one question and returns rows. Speed claims are
 * ratios against a peer measured in the same run, in interleaved rounds, medians quoted: the
 * machines are shared. Smoke mode runs the same code with tiny sizes inside `npm test`, so that no
 * bench can rot; its checks of results are the same, its times mean nothing.
 */

export interface BenchContext {
  /** Tiny sizes, one round. */
  readonly smoke: boolean;
  /** Interleaved rounds of each contestant. */
  readonly rounds: number;
  /** Progress for people; not part of the result. */
  note(text: string): void;
}

export interface BenchRow {
  readonly what: string;
  readonly value: number | null;
  readonly unit: string;
  /** The peer of the same run, and this divided by it. */
  readonly against?: string;
  readonly ratio?: number;
}

export interface Bench {
  readonly name: string;
  readonly question: string;
  /** Throws when a result is wrong: a bench that does not check its result measures nothing. */
  run(context: BenchContext): Promise<BenchRow[]>;
}

export interface BenchReport {
  readonly name: string;
  readonly question: string;
  readonly rows: readonly BenchRow[];
}

/** The middle one, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('BUG: the median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Nearest rank: the smallest value that `share` of all are not above; null of nothing. */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}

/** A thing to be measured; `run` returns what must be the same in every round. */
export interface Contestant {
  readonly name: string;
  run(): unknown;
  /** Called after each run, outside of its time: prepares the next one. */
  after?(): void;
}

export interface Timing {
  readonly name: string;
  /** Milliseconds of each counted round. */
  readonly ms: readonly number[];
  readonly medianMs: number;
}

/**
 * Runs the contestants in turn, A B C A B C …, after one uncounted round. Throws when a contestant
 * answers differently from round to round.
 */
export async function interleave(rounds: number, contestants: readonly Contestant[]): Promise<Timing[]> {
  const times = contestants.map(() => [] as number[]);
  const answers: string[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const started = performance.now();
      const answer = JSON.stringify(await contestants[i]!.run());
      const elapsed = performance.now() - started;
      contestants[i]!.after?.();
      if (round === 0) answers[i] = answer;
      else if (answers[i] !== answer)
        throw new Error(`${contestants[i]!.name} answered ${answer}, before ${answers[i]}`);
      else times[i]!.push(elapsed);
    }
  }
  return contestants.map(({ name }, i) => ({ name, ms: times[i]!, medianMs: median(times[i]!) }));
}

/** A quantity that is not a time around a call: CPU per request, bytes. */
export interface Sampler {
  readonly name: string;
  run(): Promise<number>;
}

/** The values of each sampler, in turn, after one uncounted round. */
export async function sampleInTurn(rounds: number, samplers: readonly Sampler[]): Promise<number[][]> {
  const values = samplers.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < samplers.length; i++) {
      const value = await samplers[i]!.run();
      if (round > 0) values[i]!.push(value);
    }
  }
  return values;
}

/** Median of the ratios of paired rounds: steadier than the ratio of medians on a noisy machine. */
export function pairedRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / b[round]!));
}

export function ratioOf(a: Timing, b: Timing): number {
  return pairedRatio(a.ms, b.ms);
}
