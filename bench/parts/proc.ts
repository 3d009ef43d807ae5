/** What the system knows of another process. Linux only: elsewhere the rows that need it are null. */
import { readFileSync } from 'node:fs';

/** Clock ticks a second of /proc: 100 wherever Node runs. */
const TICK_MS = 10;
/** Fields behind the name, which may hold blanks and brackets: utime and stime are 14 and 15 of all. */
const UTIME = 11;

/** User and system time of a process and all its threads, ms; null when it cannot be known. */
export function cpuMsOf(pid: number): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[UTIME + 1])) * TICK_MS;
}

/** Children of the first thread of a process. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
