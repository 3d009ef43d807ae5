/** The process's standard output as a place for lines. */

import { writeSync } from 'node:fs';
import type { LineSink } from './line-writer.js';

/**
 * Touching `process.stdout` makes the runtime switch a pipe or socket to non-blocking writes, so
 * that a reader that has stopped costs lines and not the event loop. Files and terminals stay as
 * they are. The listeners keep a closed output from ending the process when others print to it.
 */
export function stdoutSink(): LineSink {
  const ignore = (): void => {};
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
  return { write: (bytes) => writeSync(1, bytes) };
}
