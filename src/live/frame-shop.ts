/**
 * Frames of the current table, each made once however many subscribers ask: small ones on the
 * spot, large ones in workers. What is large is decided from counters, before any cell is read.
 */
import { changeSets, type SinceVersions } from '../fabric/changes.js';
import type { ErrorCode } from '../model/errors.js';
import type { JobResult } from '../model/jobs.js';
import { encodeFrame, type FrameResult, type FrameSince } from '../view/frame.js';
import { frameCellsMax } from '../view/frame-changes.js';
import { sliceOf } from '../view/frame-selection.js';
import type { FrameLimits } from '../view/frame-parts.js';
import { FrameBatches, type FrameBatchesDeps } from './frame-batches.js';
import { MemberBook } from './member-book.js';
import type { SharedSelection } from './selections.js';
import type { CurrentState, TableState } from './table-state.js';

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

export interface FrameShopDeps extends FrameBatchesDeps {
  /** The version that frames are made for; null before the first publish. */
  readonly current: () => CurrentState | null;
  /** Frames of more cells are made in workers. */
  readonly inlineCellsMax: number;
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
  readonly #batches: FrameBatches;
  #readyBytes = 0;
  #current: CurrentState | null = null;
  /** What was asked for last, and its frame: subscribers of one selection ask one after the other. */
  #last: { readonly request: FrameRequest; readonly outcome: FrameOutcome } | null = null;

  constructor(deps: FrameShopDeps) {
    this.#deps = deps;
    this.#batches = new FrameBatches(deps);
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
    this.#last = null;
    return current;
  }

  /** Whether another frame may be handed to workers now. */
  get hasRoom(): boolean {
    return this.#batches.hasRoom;
  }

  /** Call at the end of each turn that requested frames: they are handed to workers together. */
  flush(): void {
    this.#batches.flush();
  }

  /**
   * The frame to the current table. A promise when a worker makes it: the table may have moved on
   * when it settles, and `flush` must be called. Undefined when no more jobs may run now (`hasRoom`).
   */
  request(request: FrameRequest): FrameOutcome | Promise<FrameOutcome> | undefined {
    const current = this.#moveOn();
    const last = this.#last;
    if (last && isSame(last.request, request)) return last.outcome;
    const key = requestKey(request);
    const ready = this.#ready.get(key);
    if (ready) this.#last = { request, outcome: ready };
    return ready ?? this.#coming.get(key) ?? this.#make(request, key, current);
  }

  #make(
    request: FrameRequest,
    key: string,
    current: CurrentState,
  ): FrameOutcome | Promise<FrameOutcome> | undefined {
    const { selection, since, limits } = request;
    const sets = since && changeSets(current.table, since);
    const from = since && this.#stateAt(selection, since, current);
    if (sets === undefined || from === undefined) return GAP;
    const fields = selection.fieldsOf(current.schema).length;
    const wanted = selection.selection;
    const cellsMax = frameCellsMax(current.table, wanted, fields, sets);
    if (cellsMax <= this.#deps.inlineCellsMax) {
      const result = encodeFrame(current.table, wanted, from, limits, selection.key);
      return this.#finish(request, current, result);
    }
    const order = { selection: wanted, since: from, limits, key: selection.key };
    const made = this.#batches.add(current.table, { key: selection.key, order, cellsMax });
    if (!made) return undefined;
    const coming = made.then((result) => this.#arrived(request, current, result));
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

  #arrived(request: FrameRequest, current: CurrentState, result: JobResult<FrameResult>): FrameOutcome {
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

/** The same objects: equal ones have the same key. */
function isSame(a: FrameRequest, b: FrameRequest): boolean {
  return a.selection === b.selection && a.since === b.since && a.limits === b.limits;
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
