/** An encode job that requests wait for: what it reads stays pinned, what goes wrong is a refusal. */
import { WeftError, type ErrorCode } from '../model/errors.js';
import type { JobName, JobRunner } from '../model/jobs.js';
import { RETRY_AFTER_S } from '../query/freshness.js';

/** Errors cross threads as values. */
export type EncodeAnswer =
  { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

export interface EncodeJobOptions {
  /** What fails then: "encode the list". */
  readonly what: string;
  /** Of the job's run. */
  readonly timeoutMs: number;
  /** Called once no thread can be reading any more. */
  readonly unpin: () => void;
}

const FAILED_AS = { timeout: 'deadline', worker: 'internal' } as const;

/** Rejects with what the job's answer says, or with deadline, internal or overloaded (503). */
export async function runEncodeJob<T extends EncodeAnswer>(
  jobs: JobRunner,
  name: JobName,
  task: unknown,
  { what, timeoutMs, unpin }: EncodeJobOptions,
): Promise<Extract<T, { ok: true }>> {
  const result = await jobs.run<T>(name, task, { jobClass: 'encode', timeoutMs });
  if (!result.ok) {
    // Until its thread has ended the job may still read.
    void result.exited.then(unpin);
    const { reason, message } = result;
    if (reason === 'timeout' || reason === 'worker') {
      throw new WeftError(FAILED_AS[reason], `cannot ${what}: ${message}`);
    }
    throw new WeftError('overloaded', `cannot ${what} now: ${message}`, RETRY_AFTER_S);
  }
  unpin();
  const { value } = result;
  if (!value.ok) throw new WeftError(value.code, value.message);
  return value as Extract<T, { ok: true }>;
}
