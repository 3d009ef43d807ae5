/** A body's way from a source to its ingest, and to what keeps it over a restart. Part of the composition root. */
import type { SourceConfig } from './config/config.js';
import type { IngestOptions, PublishEvent } from './fabric/ingest-types.js';
import type { Ingest } from './fabric/ingest.js';
import { Quarantine } from './fabric/quarantine.js';
import { isNdjson, shareBody, type BodyBytes } from './model/body.js';
import type { Clock } from './model/clock.js';
import type { Logger } from './model/log.js';
import type { RatePlan } from './model/rates.js';
import type { MissingRules } from './snapshot/missing.js';
import type { Body, Delivered } from './source/source.js';
import type { KeptBody } from './state/keeper.js';
import type { BodyCounts } from './stats/source-stats.js';

/** Takes each body that was published; null: nothing is kept. */
export type Keep = ((body: KeptBody) => void) | null;

/** `always`: a body that changed nothing but the sample time is kept as well. */
export async function deliverAndKeep(
  ingest: Ingest,
  body: Body,
  signal: AbortSignal,
  keep: Keep,
  always: boolean,
): Promise<Delivered> {
  const format = isNdjson(body.contentType) ? 'ndjson' : 'csv';
  if (!keep) return { outcome: await unlessAborted(ingest.deliver({ ...body, format }), signal) };
  const [bytes, kept] = shareBody(body.bytes, 2) as [BodyBytes, BodyBytes];
  try {
    const outcome = await unlessAborted(ingest.deliver({ ...body, bytes, format }), signal);
    if (outcome === 'ok' || always) keep({ ...body, bytes: kept });
    else kept.release();
    return { outcome };
  } catch (error) {
    kept.release();
    throw error;
  }
}

/** Publishes what was kept in an earlier life, as old as it is. Rejects when it cannot be published. */
export async function deliverKept(ingest: Ingest, kept: KeptBody, clock: Clock): Promise<void> {
  await ingest.deliver({
    ...kept,
    receivedAtMonoMs: clock.monotonicMs(),
    hasEtag: false,
    format: isNdjson(kept.contentType) ? 'ndjson' : 'csv',
    restoredAgeMs: Math.max(0, clock.nowMs() - kept.receivedAtMs),
  });
}

/** How bodies of a source are read. */
export function ingestOptions(
  { id: sourceId, parse: policy, decodedBytesMax, rates }: SourceConfig,
  { parseTimeoutMs, missing }: { readonly parseTimeoutMs: number; readonly missing: MissingRules },
): IngestOptions {
  return { sourceId, policy, parseTimeoutMs, decodedBytesMax, missing, rates };
}

/** What a body had to be repaired of, as it is counted. */
export function bodyCounts({ report, heldRows, changes }: PublishEvent): BodyCounts {
  const { counterResets } = changes;
  const { rejectedCells, rejectedRows, duplicates: duplicateRows, latin1Cells, headerRepeats } = report;
  return { rejectedCells, rejectedRows, duplicateRows, latin1Cells, headerRepeats, heldRows, counterResets };
}

/** Whether a generation has no previous samples because there are too many, and it was told. */
export function sayNoRates({ bytesRefused, bytesMax }: RatePlan, log: Logger): boolean {
  if (bytesRefused === 0) return false;
  log.warn(
    'source.no_rates',
    { bytes_needed: bytesRefused, bytes_max: bytesMax },
    'no deltas and rates: the previous samples need more than RATE_BYTES_MAX',
  );
  return true;
}

/** Where bodies of one source are set aside, told in its log. */
export function openQuarantine(clock: Clock, intervalMs: number, log: Logger): Quarantine {
  return new Quarantine(clock, intervalMs, ({ hash, losses, retryMs: retry_ms }) => {
    const message = 'a body has ended its worker again and again: it is set aside';
    log.warn('poll.quarantine', { hash, losses, retry_ms }, message);
  });
}

/** `work`, or a rejection as soon as `signal` aborts; `work` itself goes on then. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('the source was stopped'));
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
