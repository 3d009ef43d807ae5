/** How late the event loop is: the time between when a timer should fire and when it does. */

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds since start; null before the first sample. */
export interface LoopDelaySummary {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface LoopDelay {
  summary(): LoopDelaySummary;
  close(): void;
}

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/** Samples every 10 ms, from now until `close`; does not keep the process alive. */
export function watchLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram holds the time between two firings: the interval itself is no delay.
  const late = (ns: number): number =>
    Math.max(0, Math.round((ns / NS_PER_MS - RESOLUTION_MS) * 1000) / 1000);
  return {
    summary() {
      if (histogram.count === 0) return { p50: null, p99: null, max: null };
      return {
        p50: late(histogram.percentile(50)),
        p99: late(histogram.percentile(99)),
        max: late(histogram.max),
      };
    },
    close: () => void histogram.disable(),
  };
}
