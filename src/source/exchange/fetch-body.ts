/** One exchange with one endpoint: a conditional GET under one deadline. */

import type { AllocateBody } from '../../model/body.js';
import type { Clock } from '../../model/clock.js';
import { DeliveryError } from '../../model/outcome.js';
import type { HttpPollOptions } from '../poll-report.js';
import { Attempt, type Exchanged } from './attempt.js';
import { Connection, type Wire } from './connection.js';

/** How a poller talks to its upstream; tests of schedules put a scripted one here. */
export interface Exchange {
  /**
   * GETs the body, or learns that `etag` still names it. Every failure is a value; never rejects.
   * When `signal` aborts the result is a failure of no interest. Never called while one is pending.
   */
  fetch(etag: string | null, signal: AbortSignal): Promise<Exchanged>;
  /** Destroys the connection; resolves when its sockets are closed. */
  close(): Promise<void>;
}

export class HttpExchange implements Exchange {
  readonly #options: HttpPollOptions;
  readonly #clock: Clock;
  readonly #allocate: AllocateBody;
  readonly #connection: Wire;
  readonly #path: string;
  /** Origin and path, without the query: that may hold a secret. */
  readonly #where: string;
  #lastBytes = 0;

  /** `wire` replaces the network. */
  constructor(options: HttpPollOptions, clock: Clock, allocate: AllocateBody, wire?: Wire) {
    const url = new URL(options.url);
    this.#options = options;
    this.#clock = clock;
    this.#allocate = allocate;
    this.#path = url.pathname + url.search;
    const { tls, socketPath, addresses } = options;
    this.#where = (socketPath === undefined ? url.origin : `unix:${socketPath}:`) + url.pathname;
    const route = {
      ...(tls && { tls }),
      ...(socketPath !== undefined && { socketPath }),
      ...(addresses && { addresses }),
    };
    this.#connection = wire ?? new Connection(url.origin, options.intervalMs, route);
  }

  async fetch(etag: string | null, signal: AbortSignal): Promise<Exchanged> {
    const { timeoutMs } = this.#options;
    const startMs = this.#clock.monotonicMs();
    let attempt = this.#start(etag, startMs);
    const onAbort = (): void => attempt.cancel(new DeliveryError('timeout', 'the source was stopped', true));
    const onDeadline = (): void => {
      const knob = 'the limit is POLL_TIMEOUT_MS (timeout_ms)';
      const message = `no whole answer within ${timeoutMs} ms (${attempt.progress}); ${knob}`;
      attempt.cancel(new DeliveryError('timeout', message, true));
    };
    const timer = this.#clock.schedule(timeoutMs, onDeadline);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      let exchanged = await attempt.settled;
      if (exchanged.kind === 'failed' && exchanged.staleConnection && !signal.aborted) {
        attempt = this.#start(etag, startMs); // same deadline; on a fresh connection, so only once
        exchanged = await attempt.settled;
      }
      return this.#conclude(exchanged);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #start(etag: string | null, startMs: number): Attempt {
    const { bodyBytesMax, decodedBytesMax } = this.#options;
    const attempt = new Attempt({
      clock: this.#clock,
      allocate: this.#allocate,
      connection: this.#connection,
      bodyBytesMax,
      decodedBytesMax,
      lastBytes: this.#lastBytes,
      startMs,
      conditional: etag !== null,
    });
    const headers = requestHeaders(this.#options.headers, etag);
    this.#connection.dispatch({ method: 'GET', path: this.#path, headers }, attempt);
    return attempt;
  }

  #conclude(exchanged: Exchanged): Exchanged {
    if (exchanged.kind === 'body') this.#lastBytes = exchanged.body.bytes.byteLength;
    if (exchanged.kind !== 'failed') return exchanged;
    return { ...exchanged, message: `cannot fetch ${this.#where}: ${exchanged.message}` };
  }
}

/** The operator's headers win, except for the condition, which only the source can know. */
function requestHeaders(own: Readonly<Record<string, string>>, etag: string | null): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'text/csv, text/plain;q=0.9, */*;q=0.5',
    'accept-encoding': 'gzip',
    'user-agent': 'weft',
  };
  for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value;
  delete headers['if-none-match'];
  if (etag !== null) headers['if-none-match'] = etag;
  return headers;
}
