/**
 * Starts the program as a user does, and waits until it answers. In a process of its own, which takes
 * the program with it when it is left alone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { answerParent } from './answer.js';
import { cpuMsOf } from './proc.js';

export interface StartOrder {
  readonly upstream: string;
  /** Asked for until it is there. */
  readonly path: string;
}

/** Milliseconds since the process was asked for. */
export interface StartTimes {
  /** It said that its port is open. */
  readonly openMs: number;
  /** The first answer with data was read. */
  readonly readMs: number;
  /** CPU until then, all threads. */
  readonly cpuMs: number | null;
  readonly body: string;
}

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const RETRY_MS = 2;
const START_MS_MAX = 60_000;

let running: ChildProcess | null = null;

function launch(args: readonly string[]): ChildProcess {
  running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return running;
}

/** `http://127.0.0.1:port` of the line that says so. */
async function portLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { event, url } = JSON.parse(line) as { event?: string; url?: string };
    if (event === 'startup' && url !== undefined) return url;
  }
  throw new Error('the program ended before its port was open');
}

/** The body of a 200; null for any other answer. */
function ask(url: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? text : null));
    });
    request.on('error', reject);
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  running = null;
}

/** From the start of `weft serve` to its first answer with data. */
async function serve({ upstream, path }: StartOrder): Promise<StartTimes> {
  const startedMs = performance.now();
  const flags = ['--metrics-server-port', '0', '--upstream-url', upstream];
  const child = launch([MAIN, 'serve', ...flags]);
  try {
    const url = await portLine(child);
    child.stdout!.resume();
    const openMs = performance.now() - startedMs;
    for (;;) {
      const body = await ask(url + path);
      const readMs = performance.now() - startedMs;
      if (body !== null) return { openMs, readMs, cpuMs: cpuMsOf(child.pid!), body };
      if (readMs > START_MS_MAX) throw new Error(`${path} was never answered with 200`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } finally {
    child.kill('SIGTERM');
    await ended(child);
  }
}

/** The least that the same runtime needs: start and end. */
async function bare(): Promise<number> {
  const startedMs = performance.now();
  await ended(launch(['-e', '0']));
  return performance.now() - startedMs;
}

answerParent({ serve, bare }, () => {
  running?.kill('SIGKILL');
  process.exit(0);
});
