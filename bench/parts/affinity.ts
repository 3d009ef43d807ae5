/** Which cores a process may use, by taskset of util-linux; where it is absent nothing is pinned. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const TRIES_MAX = 3;

/** Puts all threads of a process on one core, or on every core there is (null). False: it did not work. */
export function pin(pid: number, core: number | null): boolean {
  const cores = core === null ? `0-${availableParallelism() - 1}` : String(core);
  // A thread that ends meanwhile is a failure, too.
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' }).status === 0) return true;
  }
  return false;
}
