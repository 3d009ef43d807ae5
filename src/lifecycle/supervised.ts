/** One service under supervision: restarted with backoff when it fails, until it is stopped. */

import { Backoff } from '../model/backoff.js';
import type { Clock, Random, Timer } from '../model/clock.js';
import type { Logger } from '../model/log.js';
import { waitFor } from './deadline.js';
import { toError, type Service } from './service.js';

export interface SupervisionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** First and longest pause before a restart. */
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** A service that ran so long is healthy: the next pause is a short one again. */
  readonly healthyMs: number;
  /** One `stop`; then the service is given up and the next one stopped. */
  readonly stopTimeoutMs: number;
}

/** `idle`: not started, or stopped. `pausing`: failed, to be started again. */
export type ServiceState = 'idle' | 'starting' | 'running' | 'restarting' | 'pausing' | 'stopping';

export class SupervisedService {
  readonly #service: Service;
  readonly #options: SupervisionOptions;
  readonly #backoff: Backoff;
  #state: ServiceState = 'idle';
  #wantsStop = false;
  /** Tells a failure of this start from a late one of an earlier start. */
  #generation = 0;
  #healthy: Timer | undefined;
  #pause: Timer | undefined;
  /** The start or restart under way, which a stop has to wait for. */
  #work: Promise<unknown> = Promise.resolve();
  #stopping: Promise<boolean> | null = null;

  constructor(service: Service, options: SupervisionOptions) {
    this.#service = service;
    this.#options = options;
    this.#backoff = new Backoff(
      { baseMs: options.backoffBaseMs, capMs: options.backoffCapMs },
      options.random,
    );
  }

  get name(): string {
    return this.#service.name;
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Rejects when the first start fails: what never worked is not restarted. */
  async start(): Promise<void> {
    this.#state = 'starting';
    const starting = this.#startOnce();
    this.#work = starting.catch(() => undefined);
    try {
      await starting;
    } catch (error) {
      this.#state = 'idle';
      throw error;
    }
  }

  /** Resolves true when the service stopped in time and without an error; once for all. Never rejects. */
  stop(): Promise<boolean> {
    return (this.#stopping ??= this.#stopNow());
  }

  async #stopNow(): Promise<boolean> {
    const { clock, stopTimeoutMs, log } = this.#options;
    this.#wantsStop = true;
    this.#pause?.cancel();
    const startMs = clock.monotonicMs();
    const settled = await waitFor(this.#work, stopTimeoutMs, clock);
    if (settled.state === 'late') {
      log.error('service.stop_late', { service: this.name }, 'cannot stop the service: it is still starting');
      return false;
    }
    // Pausing: it is down, and its stop was called when it failed.
    if (this.#state !== 'running') {
      this.#state = 'idle';
      return true;
    }
    const isClean = await this.#stopOnce(Math.max(0, stopTimeoutMs - (clock.monotonicMs() - startMs)));
    this.#state = 'idle';
    return isClean;
  }

  async #startOnce(): Promise<void> {
    const generation = ++this.#generation;
    await this.#service.start((error) => {
      if (generation === this.#generation && this.#state === 'running') this.#failed(error);
    });
    this.#state = 'running';
    this.#healthy = this.#options.clock.schedule(this.#options.healthyMs, () => this.#backoff.reset());
  }

  async #stopOnce(deadlineMs: number): Promise<boolean> {
    const { clock, log } = this.#options;
    this.#state = 'stopping';
    this.#healthy?.cancel();
    const startMs = clock.monotonicMs();
    try {
      const stopped = await waitFor(this.#service.stop(), deadlineMs, clock);
      const ms = Math.round(clock.monotonicMs() - startMs);
      if (stopped.state === 'late') {
        log.error(
          'service.stop_late',
          { service: this.name, ms },
          'cannot stop the service in time: given up',
        );
        return false;
      }
      log.info('service.stopped', { service: this.name, ms });
      return true;
    } catch (error) {
      log.error(
        'service.stop_failed',
        { service: this.name, error: toError(error) },
        'cannot stop the service',
      );
      return false;
    }
  }

  #failed(error: Error): void {
    this.#options.log.error('service.failed', { service: this.name, error }, 'the service broke down');
    this.#work = this.#stopOnce(this.#options.stopTimeoutMs).then(() => this.#pauseThenRestart());
  }

  #pauseThenRestart(): void {
    this.#state = 'pausing';
    if (this.#wantsStop) return;
    const attempt = this.#backoff.attempt + 1;
    const pauseMs = this.#backoff.next();
    this.#options.log.warn('service.restart', { service: this.name, attempt, pause_ms: Math.round(pauseMs) });
    this.#pause = this.#options.clock.schedule(pauseMs, () => {
      this.#work = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    this.#state = 'restarting';
    try {
      await this.#startOnce();
      this.#options.log.info('service.restarted', { service: this.name });
    } catch (error) {
      this.#options.log.error(
        'service.failed',
        { service: this.name, error: toError(error) },
        'cannot restart',
      );
      this.#pauseThenRestart();
    }
  }
}
