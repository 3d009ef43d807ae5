/** Reads one body into the bank that no reader looks at. See src/parse/job.ts. */
import { parseBody } from '../src/parse/job.js';
import { parsePart as readPart } from '../src/parse/part.js';
import type { ParseAnswer, ParseTask } from '../src/snapshot/parse-task.js';
import type { PartAnswer, PartTask } from '../src/snapshot/part-task.js';

/** The pool's `parse`. The answer is small: cells stay in shared memory. */
export function parse(task: ParseTask): ParseAnswer {
  return parseBody(task);
}

/** The pool's `parsePart`: one of several jobs that fill one bank. See src/parse/part.ts. */
export function parsePart(task: PartTask): PartAnswer {
  return readPart(task);
}
