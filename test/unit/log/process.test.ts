import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('./log-child.js', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(mode: string, stdio: StdioOptions): ChildProcess {
  const child = spawn(process.execPath, [CHILD, mode], { stdio });
  children.push(child);
  return child;
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

describe('the output of a real process', () => {
  test('has the fatal line, and what came before it, even when the process aborts next', async () => {
    const child = start('abort', ['ignore', 'pipe', 'ignore']);
    const [exit, text] = await Promise.all([exitOf(child), textOf(child.stdout!)]);
    expect(exit).toBe('SIGABRT');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { event: 'before', level: 'INFO' },
      { event: 'crash', level: 'FATAL', code: 7, msg: 'the last words' },
    ]);
  });

  test('that nobody reads costs lines, not the process', async () => {
    const child = start('flood', ['ignore', 'pipe', 'pipe']);
    child.stdout!.pause();
    const [exit, report] = await Promise.all([exitOf(child), textOf(child.stderr!)]);
    expect(exit).toBe(0);
    const { flushed, dropped } = JSON.parse(report) as { flushed: boolean; dropped: number };
    expect(flushed).toBe(false);
    // 10 MB were said; 4 MiB may wait, and a socket holds some hundred KB.
    expect(dropped).toBeGreaterThan(4000);
    expect(dropped).toBeLessThan(10_000);
  });

  test('that is closed neither ends the process nor hangs it, also when others print to it', async () => {
    const child = start('closed', ['pipe', 'pipe', 'pipe']);
    const exit = exitOf(child);
    const report = textOf(child.stderr!);
    child.stdout!.destroy();
    child.stdin!.end();
    expect(await exit).toBe(0);
    expect(JSON.parse((await report).replace('ready\n', ''))).toEqual({ flushed: true, dropped: 21 });
  });

  test.skipIf(!existsSync('/dev/full'))(
    'on a full disk is dropped and counted (needs /dev/full)',
    async () => {
      const full = openSync('/dev/full', 'w');
      const child = start('full', ['ignore', full, 'pipe']);
      closeSync(full);
      const [exit, report] = await Promise.all([exitOf(child), textOf(child.stderr!)]);
      expect(exit).toBe(0);
      expect(JSON.parse(report)).toEqual({ flushed: true, dropped: 6 });
    },
  );
});
