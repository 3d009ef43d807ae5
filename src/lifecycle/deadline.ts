/** Waiting, but not for ever. */

import type { Clock } from '../model/clock.js';

export type Waited<T> = { readonly state: 'done'; readonly value: T } | { readonly state: 'late' };

/** Resolves or rejects with `work`, or resolves `late` after `deadlineMs`; `work` itself goes on. */
export function waitFor<T>(work: Promise<T>, deadlineMs: number, clock: Clock): Promise<Waited<T>> {
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(deadlineMs, () => resolve({ state: 'late' }));
    work.then(
      (value) => {
        timer.cancel();
        resolve({ state: 'done', value });
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
