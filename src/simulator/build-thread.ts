/** Main's side of the build thread: a promise a build, and a new thread when one was lost. */

import { Worker } from 'node:worker_threads';
import type { BuildJob, BuildResult, ThreadReply, ThreadRequest, ThreadStart } from './messages.js';
import type { MatrixShape } from './options.js';

/** Where bodies are built. Builds run one after the other, in the order they were asked for. */
export interface Builder {
  /** Rejects when the build failed or its thread was lost; the next build gets a new thread. */
  build(tick: number, tsMs: number, job: BuildJob): Promise<BuildResult>;
  /** Hands a body back that nobody reads any more. */
  recycle(bytes: Uint8Array): void;
  /** Ends the thread, whatever it does; builds under way are rejected. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(result: BuildResult): void;
  reject(error: Error): void;
}

const THREAD_URL = new URL('../../workers/simulator-thread.js', import.meta.url);

export class BuildThread implements Builder {
  readonly #shape: MatrixShape;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #closed = false;
  #lastId = 0;

  constructor(shape: MatrixShape) {
    this.#shape = shape;
  }

  build(tick: number, tsMs: number, job: BuildJob): Promise<BuildResult> {
    if (this.#closed) return Promise.reject(new Error('cannot build: the simulator is closed'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ op: 'build', id, tick, tsMs, job }, []);
    });
  }

  recycle(bytes: Uint8Array): void {
    // Without a thread there is nothing to reuse it for.
    if (this.#worker) this.#post({ op: 'recycle', bytes }, [bytes.buffer as ArrayBuffer]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#lose(worker, new Error('cannot build: the simulator was closed'));
    await worker?.terminate();
  }

  #post(request: ThreadRequest, transfer: ArrayBuffer[]): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request, transfer);
  }

  #start(): Worker {
    const workerData: ThreadStart = { shape: this.#shape };
    const worker = new Worker(THREAD_URL, { workerData, name: 'simulator' });
    worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', (code) => this.#lose(worker, new Error(`cannot build: the thread ended (${code})`)));
    return worker;
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply);
    else waiting?.reject(new Error(reply.message));
  }

  /** Forgets the thread and rejects what it was to do. An exit follows an error: only the first counts. */
  #lose(worker: Worker | undefined, error: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
