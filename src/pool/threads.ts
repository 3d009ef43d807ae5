/**
 * Which threads of the pool may still run. Piscina rejects a job that timed out or lost its worker
 * before that thread has stopped (6 to 190 ms were measured), and forgets the thread at once: this
 * remembers it until its own `exit` event.
 */
import type { Worker } from 'node:worker_threads';

export class ThreadWatch {
  readonly #exits = new Map<Worker, Promise<void>>();

  /** Takes note of threads seen for the first time. */
  observe(threads: readonly Worker[]): void {
    for (const thread of threads) {
      if (this.#exits.has(thread)) continue;
      const exit = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
      this.#exits.set(
        thread,
        exit.then(() => {
          this.#exits.delete(thread);
        }),
      );
    }
  }

  /** Resolves when every thread that was seen and is no longer in `living` has exited. */
  async dyingExited(living: readonly Worker[]): Promise<void> {
    const dying: Promise<void>[] = [];
    for (const [thread, exit] of this.#exits) if (!living.includes(thread)) dying.push(exit);
    await Promise.all(dying);
  }
}
