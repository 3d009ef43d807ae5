/** A part of the process that starts, runs and stops. */

/** Called when a started service can no longer do its work; at most once per start. */
export type ReportFailure = (error: Error) => void;

/**
 * Contract:
 * - `start` resolves once the service does its work and rejects when it cannot begin; after a
 *   rejection nothing of it is left running. A later breakdown is told by `fail`.
 * - `stop` ends what `start` began, also after a breakdown, and resolves when nothing is left. It is
 *   called once per successful start, never beside `start`.
 * - After `stop`, `start` may be called again.
 */
export interface Service {
  /** One word, unique, used in logs. */
  readonly name: string;
  start(fail: ReportFailure): Promise<void>;
  stop(): Promise<void>;
}

/** Errors of any origin as Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
