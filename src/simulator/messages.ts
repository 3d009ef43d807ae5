/**
 * What main and the build thread say to each other. Bodies cross by transfer, in both directions:
 * built ones to main, those that nobody reads any more back to the thread, to be filled again.
 */

import type { MatrixShape, SimulatorDialect } from './options.js';

/** One dialect of one tick, plain, compressed or both. */
export interface BuildJob {
  readonly dialect: SimulatorDialect;
  readonly identity: boolean;
  readonly gzip: boolean;
}

export interface BuildRequest {
  readonly op: 'build';
  readonly id: number;
  readonly tick: number;
  readonly tsMs: number;
  readonly job: BuildJob;
}

/** A body back for reuse; its bytes are worthless. */
export interface RecycleRequest {
  readonly op: 'recycle';
  readonly bytes: Uint8Array;
}

export type ThreadRequest = BuildRequest | RecycleRequest;

export interface BuildResult {
  readonly id: number;
  readonly ok: true;
  readonly identity: Uint8Array | undefined;
  readonly gzip: Uint8Array | undefined;
  readonly buildMs: number;
}

/** The thread returns errors as values; it goes on after them. */
export interface BuildFailure {
  readonly id: number;
  readonly ok: false;
  readonly message: string;
}

export type ThreadReply = BuildResult | BuildFailure;

/** `workerData` of the thread. */
export interface ThreadStart {
  readonly shape: MatrixShape;
}
