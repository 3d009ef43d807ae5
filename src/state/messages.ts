/** What main and the state thread say to each other. Shared buffers are shared, all else is cloned. */
import type { BodyRef } from '../snapshot/arena.js';
import type { StateMeta } from './format.js';

export type StateRequest =
  | { readonly op: 'prepare' }
  /** Does nothing, in its turn. */
  | { readonly op: 'idle' }
  | { readonly op: 'write'; readonly meta: StateMeta; readonly body: BodyRef }
  /** `nowMs`: for the name of a file that is set aside. */
  | { readonly op: 'find'; readonly sourceId: string; readonly bodyBytesMax: number; readonly nowMs: number }
  | { readonly op: 'load'; readonly meta: StateMeta; readonly body: BodyRef; readonly nowMs: number };

export type StateReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly meta: StateMeta }
  /** A file that cannot be used; `aside` is its new name, null when it could not be renamed. */
  | { readonly kind: 'bad'; readonly reason: string; readonly aside: string | null }
  /** What the disk said. */
  | { readonly kind: 'failed'; readonly reason: string };

/** `workerData` of the thread. */
export interface StateThreadStart {
  readonly dir: string;
}

export interface NumberedRequest {
  readonly id: number;
  readonly request: StateRequest;
}

export interface NumberedReply {
  readonly id: number;
  readonly reply: StateReply;
}
