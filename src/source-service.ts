/** Sources as services of the supervisor. Part of the composition root. */
import type { Service } from './lifecycle/service.js';
import type { SourceActor } from './source-actor.js';

export function serviceName(sourceId: string): string {
  return `source-${sourceId}`;
}

/** A source's loop as a service: it ends only by its signal, or by a defect. */
export function sourceService(actor: SourceActor): Service {
  let stopper: AbortController | null = null;
  let running: Promise<void> = Promise.resolve();
  return {
    name: serviceName(actor.id),
    start: (fail) => {
      const controller = new AbortController();
      stopper = controller;
      running = actor.run(controller.signal).catch((error: unknown) => {
        fail(error instanceof Error ? error : new Error(String(error)));
      });
      return Promise.resolve();
    },
    stop: async () => {
      stopper?.abort();
      await running;
    },
  };
}
