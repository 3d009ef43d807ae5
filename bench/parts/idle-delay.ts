/**
 * How late the timers of a process are that has nothing to do: what the machine and its other
 * tenants cause. A server's event-loop delay means something only beside it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BenchRow } from '../harness.js';

export const DELAY_RESOLUTION_MS = 10;

export interface Delays {
  /** Largest lateness of the server's timers, ms. */
  readonly serverMs: number;
  /** The same of this process meanwhile. */
  readonly idleMs: number;
}

/** Watches this process, which only waits for answers. */
export class IdleDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Ends the watch. */
  maxMs(): number {
    this.#histogram.disable();
    return Math.max(0, this.#histogram.max / 1e6 - DELAY_RESOLUTION_MS);
  }
}

export function delayRow(what: string, { serverMs, idleMs }: Delays): BenchRow {
  const against = `an idle process meanwhile, ${idleMs.toFixed(1)} ms`;
  return { what, value: serverMs, unit: 'ms', against, ratio: serverMs / Math.max(0.1, idleMs) };
}
