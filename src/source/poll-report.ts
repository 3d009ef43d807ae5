/** What an HTTP poller needs to be told, and what it tells. */

import type { SourceAddressRules } from '../model/source-addresses.js';
import type { TlsSettings } from '../model/tls.js';
import type { Outcome } from '../model/outcome.js';
import type { BreakerState } from './breaker.js';

export interface HttpPollOptions {
  readonly id: string;
  /** http or https, without user and password. */
  readonly url: string;
  readonly tls?: TlsSettings;
  /** The unix socket over which `url` is fetched. */
  readonly socketPath?: string;
  /** Which addresses the host may have. */
  readonly addresses?: SourceAddressRules;
  readonly intervalMs: number;
  /** One deadline over connect, headers, body and decompression. */
  readonly timeoutMs: number;
  /** Bytes on the wire. */
  readonly bodyBytesMax: number;
  /** Bytes after decompression. */
  readonly decodedBytesMax: number;
  /** Sent with every request; may replace Accept, Accept-Encoding and User-Agent. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What one exchange showed, however it ended. */
export interface ExchangeFacts {
  /** HTTP status; null when none arrived. */
  readonly status: number | null;
  readonly fetchMs: number;
  /** Body bytes received, before decompression. */
  readonly wireBytes: number;
  /** Content-Length, when there was one. */
  readonly expectedBytes: number | null;
  /** The upstream's clock (Date, else X-Snapshot-Ts) minus ours; negative when it is behind or old. */
  readonly skewMs: number | null;
  /** X-Snapshot-Ts in epoch milliseconds. */
  readonly snapshotTsMs: number | null;
  /** Some headers of the answer, names in lower case, as received; absent without an answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PollResult extends ExchangeFacts {
  readonly outcome: Outcome;
  /** Failures in a row, this one included; 0 after a good exchange. */
  readonly attempt: number;
  /** Why it failed; null when it did not. Free of credentials, fit for logs and /stats. */
  readonly message: string | null;
}

/** Called synchronously; must not throw. A poll cut short by the end of `run` reports nothing. */
export interface PollObserver {
  /** Exactly once for each poll. */
  polled(result: PollResult): void;
  /** `slots` start times passed while a poll was still running: count them as `skipped`. */
  skipped(slots: number): void;
  /** At each change of state, before `polled` of the poll that caused it. */
  breaker(state: BreakerState): void;
}
