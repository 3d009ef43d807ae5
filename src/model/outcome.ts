/** How one exchange with an upstream ended. Every poll and push ends in exactly one of these. */

export const OUTCOMES = [
  'ok', // a new snapshot was published
  'identical', // a 200 whose bytes equal the published body
  'not_modified', // a 304
  'status', // any other HTTP status
  'timeout', // the deadline of the whole exchange, or of the parse
  'connect', // refused, reset, unreachable, TLS
  'dns', // the name did not resolve
  'redirect', // a 3xx: never followed
  'too_large', // above a cap on the wire or after decompression
  'truncated', // fewer bytes than announced, or cut inside the last row
  'content_type', // an HTML page, or a type that is no text
  'encoding', // an unknown or chained Content-Encoding; bytes that are no text
  'schema', // header without key columns, duplicate names, a change that policy refuses
  'empty', // no data rows
  'parse', // ragged rows, unclosed quotes, duplicate row keys
  'cardinality', // more distinct text or rows than the caps allow
  'skipped', // the previous job of this source, or a pinned bank, was still in use
  'worker', // the worker died or ran out of memory
  'quarantined', // this very body has ended three workers: set aside for a while
  'conflict', // a push of an older sample, or other bytes for the sample that is published
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** True for those that prove the upstream alive and the served snapshot current. */
export function isGoodExchange(outcome: Outcome): boolean {
  return outcome === 'ok' || outcome === 'identical' || outcome === 'not_modified';
}

/** Why a body was not published. `message` names the line, the column, the limit and the knob. */
export class DeliveryError extends Error {
  readonly outcome: Outcome;
  /** Whether the same bytes may succeed later (the queue sources of a later version need it). */
  readonly retry: boolean;

  constructor(outcome: Outcome, message: string, retry: boolean) {
    super(message);
    this.name = 'DeliveryError';
    this.outcome = outcome;
    this.retry = retry;
  }
}
