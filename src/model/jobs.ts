/** What main asks of the worker pool. The pool implements it; fabric, view and live only see this. */

/**
 * Settle jobs go first: they are short, and a publish waits for each. Then refresh jobs; encode jobs
 * wait in a bounded queue, past it the answer is overloaded.
 */
export type JobClass = 'settle' | 'refresh' | 'encode';

/** Names of the functions that workers export; pool/worker-urls.ts says where they live. */
export type JobName =
  | 'parse'
  | 'parsePart'
  | 'settle'
  | 'encodeList'
  | 'encodePages'
  | 'encodeFrames'
  | 'encodeCoverage'
  | 'recordHistory'
  | 'encodeSeries'
  | 'encodeComparison';

export interface JobOptions {
  readonly jobClass: JobClass;
  /** From the start of the run, not from queueing. */
  readonly timeoutMs: number;
}

export type JobResult<T> =
  | { readonly ok: true; readonly value: T; readonly runMs: number }
  | {
      readonly ok: false;
      /** `overloaded`: never ran. `timeout`, `worker`: its thread is ending or gone. */
      readonly reason: 'overloaded' | 'timeout' | 'worker' | 'closed';
      readonly message: string;
      /**
       * Resolves when no thread can be running this job any more. Until then nothing that the job
       * may write is handed to another one.
       */
      readonly exited: Promise<void>;
    };

export interface JobRunner {
  /** Never rejects. `task` is structured-cloned, shared buffers are shared. */
  run<T>(name: JobName, task: unknown, options: JobOptions): Promise<JobResult<T>>;
}
