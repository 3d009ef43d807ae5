/** One request and its response, from dispatch to the last decoded byte. */

import type { Dispatcher } from 'undici';
import type { AllocateBody, BodySink } from '../../model/body.js';
import type { Clock } from '../../model/clock.js';
import { DeliveryError, type Outcome } from '../../model/outcome.js';
import type { ExchangeFacts } from '../poll-report.js';
import type { Body } from '../source.js';
import { admit, tooLargeDecoded, tooLargeOnWire, type Coding } from './admit.js';
import { classify, isBrokenConnection } from './classify.js';
import type { Wire } from './connection.js';
import { Gunzip } from './decode.js';
import { readHead, skewOf, type ResponseHead } from './head.js';

/** Room for a body whose length nobody announced. */
const HINT_BYTES_DEFAULT = 256 * 1024;
/**
 * Bytes copied before other work gets its turn. Left alone, libuv hands over 2 MiB in one turn of
 * the loop, and readers wait for milliseconds while a large body arrives.
 */
const TURN_BYTES = 256 * 1024;

export type Exchanged =
  | {
      readonly kind: 'body';
      readonly facts: ExchangeFacts;
      readonly body: Body;
      readonly etag: string | null;
    }
  | { readonly kind: 'not_modified'; readonly facts: ExchangeFacts }
  | {
      readonly kind: 'failed';
      readonly facts: ExchangeFacts;
      readonly outcome: Outcome;
      readonly message: string;
      /** A kept-alive connection broke before any answer: worth one more attempt at once. */
      readonly staleConnection: boolean;
    };

export interface AttemptTools {
  readonly clock: Clock;
  readonly allocate: AllocateBody;
  readonly connection: Wire;
  readonly bodyBytesMax: number;
  readonly decodedBytesMax: number;
  /** Size of the body before, as a hint; 0 when there was none. */
  readonly lastBytes: number;
  /** When the exchange began, monotonic. */
  readonly startMs: number;
  /** Whether If-None-Match is sent, so that a 304 means something. */
  readonly conditional: boolean;
}

/**
 * Settles exactly once, and from then on ignores what undici or zlib still say. What its callbacks
 * throw comes back through onResponseError. Every failure drops the connection: what else is on its
 * way there is of no use.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly settled: Promise<Exchanged>;
  readonly #tools: AttemptTools;
  readonly #connectsBefore: number;
  #settle!: (exchanged: Exchanged) => void;
  #head: ResponseHead | null = null;
  #sink: BodySink | null = null;
  #gunzip: Gunzip | null = null;
  #wireBytes = 0;
  #turnBytes = 0;
  #sent = false;
  #received = false;
  #done = false;

  constructor(tools: AttemptTools) {
    this.#tools = tools;
    this.#connectsBefore = tools.connection.connects;
    tools.connection.takesAtOnce = false;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
  }

  /** Where the exchange stands, for the message of a timeout. */
  get progress(): string {
    if (this.#received) return 'decompressing';
    if (this.#head) return `received ${this.#wireBytes} of ${this.#head.contentLength ?? 'unknown'} bytes`;
    return this.#sent ? 'waiting for the response' : 'connecting';
  }

  /** Ends the attempt as failed with `reason`, and destroys its socket. */
  cancel(reason: DeliveryError): void {
    this.#fail(reason);
  }

  onRequestStart(): void {
    this.#sent = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200 || this.#done) return;
    const head = readHead(status, controller.rawHeaders);
    this.#head = head;
    if (status === 304) return; // has no body, and ends at once
    const coding = admit(head, this.#tools.bodyBytesMax);
    this.#sink = this.#allocate(head, coding);
    if (coding === 'gzip') this.#gunzip = this.#openGunzip(controller);
    // zlib keeps what it is given; a plain body is copied before its callback returns.
    else this.#tools.connection.takesAtOnce = true;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#done) return;
    this.#wireBytes += chunk.byteLength;
    const { bodyBytesMax } = this.#tools;
    if (this.#wireBytes > bodyBytesMax) throw tooLargeOnWire(null, bodyBytesMax);
    if (this.#gunzip) {
      if (!this.#gunzip.write(chunk)) controller.pause();
      return;
    }
    this.#append(chunk);
    // Such a socket is read once in a turn, and what it read in a pause would have to be copied.
    if (this.#tools.connection.lends) return;
    this.#turnBytes += chunk.byteLength;
    if (this.#turnBytes < TURN_BYTES) return;
    this.#turnBytes = 0;
    controller.pause();
    setImmediate(() => controller.resume());
  }

  onResponseEnd(): void {
    if (this.#done) return;
    this.#tools.connection.takesAtOnce = false;
    this.#received = true;
    const { contentLength, status } = this.#head!;
    if (status === 304) return this.#endNotModified();
    if (this.#tools.connection.failed) {
      return this.#fail(new DeliveryError('truncated', 'the connection was reset in mid-body', true));
    }
    if (contentLength !== null && contentLength !== this.#wireBytes) {
      const message = `received ${this.#wireBytes} of ${contentLength} bytes`;
      return this.#fail(new DeliveryError('truncated', message, true));
    }
    // A coding of nothing is nothing: the parser says `empty`, which is what it is.
    if (this.#gunzip && this.#wireBytes > 0) this.#gunzip.end();
    else this.#endBody();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #allocate(head: ResponseHead, coding: Coding): BodySink {
    const { allocate, bodyBytesMax, decodedBytesMax, lastBytes } = this.#tools;
    const bytesMax = coding === 'gzip' ? decodedBytesMax : Math.min(bodyBytesMax, decodedBytesMax);
    const announced = coding === 'gzip' ? null : head.contentLength;
    return allocate(Math.min(announced ?? (lastBytes || HINT_BYTES_DEFAULT), bytesMax), bytesMax);
  }

  #openGunzip(controller: Dispatcher.DispatchController): Gunzip {
    return new Gunzip({
      data: (chunk) => this.#append(chunk),
      drained: () => controller.resume(),
      done: () => this.#endBody(),
      failed: (error) => this.#fail(error),
    });
  }

  /** Decoded bytes; checked before they are copied, so that the cap is never exceeded. */
  #append(chunk: Uint8Array): void {
    const { decodedBytesMax } = this.#tools;
    const sink = this.#sink;
    if (this.#done || !sink) return;
    if (sink.byteLength + chunk.byteLength > decodedBytesMax) throw tooLargeDecoded(decodedBytesMax);
    sink.append(chunk);
  }

  #endNotModified(): void {
    if (!this.#tools.conditional) {
      return this.#fail(new DeliveryError('status', 'status 304 to a request without If-None-Match', true));
    }
    this.#done = true;
    this.#settle({ kind: 'not_modified', facts: this.#facts() });
  }

  #endBody(): void {
    if (this.#done) return;
    this.#done = true;
    this.#gunzip?.destroy();
    const facts = this.#facts();
    const { clock } = this.#tools;
    const body: Body = {
      bytes: this.#sink!,
      receivedAtMs: clock.nowMs(),
      receivedAtMonoMs: clock.monotonicMs(),
      snapshotTsMs: facts.snapshotTsMs,
      hasEtag: this.#head!.etag !== null,
      contentType: this.#head!.contentType,
      expectedBytes: facts.expectedBytes,
      wireBytes: facts.wireBytes,
      fetchMs: facts.fetchMs,
    };
    this.#settle({ kind: 'body', facts, body, etag: this.#head!.etag });
  }

  #fail(error: unknown): void {
    if (this.#done) return;
    this.#done = true;
    this.#tools.connection.takesAtOnce = false;
    this.#gunzip?.destroy();
    this.#sink?.release();
    const { outcome, message } = classify(error, this.#head !== null, this.#tools.connection.hangUpHint);
    const { connection } = this.#tools;
    connection.drop(error instanceof Error ? error : new Error(message));
    const reused = connection.connects === this.#connectsBefore;
    const staleConnection = reused && this.#head === null && isBrokenConnection(error);
    this.#settle({ kind: 'failed', facts: this.#facts(), outcome, message, staleConnection });
  }

  #facts(): ExchangeFacts {
    const head = this.#head;
    const { clock, startMs } = this.#tools;
    return {
      status: head?.status ?? null,
      fetchMs: clock.monotonicMs() - startMs,
      wireBytes: this.#wireBytes,
      // The length in any other response is not that of a body we read.
      expectedBytes: head?.status === 200 ? head.contentLength : null,
      skewMs: head ? skewOf(head, clock.nowMs()) : null,
      snapshotTsMs: head?.snapshotTsMs ?? null,
      ...(head && { headers: head.kept }),
    };
  }
}
