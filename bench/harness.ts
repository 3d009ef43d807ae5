/**
 * The shared harness: each file of bench/ answers one question and returns rows. Speed claims are
 * ratios against a peer measured in the same run, in interleaved rounds, medians quoted: the
 * machines are shared. Smoke mode runs the same code with tiny sizes inside `npm test`, so that no
 * bench can rot; its checks of results are the same, its times mean nothing.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

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

/** A thing to be measured; `run` returns what must be the same in every round. */
export interface Contestant {
  readonly name: string;
  run(): unknown;
}

export interface Timing {
  readonly name: string;
  /** Milliseconds of each counted round. */
  readonly ms: readonly number[];
  readonly medianMs: number;
}

/**
 * Runs the contestants in turn, A B C A B C …, after one uncounted round. Throws when a contestant
 * answers differently from round to round: a bench that does not check its result measures nothing.
 */
export async function interleave(rounds: number, contestants: readonly Contestant[]): Promise<Timing[]> {
  const times = contestants.map(() => [] as number[]);
  const answers: string[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const started = performance.now();
      const answer = JSON.stringify(await contestants[i]!.run());
      const elapsed = performance.now() - started;
      if (round === 0) answers[i] = answer;
      else if (answers[i] !== answer)
        throw new Error(`${contestants[i]!.name} answered ${answer}, before ${answers[i]}`);
      else times[i]!.push(elapsed);
    }
  }
  return contestants.map(({ name }, i) => ({ name, ms: times[i]!, medianMs: median(times[i]!) }));
}

/** Median of the ratios of paired rounds: steadier than the ratio of medians on a noisy machine. */
export function ratioOf(a: Timing, b: Timing): number {
  return median(a.ms.map((ms, round) => ms / b.ms[round]!));
}

/** Resident bytes of this process now. */
export function residentBytes(): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return match ? Number(match[1]) * 1024 : process.memoryUsage.rss();
}

export function machine(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.version}`;
}

function format(value: number | null): string {
  if (value === null) return '-';
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A Markdown table for people and for bench/README.md. */
export function tableOf(reports: readonly BenchReport[]): string {
  const lines = ['| bench | what | value | against | ratio |', '|---|---|--:|---|--:|'];
  for (const { name, rows } of reports) {
    for (const { what, value, unit, against, ratio } of rows) {
      const shown = ratio === undefined ? '' : format(ratio);
      lines.push(`| ${name} | ${what} | ${format(value)} ${unit} | ${against ?? ''} | ${shown} |`);
    }
  }
  return lines.join('\n');
}
