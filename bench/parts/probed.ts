/** Requests at a fixed rate while something else goes on: their latencies, and what the loop noticed. */
import { median, pairedRatio, type BenchRow } from '../harness.js';
import type { Child } from './child.js';
import { IdleDelay, type Delays } from './idle-delay.js';
import type { Latencies } from './latencies.js';
import type { ProbeOrder } from './probe-child.js';
import type { Program } from './weft.js';

export interface Probed {
  readonly latencies: Latencies;
  readonly delays: Delays;
}

/** Asks until `meanwhile` has resolved. */
export async function probeWhile(
  { child }: Program,
  probe: Child,
  order: ProbeOrder,
  meanwhile: () => Promise<unknown>,
): Promise<Probed> {
  await child.ask('watchDelay');
  const idle = new IdleDelay();
  await probe.ask('start', order);
  await meanwhile();
  const latencies = await probe.ask<Latencies>('stop');
  return { latencies, delays: { idleMs: idle.maxMs(), serverMs: await child.ask<number>('delayMaxMs') } };
}

export type LatencyName = 'p50' | 'p99' | 'p99.9' | 'max';

const LATENCY: Readonly<Record<LatencyName, (latencies: Latencies) => number | null>> = {
  p50: ({ p50 }) => p50,
  p99: ({ p99 }) => p99,
  'p99.9': ({ p999 }) => p999,
  max: ({ max }) => max,
};

/** Rounds of two kinds in turn: each percentile alone, then beside something, against those alone. */
export function comparedLatencies(
  names: readonly LatencyName[],
  alone: { readonly what: string; readonly rounds: readonly Probed[] },
  beside: { readonly what: string; readonly rounds: readonly Probed[] },
  against: (name: LatencyName) => string,
): BenchRow[] {
  const of = (rounds: readonly Probed[], name: LatencyName): number[] =>
    rounds.map(({ latencies }) => LATENCY[name](latencies) ?? NaN);
  const row = (what: string, rounds: readonly Probed[], name: LatencyName): BenchRow => ({
    what: `${what}, ${name}`,
    value: median(of(rounds, name)),
    unit: 'µs',
  });
  return [
    ...names.map((name) => row(alone.what, alone.rounds, name)),
    ...names.map((name) => ({
      ...row(beside.what, beside.rounds, name),
      against: against(name),
      ratio: pairedRatio(of(beside.rounds, name), of(alone.rounds, name)),
    })),
  ];
}
