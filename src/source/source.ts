/** Plug point: where bodies come from. A source never parses, publishes, logs or counts. */

import type { BodyBytes } from '../model/body.js';

/** One complete body, and what its upstream said of it. */
export interface Body {
  readonly bytes: BodyBytes;
  /** Wall clock, epoch milliseconds, when the last byte was there. */
  readonly receivedAtMs: number;
  /** The same moment on the monotonic clock. */
  readonly receivedAtMonoMs: number;
  /** The upstream's own sample time in epoch milliseconds, when it says one that can be true. */
  readonly snapshotTsMs: number | null;
  /** The upstream sent an ETag: it can answer 304 when nothing is new. */
  readonly hasEtag: boolean;
  /** The media type with its parameters, as sent. */
  readonly contentType: string | null;
  /** The upstream calls it the sample that is published: if it is another, it is refused as `conflict`. */
  readonly isRepeat?: boolean;
  /** Bytes announced for the wire, when they were announced. */
  readonly expectedBytes: number | null;
  /** Bytes received on the wire, before decompression. */
  readonly wireBytes: number;
  /** From the start of the exchange to its last decoded byte. */
  readonly fetchMs: number;
}

export interface Delivered {
  readonly outcome: 'ok' | 'identical';
}

/**
 * Takes one body. `bytes` belong to the callee from the moment of the call: it releases them, also
 * when it rejects.
 *
 * Resolves when the body was published, or found identical to what is published. Rejects with a
 * DeliveryError when it was not published: `outcome` says why, `retry` whether the same bytes may
 * succeed later. Any other error is a defect of the callee and ends the source's `run`.
 */
export type Deliver = (body: Body, signal: AbortSignal) => Promise<Delivered>;

/**
 * Contract, held by every implementation (test/contract/source.case.ts):
 *
 * - `run` delivers one body at a time: it waits for `deliver` to settle before the next call.
 * - A body is delivered whole and unchanged, or not at all.
 * - Resolved means acknowledge upstream (keep the ETag, ack the message). Rejected means do not:
 *   the upstream must be able to give that data again. After a rejection the source goes on.
 * - An upstream that fails never ends `run`; the source retries at a bounded rate.
 * - When `signal` aborts, `run` stops what is in flight, waits for a pending `deliver` (which was
 *   given the same signal), closes its connections and resolves. It delivers nothing afterwards.
 * - `run` rejects only for a defect. It may be called again once it has settled, never before.
 */
export interface Source {
  /** The configured name: unique, stable, used in /stats and logs. */
  readonly id: string;
  run(deliver: Deliver, signal: AbortSignal): Promise<void>;
}
