/** CPU time of single threads of this process: what a machine that others use cannot hide. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

const TASKS = '/proc/self/task';

/** Nanoseconds on a CPU by thread; empty where the system does not tell. */
export function threadCpuNs(): Map<string, number> {
  const spent = new Map<string, number>();
  try {
    for (const task of readdirSync(TASKS)) {
      spent.set(task, Number(readFileSync(`${TASKS}/${task}/schedstat`, 'utf8').split(' ')[0]));
    }
  } catch {
    // A thread that ends while it is read, or no such directory.
  }
  return spent;
}

/** Milliseconds of the thread that was busiest between two readings; NaN where nobody knows. */
export function busiestMs(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  if (after.size === 0) return NaN;
  return Math.max(...[...after].map(([task, ns]) => ns - (before.get(task) ?? 0))) / 1e6;
}
