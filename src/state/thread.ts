/** Main's side of the state thread: a promise a request, and a new thread when one was lost. */
import { Worker } from 'node:worker_threads';
import type {
  NumberedReply,
  NumberedRequest,
  StateReply,
  StateRequest,
  StateThreadStart,
} from './messages.js';

const THREAD_URL = new URL('../../workers/state-thread.js', import.meta.url);

/** Where requests are done, one after the other in their order. */
export interface StateDisk {
  /** Never rejects; `failed` also when the thread was lost. */
  ask(request: StateRequest): Promise<StateReply>;
  /** Ends the thread, whatever it does; what it was asked ends as `failed`. */
  close(): Promise<void>;
}

export class StateThread implements StateDisk {
  readonly #dir: string;
  readonly #waiting = new Map<number, (reply: StateReply) => void>();
  #worker: Worker | undefined;
  #closed = false;
  #lastId = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  ask(request: StateRequest): Promise<StateReply> {
    if (this.#closed) return Promise.resolve({ kind: 'failed', reason: 'the state thread was closed' });
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#worker ??= this.#start();
      const numbered: NumberedRequest = { id, request };
      this.#worker.postMessage(numbered);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    // Its memory may be given away only when it has really ended.
    await worker?.terminate();
    this.#lose(worker, 'the state thread was closed');
  }

  #start(): Worker {
    const workerData: StateThreadStart = { dir: this.#dir };
    const worker = new Worker(THREAD_URL, { workerData, name: 'state' });
    let reason = 'the state thread ended';
    worker.on('message', ({ id, reply }: NumberedReply) => {
      const settle = this.#waiting.get(id);
      this.#waiting.delete(id);
      settle?.(reply);
    });
    worker.on('error', (error) => (reason = `the state thread was lost: ${error.message}`));
    // Not at the error: until its exit it may still read or write the shared memory it was given.
    worker.on('exit', () => this.#lose(worker, reason));
    return worker;
  }

  /** Forgets the thread and answers for it. */
  #lose(worker: Worker | undefined, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle({ kind: 'failed', reason });
  }
}
