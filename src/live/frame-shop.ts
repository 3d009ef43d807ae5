/**
 * Frames of the current table, each made once however many subscribers ask: small ones on the
 * spot, large ones in workers. What is large is decided from counters, before any cell is read.
 */
import { changeSets, type SinceVersions } from '../fabric/changes.js';
import type { Fabric } from '../fabric/fabric.js';
import type { ErrorCode } from '../model/errors.js';
import type { JobResult, JobRunner } from '../model/jobs.js';
import { encodeFrame, type FrameResult, type FrameSince, type FrameTask } from '../view/frame.js';
import { frameCellsMax } from '../view/frame-changes.js';
import { sliceOf } from '../view/frame-selection.js';
import type { FrameLimits } from '../view/frame-parts.js';
import { MemberBook } from './member-book.js';
import type { SharedSelection } from './selections.js';
import type { CurrentState, TableState } from './table-state.js';

/** Frame jobs handed to the pool at a time: lists wait in the same queue. */
const JOBS_MAX = 2;
/** Frames of the current version that are kept for later askers. */
const CACHE_BYTES_MAX = 64 * 1024 * 1024;

/** One encoded frame, shared by all who need it. Never changed. */
export interface Frame {
  readonly kind: 'snapshot' | 'diff';
  /** Bodies of view/frame.ts, in order. */
  readonly parts: readonly Uint8Array[];
  /** A diff without changes. */
  readonly empty: boolean;
  readonly byteLength: number;
  /** The state that a client is in once it has applied all parts. */
  readonly target: TableState;
}

/**
 * - `gap`: the changes since then are no longer known; ask for a snapshot.
 * - `refused`: this selection cannot be served; asking again does not help.
 * - `failed`: not now; asking again later may help.
 */
export type FrameOutcome =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'gap' }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly message: string };

type FailureReason = Extract<JobResult<never>, { ok: false }>['reason'];

export interface FrameShopDeps {
  readonly fabric: Fabric;
  /** The version that frames are made for; null before the first publish. */
  readonly current: () => CurrentState | null;
  readonly jobs: JobRunner;
  /** Of one job. */
  readonly jobTimeoutMs: number;
  /** Frames of more cells are made in workers. */
  readonly inlineCellsMax: number;
  /** Called when a job has ended: `hasRoom` may have become true. */
  readonly onRoom: () => void;
}

export interface FrameRequest {
  readonly selection: SharedSelection;
  /** Versions that the asker has, of the current schema; null for a snapshot. */
  readonly since: SinceVersions | null;
  readonly limits: FrameLimits;
}

const GAP: FrameOutcome = { kind: 'gap' };

export class FrameShop {
  readonly #deps: FrameShopDeps;
  /** By request key; only frames whose target is the current version. */
  readonly #ready = new Map<string, FrameOutcome>();
  readonly #coming = new Map<string, Promise<FrameOutcome>>();
  readonly #members = new MemberBook();
  #readyBytes = 0;
  #running = 0;
  #current: CurrentState | null = null;

  constructor(deps: FrameShopDeps) {
    this.#deps = deps;
  }

  /** The current state; frames of earlier ones are forgotten. */
  #moveOn(): CurrentState {
    const current = this.#deps.current();
    if (!current) throw new Error('BUG: a frame was requested before the first publish');
    if (current === this.#current) return current;
    this.#current = current;
    this.#ready.clear();
    this.#coming.clear();
    this.#readyBytes = 0;
    return current;
  }

  /** Whether another job may be handed to the pool now. */
  get hasRoom(): boolean {
    return this.#running < JOBS_MAX;
  }

  /**
   * The frame to the current table. A promise when a worker makes it: the table may have moved on
   * when it settles. Undefined when no more jobs may run now (`hasRoom`).
   */
  request(request: FrameRequest): FrameOutcome | Promise<FrameOutcome> | undefined {
    const current = this.#moveOn();
    const { selection, since, limits } = request;
    const key = requestKey(request);
    const known = this.#ready.get(key) ?? this.#coming.get(key);
    if (known) return known;
    const sets = since && changeSets(current.table, since);
    const from = since && this.#stateAt(selection, since, current);
    if (sets === undefined || from === undefined) return GAP;
    const fields = selection.fieldsOf(current.schema).length;
    const wanted = selection.selection;
    if (frameCellsMax(current.table, wanted, fields, sets) <= this.#deps.inlineCellsMax) {
      return this.#finish(request, current, encodeFrame(current.table, wanted, from, limits));
    }
    if (!this.hasRoom) return undefined;
    const coming = this.#encodeInWorker(request, from, current);
    this.#coming.set(key, coming);
    return coming;
  }

  /** Undefined when the rows that the slice had then are no longer known. */
  #stateAt(
    selection: SharedSelection,
    versions: SinceVersions,
    current: CurrentState,
  ): FrameSince | undefined {
    const isNow = versions.every((version, part) => version === current.versions[part]);
    if (isNow || sliceOf(selection.selection) === null) return { versions, members: null };
    const members = this.#members.find(selection.key, current.schema, versions);
    return members && { versions, members };
  }

  async #encodeInWorker(
    request: FrameRequest,
    since: FrameSince | null,
    current: CurrentState,
  ): Promise<FrameOutcome> {
    const { fabric, jobs, jobTimeoutMs, onRoom } = this.#deps;
    const { selection, limits } = request;
    const task: FrameTask = { table: current.table.ref(), selection: selection.selection, since, limits };
    const unpin = fabric.pin();
    this.#running++;
    const result: JobResult<FrameResult> = await jobs.run('encodeFrame', task, {
      jobClass: 'encode',
      timeoutMs: jobTimeoutMs,
    });
    this.#running--;
    onRoom();
    // A thread that is still ending may still read: its banks stay pinned.
    if (result.ok) unpin();
    else void result.exited.then(unpin);
    if (this.#current === current) this.#coming.delete(requestKey(request));
    if (!result.ok) return { kind: 'failed', reason: result.reason, message: result.message };
    return this.#finish(request, current, result.value);
  }

  #finish(request: FrameRequest, made: CurrentState, result: FrameResult): FrameOutcome {
    const outcome = outcomeOf(result, made);
    if (result.ok && result.members) {
      this.#members.keep(request.selection.key, made.schema, made.versions, result.members);
    }
    return this.#current === made ? this.#keep(request, outcome) : outcome;
  }

  #keep(request: FrameRequest, outcome: FrameOutcome): FrameOutcome {
    this.#put(requestKey(request), outcome);
    // A diff that came out as a snapshot is what a new subscriber gets, too.
    if (outcome.kind === 'frame' && outcome.frame.kind === 'snapshot' && request.since) {
      this.#put(requestKey({ ...request, since: null }), outcome);
    }
    return outcome;
  }

  #put(key: string, outcome: FrameOutcome): void {
    if (this.#ready.has(key)) return;
    this.#ready.set(key, outcome);
    this.#readyBytes += byteLengthOf(outcome);
    for (const [old, dropped] of this.#ready) {
      if (this.#readyBytes <= CACHE_BYTES_MAX) break;
      this.#ready.delete(old);
      this.#readyBytes -= byteLengthOf(dropped);
    }
  }
}

function requestKey({ selection, since, limits }: FrameRequest): string {
  return `${selection.key}:${limits.partBytes}:${since ? since.join('.') : ''}`;
}

function outcomeOf(result: FrameResult, target: CurrentState): FrameOutcome {
  if (!result.ok) return { kind: 'refused', code: result.code, message: result.message };
  const { kind, parts, empty } = result;
  const { fabricVersion, snapshotId, schema, versions } = target;
  let byteLength = 0;
  for (const part of parts) byteLength += part.byteLength;
  // Not `target` itself: it would keep the whole table as long as a client stays behind.
  const state = { fabricVersion, snapshotId, schema, versions };
  return { kind: 'frame', frame: { kind, parts, empty, byteLength, target: state } };
}

/** What keeping an outcome costs, roughly: empty ones are not free. */
function byteLengthOf(outcome: FrameOutcome): number {
  return 512 + (outcome.kind === 'frame' ? outcome.frame.byteLength : 0);
}
