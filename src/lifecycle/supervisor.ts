/** Starts services in order, keeps each one running, stops them in reverse. */

import { SupervisedService, type SupervisionOptions } from './supervised.js';
import type { Service } from './service.js';

/** Sensible where nothing else is said; a test gives its own. */
export const SUPERVISION_DEFAULTS = {
  backoffBaseMs: 500,
  backoffCapMs: 30_000,
  healthyMs: 60_000,
  stopTimeoutMs: 5_000,
} as const;

export class Supervisor {
  readonly #services: SupervisedService[];
  readonly #options: SupervisionOptions;
  #wantsStop = false;
  #starting: Promise<unknown> = Promise.resolve();
  #stopping: Promise<boolean> | undefined;

  constructor(services: readonly Service[], options: SupervisionOptions) {
    this.#options = options;
    this.#services = services.map((service) => new SupervisedService(service, options));
  }

  /** One word per service, for tests and health. */
  states(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#services.map(({ name, state }) => [name, state]));
  }

  /**
   * One after the other. Rejects with the first error, after it has stopped what had started.
   * Resolves early when `stop` is called meanwhile.
   */
  start(): Promise<void> {
    const starting = this.#startAll();
    this.#starting = starting.catch(() => undefined);
    return starting;
  }

  /**
   * Once all have started: starts one more, to be stopped when `before` has been. Does nothing while
   * everything stops. Rejects when it cannot start.
   */
  async add(service: Service, before: string): Promise<void> {
    if (this.#wantsStop) return;
    const one = new SupervisedService(service, this.#options);
    const at = this.#services.findIndex(({ name }) => name === before);
    this.#services.splice(at < 0 ? this.#services.length : at, 0, one);
    await one.start();
  }

  /** Stops one, for good. True when it stopped cleanly, or is not there. */
  async remove(name: string): Promise<boolean> {
    const one = this.#services.find((service) => service.name === name);
    if (!one) return true;
    const isClean = await one.stop();
    const at = this.#services.indexOf(one);
    if (at >= 0) this.#services.splice(at, 1);
    return isClean;
  }

  get isStopping(): boolean {
    return this.#wantsStop;
  }

  /**
   * The last one first. A service that does not stop in time is given up, so that the others still
   * get their turn. Resolves true when all stopped cleanly; the same promise for every caller.
   */
  stop(): Promise<boolean> {
    this.#wantsStop = true;
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #startAll(): Promise<void> {
    for (const service of this.#services) {
      if (this.#wantsStop) return;
      try {
        await service.start();
      } catch (error) {
        this.#wantsStop = true;
        await this.#stopEach();
        throw error;
      }
    }
  }

  async #stopAll(): Promise<boolean> {
    // The service that is starting now is asked at once: it may be what everything waits for.
    const current = this.#services.find(({ state }) => state === 'starting');
    const isCurrentClean = current === undefined || (await current.stop());
    if (isCurrentClean) await this.#starting;
    return (await this.#stopEach()) && isCurrentClean;
  }

  async #stopEach(): Promise<boolean> {
    let isClean = true;
    for (const service of [...this.#services].reverse()) {
      if (service.state !== 'idle' && service.state !== 'starting')
        isClean = (await service.stop()) && isClean;
    }
    return isClean;
  }
}
