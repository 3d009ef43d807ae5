/** Which cores a process may use, by taskset of util-linux; where it is absent nothing is pinned. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Puts all threads of a process on one core, or on every core there is (null). False: it did not work. */
export function pin(pid: number, core: number | null): boolean {
  const cores = core === null ? `0-${availableParallelism() - 1}` : String(core);
  return spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' }).status === 0;
}
