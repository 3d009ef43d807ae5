/** What main and the parse worker say to each other. Crosses threads by structured clone. */
import type { BodyFormat } from '../model/body.js';
import type { ParseFailure, ParseReport } from '../model/parse-job.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import type { BodyRef } from './arena.js';
import type { ChangeCounts } from './changes.js';
import type { SegmentRef } from './layout.js';
import type { MissingCounts, MissingOrder } from './missing.js';

export interface ParseTarget {
  readonly segment: SegmentRef;
  /** Declared by main; the worker fills bank version & 1. */
  readonly version: number;
}

export interface ParseTask {
  readonly body: BodyRef;
  readonly format: BodyFormat;
  /** Bytes that a body of another format may have as CSV. */
  readonly csvBytesMax: number;
  /** The body published last, to find an identical one; null when there is none. */
  readonly previous: BodyRef | null;
  readonly policy: ParsePolicy;
  /** Raw header names that `target` was made for; another header is only surveyed. */
  readonly header: readonly string[] | null;
  /** Null: survey only. */
  readonly target: ParseTarget | null;
  /** Epoch ms: X-Snapshot-Ts, else the receive time. */
  readonly snapshotTsMs: number;
  readonly receivedAtMs: number;
  /** What is remembered of rows that are gone; by default as MISSING_DEFAULTS says. */
  readonly missing?: MissingOrder;
}

export type ParseAnswer =
  /** The bytes equal the previous body's: nothing was touched. */
  | { readonly kind: 'identical' }
  /** The bank is complete and may be published. */
  | {
      readonly kind: 'filled';
      readonly report: ParseReport;
      readonly changes: ChangeCounts;
      readonly missing?: MissingCounts;
    }
  /** No target, or another header than the target's: the report says what a segment must hold. */
  | { readonly kind: 'survey'; readonly report: ParseReport }
  /** Values that the target's kinds cannot hold: the bank is garbage, the report is complete. */
  | { readonly kind: 'misfit'; readonly report: ParseReport }
  /** The target ran out of room; `report` counts up to there. */
  | { readonly kind: 'full'; readonly what: 'slots' | 'keys' | 'strings' | 'string_bytes' }
  | { readonly kind: 'failed'; readonly failure: ParseFailure };
