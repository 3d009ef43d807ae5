/**
 * Time, as the only thing that may be faked: every other file asks a Clock.
 *
 * Durations and deadlines use `monotonicMs` (never steps); what is told to people and clients
 * uses `nowMs` (wall clock, may step). Both are milliseconds with a fraction.
 */

/** A scheduled call that can be taken back. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, epoch milliseconds. May jump when the system's time is set. */
  nowMs(): number;
  /** Milliseconds since an arbitrary origin; never goes back. */
  monotonicMs(): number;
  /** Calls `fn` once after `delayMs`. The timer does not keep the process alive by itself. */
  schedule(delayMs: number, fn: () => void): Timer;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Bound: each request asks twice, and a call through the global costs a quarter more.
  monotonicMs: performance.now.bind(performance),
  schedule(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** What a thread's monotonic time lacks to a time that all threads of the process share. */
export function monotonicOffsetMs(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

/** The clock of a thread that has the monotonic time of the thread whose offset is given. */
export function clockAs(offsetMs: number): Clock {
  const shiftMs = monotonicOffsetMs() - offsetMs;
  return { ...systemClock, monotonicMs: () => performance.now() + shiftMs };
}

/** Uniform in [0, 1). Injected where a test must repeat a schedule. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();

/** Resolves after `delayMs`, or at once when `signal` aborts (check the signal afterwards). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = clock.schedule(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
