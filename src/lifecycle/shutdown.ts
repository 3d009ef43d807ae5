/** How the process ends: first signal gracefully within a deadline, second signal at once. */

import type { Clock } from '../model/clock.js';
import { EXIT_CANNOT_RUN, EXIT_STOPPED } from '../model/exit.js';
import type { Logger } from '../model/log.js';
import { waitFor } from './deadline.js';
import { toError } from './service.js';

export interface ShutdownOptions {
  /** Stops everything; true when it stopped cleanly. */
  readonly stop: () => Promise<boolean>;
  /** For `stop`. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Last act before `exit`; resolves within its own deadline and never rejects. */
  readonly flush: () => Promise<unknown>;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/**
 * Ctrl-C reaches the whole process group, and npm passes it on to its child once more: an interrupt
 * right after the first one is the same key stroke.
 */
const ECHO_MS = 50;

export class Shutdown {
  readonly #options: ShutdownOptions;
  #signals = 0;
  #firstMs = 0;
  #hasExited = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** True from the first signal on. */
  get isUnderWay(): boolean {
    return this.#signals > 0;
  }

  /** A request to end; `reason` names the signal, for the log. */
  signal(reason: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#signals > 0 && reason === 'SIGINT' && nowMs - this.#firstMs < ECHO_MS) return;
    this.#signals += 1;
    if (this.#signals === 1) {
      this.#firstMs = nowMs;
      void this.#stopThenExit(reason);
      return;
    }
    this.#options.log.fatal('shutdown.forced', { reason }, 'a second signal: ending at once');
    this.#exit(EXIT_CANNOT_RUN);
  }

  /** The process is wrong: says so synchronously and ends with code 1, without a graceful stop. */
  crash(error: unknown): void {
    if (this.#hasExited) return;
    this.#options.log.fatal('crash', { error: toError(error) }, 'cannot go on: an error that nobody handles');
    void this.#flushThenExit(EXIT_CANNOT_RUN);
  }

  async #stopThenExit(reason: string): Promise<void> {
    const { stop, timeoutMs, clock, log } = this.#options;
    log.info('shutdown', { reason, timeout_ms: timeoutMs }, 'stopping');
    const startMs = clock.monotonicMs();
    let code: number = EXIT_CANNOT_RUN;
    try {
      const stopped = await waitFor(stop(), timeoutMs, clock);
      const seconds = Math.round(clock.monotonicMs() - startMs) / 1000;
      if (stopped.state === 'late') {
        log.error('shutdown.late', { seconds }, 'cannot stop in time (SHUTDOWN_TIMEOUT_MS): ending anyway');
      } else {
        code = stopped.value ? EXIT_STOPPED : EXIT_CANNOT_RUN;
        log.info('shutdown.done', { seconds, clean: stopped.value }, 'stopped');
      }
    } catch (error) {
      log.error('shutdown.failed', { error: toError(error) }, 'cannot stop cleanly');
    }
    await this.#flushThenExit(code);
  }

  async #flushThenExit(code: number): Promise<void> {
    await this.#options.flush();
    this.#exit(code);
  }

  #exit(code: number): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#options.exit(code);
  }
}
