/**
 * What main and the workers say to each other when several fill one bank from one body:
 *
 * 1. `rows`, a job for each part: reads the part's rows into its slots, and defers the others.
 * 2. `deferred`, one job, when there are any: reads those.
 * 3. `finish`, a job for each range of slots: validity, previous samples, changes.
 *
 * A job that meets what it may not do gives up: one worker then reads the whole body as ever, into the
 * same bank, which nobody has seen. So the result is always that of one worker.
 */
import type { ParseReport } from '../model/parse-job.js';
import type { ChangeCounts } from './changes.js';
import type { MissingCounts } from './missing.js';
import type { ParseTask } from './parse-task.js';
import type { WordRange } from './word-range.js';

/** A row: the byte it begins at, and its line, from 1 for the first of its part. */
export interface DeferredRow {
  readonly offset: number;
  readonly line: number;
}

export type PartTask =
  | {
      readonly step: 'rows';
      readonly parse: ParseTask;
      readonly index: number;
      /** Bytes of the body at about which this part and the next begin; null: at its ends. */
      readonly from: number | null;
      readonly to: number | null;
    }
  | { readonly step: 'deferred'; readonly parse: ParseTask; readonly rows: readonly DeferredRow[] }
  | {
      readonly step: 'finish';
      readonly parse: ParseTask;
      readonly range: WordRange;
      /** One of the jobs records which rows are gone. */
      readonly recordsMissing: boolean;
    };

export type PartAnswer =
  /** As the answer of a whole parse: the bytes equal the previous body's. */
  | { readonly kind: 'identical' }
  | {
      readonly kind: 'rows';
      /** Lines of examples count from 1 for the part's first. */
      readonly report: ParseReport;
      /** Lines of the body that the part has. */
      readonly lines: number;
      /** In their order in the body. */
      readonly deferred: readonly DeferredRow[];
    }
  | { readonly kind: 'finished'; readonly changes: ChangeCounts; readonly missing: MissingCounts | null }
  | { readonly kind: 'gave_up'; readonly why: string };
