/** Many measured latencies in five numbers. */
import { percentile, type BenchRow } from '../harness.js';

export interface Latencies {
  readonly count: number;
  /** Microseconds; null when nothing was answered. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

/** Sorts `us` in place. */
export function summarize(us: Float64Array): Latencies {
  us.sort();
  return {
    count: us.length,
    p50: percentile(us, 0.5),
    p99: percentile(us, 0.99),
    p999: percentile(us, 0.999),
    max: percentile(us, 1),
  };
}

/** One row for each percentile. */
export function latencyRows(what: string, latencies: Latencies): BenchRow[] {
  const { p50, p99, p999, max } = latencies;
  const row = (name: string, us: number | null): BenchRow => ({
    what: `${what}, ${name}`,
    value: us,
    unit: 'µs',
  });
  return [row('p50', p50), row('p99', p99), row('p99.9', p999), row('max', max)];
}
