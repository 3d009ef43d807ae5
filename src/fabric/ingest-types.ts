/** What a source's actor takes, needs and tells. */
import type { BodyBytes, BodyFormat } from '../model/body.js';
import type { Clock } from '../model/clock.js';
import type { JobRunner } from '../model/jobs.js';
import type { ParseReport } from '../model/parse-job.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import type { RatePlan, RatePolicy } from '../model/rates.js';
import type { ColumnSpec } from '../model/schema.js';
import type { ChangeCounts } from '../snapshot/changes.js';
import type { FreeList } from '../snapshot/free-list.js';
import type { MissingCounts, MissingRules } from '../snapshot/missing.js';
import type { Segment } from '../snapshot/segment.js';
import type { Fabric } from './fabric.js';
import type { CarryRoom } from './missing-room.js';
import type { PartJobs, PartRule } from './part-jobs.js';
import type { SourceStatus } from './source-status.js';

/** A body and when it came. Ownership of the bytes passes to `deliver`. */
export interface IncomingBody {
  readonly bytes: BodyBytes;
  /** Epoch ms, and the same moment on the monotonic clock. */
  readonly receivedAtMs: number;
  readonly receivedAtMonoMs: number;
  /** X-Snapshot-Ts, null when absent. */
  readonly snapshotTsMs: number | null;
  /** The upstream can say "unchanged" by itself: its bodies are not kept to be compared. */
  readonly hasEtag: boolean;
  /** Default: CSV. */
  readonly format?: BodyFormat;
  /** It claims to be the sample that is served: another one is refused as `conflict`. */
  readonly isRepeat?: boolean;
  /** It was kept on disk; the exchange that brought it was so long ago. */
  readonly restoredAgeMs?: number;
}

/** Told of each publish; for stats and logs. */
export interface IngestObserver {
  published(event: PublishEvent): void;
  /** Several workers read a body at once; `why` one had to read it again, null: none had to. */
  split?(why: string | null): void;
  /** A new generation is being made. `why` is survey (new schema), misfit or full. */
  generation(event: GenerationEvent): void;
}

export interface PublishEvent {
  readonly report: ParseReport;
  readonly changes: ChangeCounts;
  readonly missing: MissingCounts;
  /** Rows kept from the version before because no source has a newer sample. */
  readonly heldRows: number;
  readonly version: number;
  readonly generation: number;
  /** Time in the worker, over all attempts. */
  readonly parseMs: number;
  /** From body received to published. */
  readonly publishMs: number;
  readonly bodyBytes: number;
}

export interface GenerationEvent {
  readonly generation: number;
  readonly why: string;
  readonly columns: readonly ColumnSpec[];
  readonly slotCapacity: number;
  /** Which previous samples it keeps, where deltas and rates are configured. */
  readonly rates?: RatePlan;
}

export interface IngestOptions {
  readonly sourceId: string;
  readonly policy: ParsePolicy;
  readonly parseTimeoutMs: number;
  /** Default: MISSING_DEFAULTS. */
  readonly missing?: MissingRules;
  /** Bytes that an NDJSON body may have as CSV. Default: as many as a body may have at all. */
  readonly decodedBytesMax?: number;
  /** Columns with deltas and rates; absent: none. */
  readonly rates?: RatePolicy;
}

export interface IngestDeps {
  readonly fabric: Fabric;
  readonly status: SourceStatus;
  readonly jobs: JobRunner;
  readonly free: FreeList;
  readonly clock: Clock;
  readonly observer: IngestObserver;
  /** Whether several workers may read one body; absent: one reads it. */
  readonly parts?: PartRule;
  /** Pure rule of parse/: the kinds a new generation gets. */
  readonly wantedKinds: (report: ParseReport, previous: readonly ColumnSpec[] | null) => ColumnSpec[];
}

/** What the run of one body needs. */
export interface RunDeps extends IngestDeps {
  readonly parse: PartJobs;
}

/** A source's segment and what its columns were made from. */
export interface Served {
  readonly segment: Segment;
  readonly generation: number;
  readonly header: readonly string[];
  readonly keyColumns: readonly string[];
  /** Room for rows that the generation before took along, beside that for the rows of bodies. */
  readonly room: CarryRoom;
}
