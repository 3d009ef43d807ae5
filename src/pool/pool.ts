/**
 * The only user of Piscina: bounded, prioritised jobs with deadlines, and the exit rule.
 *
 * Jobs wait here, not in Piscina: at most `workers` are handed over, settle before refresh before encode. A job
 * past its deadline is stopped by terminating its thread, at any instruction; `exited` of its
 * result tells when that thread really has stopped. Never rejects: the result says how it ended.
 */
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import type { Clock } from '../model/clock.js';
import type { JobClass, JobName, JobOptions, JobResult, JobRunner } from '../model/jobs.js';
import { ThreadWatch } from './threads.js';
import { WORKER_ENTRIES, type WorkerEntries } from './worker-urls.js';

export interface PoolOptions {
  readonly workers: number;
  /** Encode jobs that may wait; past it a job ends as `overloaded`. */
  readonly encodeQueueMax: number;
  /** V8 heap of one worker. Shared memory does not count. */
  readonly workerHeapMb: number;
  readonly clock: Clock;
  /** Told of each worker that was lost or stopped, with the reason. */
  readonly onWorkerLost: (reason: string) => void;
  /** Tests replace the entries to inject faults. */
  readonly entries?: WorkerEntries;
}

/** Jobs now, and those that ended without a result since start. */
export interface PoolLoad {
  readonly running: number;
  readonly waiting: number;
  /** The queue was full. */
  readonly refused: number;
  /** Deadline passed, or failed in the worker. */
  readonly failed: number;
}

interface Waiting {
  readonly name: JobName;
  readonly task: unknown;
  readonly options: JobOptions;
  readonly resolve: (result: JobResult<unknown>) => void;
}

const NOTHING_RUNS = Promise.resolve();

export class Pool implements JobRunner {
  readonly #options: PoolOptions;
  readonly #entries: WorkerEntries;
  readonly #piscina: Piscina;
  readonly #threads = new ThreadWatch();
  readonly #queues: Record<JobClass, Waiting[]> = { settle: [], refresh: [], encode: [] };
  #running = 0;
  #refused = 0;
  #failed = 0;
  #closed = false;
  #recycleWanted = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#entries = options.entries ?? WORKER_ENTRIES;
    unsetProcessHeapFlag();
    this.#piscina = new Piscina({
      filename: this.#entries.parse.url,
      minThreads: options.workers,
      maxThreads: options.workers,
      idleTimeout: 0,
      // Jobs queue in this class; Piscina is never handed more than it has threads for, except in
      // the moment between a lost thread and its replacement.
      maxQueue: options.workers * 2,
      concurrentTasksPerWorker: 1,
      atomics: 'sync',
      resourceLimits: { maxOldGenerationSizeMb: options.workerHeapMb },
      recordTiming: false,
      execArgv: workerArguments(),
      closeTimeout: 30_000,
    });
    // Without a listener an error without an owner would end the process.
    this.#piscina.on('error', (error: Error) => options.onWorkerLost(error.message));
    this.#threads.observe(this.#piscina.threads);
  }

  get load(): PoolLoad {
    const { settle, refresh, encode } = this.#queues;
    const waiting = settle.length + refresh.length + encode.length;
    return { running: this.#running, waiting, refused: this.#refused, failed: this.#failed };
  }

  run<T>(name: JobName, task: unknown, options: JobOptions): Promise<JobResult<T>> {
    if (this.#closed) return Promise.resolve(refused('closed', 'the worker pool is closed'));
    const queue = this.#queues[options.jobClass];
    if (options.jobClass === 'encode' && queue.length >= this.#options.encodeQueueMax) {
      const max = this.#options.encodeQueueMax;
      this.#refused++;
      return Promise.resolve(refused('overloaded', `cannot queue more than ${max} encode jobs (WORKERS)`));
    }
    return new Promise((resolve) => {
      queue.push({ name, task, options, resolve: resolve as (result: JobResult<unknown>) => void });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#running < this.#options.workers) {
      const { settle, refresh, encode } = this.#queues;
      const next = settle.shift() ?? refresh.shift() ?? encode.shift();
      if (!next) break;
      this.#running++;
      void this.#perform(next).then((result) => {
        this.#running--;
        next.resolve(result);
        this.#dispatch();
      });
    }
    if (this.#recycleWanted && this.#running === 0 && !this.#closed) void this.#recycleNow();
  }

  async #perform({ name, task, options }: Waiting): Promise<JobResult<unknown>> {
    const { clock } = this.#options;
    const { url, exportName } = this.#entries[name];
    const deadline = new AbortController();
    const timer = clock.schedule(options.timeoutMs, () => deadline.abort());
    const startedMs = clock.monotonicMs();
    const before = [...this.#piscina.threads];
    this.#threads.observe(before);
    try {
      const value: unknown = await this.#piscina.run(task, {
        filename: url,
        name: exportName,
        signal: deadline.signal,
      });
      return { ok: true, value, runMs: clock.monotonicMs() - startedMs };
    } catch (error) {
      this.#failed++;
      const living = this.#piscina.threads;
      const exited = this.#threads.dyingExited(living);
      this.#threads.observe(living);
      const timedOut = deadline.signal.aborted;
      const message = timedOut
        ? `a ${name} job exceeded its ${options.timeoutMs} ms and was stopped (PARSE_TIMEOUT_MS)`
        : `a ${name} job failed in its worker: ${(error as Error).message}`;
      if (before.some((thread) => !living.includes(thread))) this.#options.onWorkerLost(message);
      return { ok: false, reason: timedOut ? 'timeout' : 'worker', message, exited };
    } finally {
      timer.cancel();
    }
  }

  /**
   * Asks for new threads, one at a time, when nothing runs: only then shared memory that was
   * dropped is given back.
   */
  recycle(): void {
    this.#recycleWanted = true;
    if (this.#running === 0) void this.#recycleNow();
  }

  async #recycleNow(): Promise<void> {
    this.#recycleWanted = false;
    for (const thread of [...this.#piscina.threads]) {
      if (this.#running > 0 || this.#closed) {
        this.#recycleWanted = true;
        return;
      }
      this.#running++;
      await thread.terminate();
      this.#threads.observe(this.#piscina.threads);
      this.#running--;
    }
    this.#dispatch();
  }

  /** Refuses what waits, lets running jobs end until `timeoutMs`, then stops the threads. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const queue of Object.values(this.#queues)) {
      for (const waiting of queue.splice(0)) waiting.resolve(refused('closed', 'the worker pool is closed'));
    }
    const limit = new Promise<void>((resolve) => this.#options.clock.schedule(timeoutMs, resolve));
    await Promise.race([this.#piscina.close(), limit]);
    await this.#piscina.destroy();
    await this.#threads.dyingExited([]);
  }
}

/**
 * `--max-old-space-size` (command line, NODE_OPTIONS) is V8's one setting for all threads, and wins
 * over resourceLimits: with it a worker may grow as large as the whole process is allowed to. The
 * main heap has taken its limit at start and keeps it; 0 takes the setting back for threads that
 * start from now on. Measured on Node 20, 22 and 24.
 */
function unsetProcessHeapFlag(): void {
  setFlagsFromString('--max-old-space-size=0');
}

/**
 * Piscina tries `require` on an entry before `import`. A thread that is terminated inside the
 * `require` of an ES module aborts the whole process ("Module::IsGraphAsync must be used on an
 * instantiated module", Node 20.20; seen once in 240 stops beside crashing workers). With
 * that feature off the `require` fails at once, and the `import` that follows can be stopped anywhere.
 */
function workerArguments(): string[] {
  const canRequireModules: unknown = Reflect.get(process.features, 'require_module');
  return canRequireModules === true ? ['--no-experimental-require-module'] : [];
}

function refused<T>(reason: 'overloaded' | 'closed', message: string): JobResult<T> {
  return { ok: false, reason, message, exited: NOTHING_RUNS };
}
