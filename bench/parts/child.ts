/** Child processes of a bench: started, asked and ended by their handle. */
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Ask, Reply } from './answer.js';

const ASK_MS_DEFAULT = 60_000;
const STOP_MS = 15_000;
/** Lines of output kept to explain a failure. */
const LINES_MAX = 40;

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #asked = new Map<number, Waiting>();
  readonly #lines: string[] = [];
  #onLine: ((line: string) => void) | null = null;
  #id = 0;
  #over = false;

  /** Forks `bench/parts/<name>.js`, which answers through answerParent. */
  constructor(name: string, { args = [], env = {}, execArgv = [] }: ChildOptions = {}) {
    this.name = name;
    this.#process = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), [...args], {
      env: { ...process.env, ...env },
      execArgv: [...execArgv],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.on('message', (reply: Reply) => this.#take(reply));
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#read(line));
    }
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        this.#end(`it ended (${signal ?? code})`);
        resolve();
      });
      this.#process.once('error', (error) => this.#end(error.message));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The answer to one question. Rejects after `timeoutMs`, and when the child ends first. */
  ask<T>(op: string, argument: unknown = null, timeoutMs = ASK_MS_DEFAULT): Promise<T> {
    const id = ++this.#id;
    const ask: Ask = { id, op, argument };
    return this.#within(timeoutMs, `answer ${op}`, (resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#process.send(ask);
    });
  }

  /** The first line of output, from now on or already read, for which `pick` has a value. */
  line<T>(pick: (line: string) => T | undefined, timeoutMs = ASK_MS_DEFAULT): Promise<T> {
    return this.#within(timeoutMs, 'say what was awaited', (resolve, reject) => {
      this.#asked.set(++this.#id, { resolve: () => undefined, reject });
      this.#onLine = (line) => {
        const value = pick(line);
        if (value === undefined) return;
        this.#onLine = null;
        resolve(value);
      };
      for (const line of [...this.#lines]) this.#onLine?.(line);
    });
  }

  #within<T>(
    timeoutMs: number,
    what: string,
    begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`${this.name} did not ${what}: ${why}\n${this.#lines.join('\n')}`));
      if (this.#over) return fail('it has ended');
      const timer = setTimeout(() => fail(`${timeoutMs} ms have passed`), timeoutMs);
      const settle =
        <V>(then: (value: V) => void) =>
        (value: V): void => {
          clearTimeout(timer);
          then(value);
        };
      begin(
        settle(resolve),
        settle((error: Error) => fail(error.message)),
      );
    });
  }

  #take(reply: Reply): void {
    const waiting = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(new Error(reply.message));
  }

  #read(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
    this.#onLine?.(line);
  }

  #end(why: string): void {
    this.#over = true;
    for (const { reject } of this.#asked.values()) reject(new Error(why));
    this.#asked.clear();
  }

  /** Asks it to end, and ends it when it does not. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (!this.#over) this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** Runs `work`, then ends all children it has started, whatever happened. */
export async function withChildren<T>(work: (keep: (child: Child) => Child) => Promise<T>): Promise<T> {
  const children: Child[] = [];
  const keep = (child: Child): Child => {
    children.push(child);
    return child;
  };
  try {
    return await work(keep);
  } finally {
    await Promise.all(children.reverse().map((child) => child.stop()));
  }
}
