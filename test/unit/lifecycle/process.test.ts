import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('./lifecycle-child.js', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<number | NodeJS.Signals | null>;
  /** Resolves when the line was printed. */
  line(text: string): Promise<void>;
}

function start(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const seen: string[] = [];
  const waiting = new Map<string, () => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    seen.push(text);
    waiting.get(text)?.();
  });
  const exit = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  );
  const line = (text: string): Promise<void> =>
    seen.includes(text) ? Promise.resolve() : new Promise((resolve) => waiting.set(text, resolve));
  return { child, exit, line };
}

describe('a real process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stops on %s and exits 0', async (signal) => {
    const { child, exit, line } = start('10');
    await line('ready');
    child.kill(signal);
    expect(await exit).toBe(0);
  });

  test('exits at once on a second signal', async () => {
    const { child, exit, line } = start('60000');
    await line('ready');
    child.kill('SIGTERM');
    await line('stopping');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
  });

  test.each(['throw', 'reject'])(
    'ends with 1 and a fatal line when nobody handles an error (%s)',
    async (how) => {
      const { exit, line } = start('10', how);
      await line('crash');
      expect(await exit).toBe(1);
    },
  );
});
