/** The thin layer between Shutdown and the process: signals in, exit code out. */

import { holdEventLoop } from '../model/keep-alive.js';
import type { Shutdown } from './shutdown.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Routes signals and errors that nobody handles to `shutdown`, and keeps the process alive until it
 * exits: the timers of a pause or a deadline would not. Returns a function that takes it all back.
 */
export function hookProcess(shutdown: Shutdown): () => void {
  const release = holdEventLoop();
  const onSignal = (signal: NodeJS.Signals): void => shutdown.signal(signal);
  const onError = (error: unknown): void => shutdown.crash(error);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  // Rejections that nobody handles come here, too.
  process.on('uncaughtException', onError);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('uncaughtException', onError);
    release();
  };
}

/** Calls `act` at each SIGHUP, which would end the process otherwise. */
export function hookReload(act: () => void): void {
  process.on('SIGHUP', act);
}

/** Ends the process. The one place that does. */
export function exitProcess(code: number): void {
  process.exit(code);
}
