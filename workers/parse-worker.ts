/** Reads one body into the bank that no reader looks at. See src/parse/job.ts. */
import { parseBody } from '../src/parse/job.js';
import type { ParseAnswer, ParseTask } from '../src/snapshot/parse-task.js';

/** The pool's `parse`. The answer is small: cells stay in shared memory. */
export function parse(task: ParseTask): ParseAnswer {
  return parseBody(task);
}
