/** One pushed body, from its first byte to its last decoded one. */
import type { AllocateBody, BodySink } from '../model/body.js';
import type { Clock, Timer } from '../model/clock.js';
import { WeftError } from '../model/errors.js';
import { DeliveryError } from '../model/outcome.js';
import type { PushEvents, PushHead, Upload } from '../model/push.js';
import { tooLargeDecoded, tooLargeOnWire } from './exchange/admit.js';
import { Gunzip } from './exchange/decode.js';
import type { ExchangeFacts } from './poll-report.js';
import type { Body } from './source.js';

/** Room for a body whose length nobody announced. */
const HINT_BYTES_DEFAULT = 256 * 1024;

export interface PushOptions {
  readonly id: string;
  /** From the head of a request to the last decoded byte of its body. */
  readonly timeoutMs: number;
  /** The longest that a whole body may take to be published. */
  readonly publishMsMax: number;
  /** Bytes on the wire. */
  readonly bodyBytesMax: number;
  /** Bytes after decompression. */
  readonly decodedBytesMax: number;
}

export interface UploadTools {
  readonly clock: Clock;
  readonly allocate: AllocateBody;
  /** The body is whole. Called once, and then `failed` is not. */
  received(body: Body): void;
  /** It never will be. */
  failed(error: DeliveryError): void;
}

/** Holds its memory until the body was handed over or is known to be lost. */
export class PushUpload implements Upload {
  readonly answerWithinMs: number;
  readonly #options: PushOptions;
  readonly #head: PushHead;
  readonly #tools: UploadTools;
  readonly #events: PushEvents;
  readonly #startMs: number;
  readonly #sink: BodySink;
  readonly #gunzip: Gunzip | null;
  readonly #deadline: Timer;
  #wireBytes = 0;
  #over = false;

  constructor(options: PushOptions, head: PushHead, tools: UploadTools, events: PushEvents) {
    const { clock, allocate } = tools;
    const { bodyBytesMax, decodedBytesMax, timeoutMs } = options;
    this.answerWithinMs = timeoutMs + options.publishMsMax;
    this.#options = options;
    this.#head = head;
    this.#tools = tools;
    this.#events = events;
    this.#startMs = clock.monotonicMs();
    const bytesMax = head.isGzip ? decodedBytesMax : Math.min(bodyBytesMax, decodedBytesMax);
    const announced = head.isGzip ? null : head.contentLength;
    this.#sink = allocate(Math.min(announced ?? HINT_BYTES_DEFAULT, bytesMax), bytesMax);
    this.#gunzip = head.isGzip ? this.#openGunzip() : null;
    this.#deadline = clock.schedule(timeoutMs, () => {
      const knob = 'the limit is POLL_TIMEOUT_MS (timeout_ms)';
      const message = `no whole body within ${timeoutMs} ms (received ${this.#wireBytes} bytes); ${knob}`;
      this.fail(new DeliveryError('timeout', message, true));
    });
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over) return true;
    this.#wireBytes += chunk.byteLength;
    try {
      const { bodyBytesMax } = this.#options;
      if (this.#wireBytes > bodyBytesMax) throw tooLargeOnWire(null, bodyBytesMax);
      // zlib reads in a thread of its own, when the library's chunk is gone.
      if (this.#gunzip) return this.#gunzip.write(chunk.slice());
      this.#append(chunk);
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  end(): void {
    if (this.#over) return;
    // A coding of nothing is nothing: the parser says `empty`, which is what it is.
    if (this.#gunzip && this.#wireBytes > 0) this.#gunzip.end();
    else this.#finish();
  }

  abort(): void {
    this.fail(new DeliveryError('truncated', `the client left after ${this.#wireBytes} bytes`, true));
  }

  /** Gives up the body; does nothing once it was handed over. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#sink.release();
    const known = error instanceof DeliveryError;
    this.#tools.failed(known ? error : new DeliveryError('worker', `BUG: ${String(error)}`, false));
  }

  #openGunzip(): Gunzip {
    return new Gunzip({
      data: (chunk) => this.#append(chunk),
      drained: () => this.#events.resume(),
      done: () => this.#finish(),
      failed: (error) => this.fail(error),
    });
  }

  #append(chunk: Uint8Array): void {
    if (this.#over) return;
    const { decodedBytesMax } = this.#options;
    if (this.#sink.byteLength + chunk.byteLength > decodedBytesMax) throw tooLargeDecoded(decodedBytesMax);
    this.#sink.append(chunk);
  }

  #finish(): void {
    if (this.#over) return;
    this.#end();
    const { clock } = this.#tools;
    const { snapshotTsMs, contentType } = this.#head;
    this.#tools.received({
      bytes: this.#sink,
      receivedAtMs: clock.nowMs(),
      receivedAtMonoMs: clock.monotonicMs(),
      snapshotTsMs,
      hasEtag: false,
      contentType,
      expectedBytes: this.#head.contentLength,
      wireBytes: this.#wireBytes,
      fetchMs: clock.monotonicMs() - this.#startMs,
    });
  }

  #end(): void {
    this.#over = true;
    this.#deadline.cancel();
    this.#gunzip?.destroy();
  }

  facts(): ExchangeFacts {
    const { snapshotTsMs, contentLength } = this.#head;
    const { clock } = this.#tools;
    return {
      status: null,
      fetchMs: clock.monotonicMs() - this.#startMs,
      wireBytes: this.#wireBytes,
      expectedBytes: contentLength,
      skewMs: snapshotTsMs === null ? null : snapshotTsMs - clock.nowMs(),
      snapshotTsMs,
    };
  }
}

/** How a client is told of a body that never became whole. */
export function uploadError({ outcome, message }: DeliveryError): WeftError {
  const text = `cannot take the body: ${message}`;
  switch (outcome) {
    case 'too_large':
      return new WeftError('too_large', text);
    case 'timeout':
      return new WeftError('request_timeout', text);
    case 'encoding':
    case 'truncated':
      return new WeftError('bad_encoding', text);
    default:
      return new WeftError('overloaded', text, 1);
  }
}
