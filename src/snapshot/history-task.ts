/** What main and the worker that records history say to each other. Crosses threads by structured clone. */
import type { HistoryTablesRef } from './history-layout.js';
import type { SegmentRef } from './layout.js';

export interface RecordTask {
  readonly tables: HistoryTablesRef;
  /** Tables of the version before, which `tables` replace and are still empty; null: the same. */
  readonly replaced: HistoryTablesRef | null;
  /** Published version; the job writes bank (version + 1) & 1. */
  readonly version: number;
  /** Number of the frame that is written, and of the oldest one that is kept. */
  readonly frame: number;
  readonly oldestFrame: number;
  /** Names of the tracked columns. */
  readonly columns: readonly string[];
  /** The source's published bank, pinned. */
  readonly segment: SegmentRef;
  readonly bankVersion: number;
  /** Where the frame goes; offsets in units of 8 bytes. */
  readonly block: SharedArrayBuffer;
  readonly start8: number;
  readonly end8: number;
}

export type RecordAnswer =
  /** The next version is complete and may be published. */
  | {
      readonly kind: 'recorded';
      readonly slots: number;
      readonly length8: number;
      /** Rows with a new sample. */
      readonly sampled: number;
    }
  /** No row has a new sample: nothing to publish. */
  | { readonly kind: 'nothing' }
  /** The frame does not fit between `start8` and `end8`. */
  | { readonly kind: 'no_room' }
  /** The tables are too small for `rows` rows with `keyBytes` bytes of keys. */
  | { readonly kind: 'full'; readonly rows: number; readonly keyBytes: number };
