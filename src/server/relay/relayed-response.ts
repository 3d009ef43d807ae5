/**
 * A response of a reader thread's connection, as main's server writes it. It keeps the library's rules:
 * valid until it was answered or aborted, and a body that is not taken at once is offered again.
 */
import { bug } from '../../model/errors.js';
import type { UwsBytes, UwsResponse } from '../uws.js';
import type { AskedRequest, MessageEnd, ResponseHead, ToReader } from './messages.js';

/** Bodies up to here go over with their head in one message, and count as sent. */
const WHOLE_BODY_BYTES_MAX = 32 * 1024;

const encoder = new TextEncoder();

/** Bytes of its own: what is posted is copied whole, also what a view does not show. */
function own(bytes: UwsBytes): Uint8Array {
  return typeof bytes === 'string' ? encoder.encode(bytes) : bytes.slice();
}

export interface RelayedResponseDeps {
  readonly end: MessageEnd<ToReader>;
  readonly asked: AskedRequest;
  /** Answered or aborted: no message concerns it any more. */
  readonly onOver: (answered: boolean) => void;
}

export class RelayedResponse implements UwsResponse {
  readonly #deps: RelayedResponseDeps;
  #status: Uint8Array | null = null;
  readonly #headers: Uint8Array[] = [];
  /** Of a small body. */
  readonly #parts: Uint8Array[] = [];
  #headSent = false;
  #over = false;
  #offset = 0;
  /** Of the body: handed to the reader and not yet to its socket; then taken and not yet told. */
  #underWay = 0;
  #taken = 0;
  #onWritable: ((offset: number) => boolean) | null = null;
  #onAborted: (() => void) | null = null;
  #onData: ((chunk: ArrayBuffer, isLast: boolean) => void) | null = null;

  constructor(deps: RelayedResponseDeps) {
    this.#deps = deps;
  }

  writeStatus(status: UwsBytes): this {
    this.#status = own(status);
    return this;
  }

  writeHeader(name: UwsBytes, value: UwsBytes): this {
    this.#headers.push(own(name), own(value));
    return this;
  }

  end(body: UwsBytes = '', closeConnection = false): this {
    const bytes = own(body);
    this.#post(this.#head(bytes, bytes.length, closeConnection));
    this.#finish();
    return this;
  }

  endWithoutBody(): this {
    this.#post(this.#head(null, -1, false));
    this.#finish();
    return this;
  }

  /** As the library: what was not taken is offered again, from `getWriteOffset` on. */
  tryEnd(chunk: UwsBytes, totalBytes: number): [ok: boolean, done: boolean] {
    if (totalBytes <= WHOLE_BODY_BYTES_MAX) return this.#gather(own(chunk), totalBytes);
    // What was offered before is offered once more: as much of it as was taken since is told now.
    const told = Math.min(this.#taken, chunk.length);
    this.#taken -= told;
    this.#offset += told;
    if (this.#offset === totalBytes) {
      this.#finish();
      return [true, true];
    }
    if (told === chunk.length) return [true, false];
    if (this.#underWay === 0) this.#slice(own(told === 0 ? chunk : chunk.slice(told)), totalBytes);
    return [false, false];
  }

  #gather(bytes: Uint8Array, totalBytes: number): [ok: boolean, done: boolean] {
    this.#parts.push(bytes);
    this.#offset += bytes.length;
    const done = this.#offset === totalBytes;
    if (done) this.end(this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts));
    return [true, done];
  }

  #slice(bytes: Uint8Array, totalBytes: number): void {
    if (!this.#headSent) this.#post(this.#head(null, totalBytes, false));
    this.#underWay = bytes.length;
    const message: ToReader = { kind: 'slice', id: this.#deps.asked.id, bytes };
    this.#deps.end.postMessage(message, [bytes.buffer as ArrayBuffer]);
  }

  #head(body: Uint8Array | null, totalBytes: number, closes: boolean): ToReader {
    if (this.#over) bug('a response that was answered or aborted is written');
    this.#headSent = true;
    const head: ResponseHead = {
      id: this.#deps.asked.id,
      status: this.#status,
      headers: this.#headers,
      body,
      totalBytes,
      closes,
    };
    return { kind: 'head', head };
  }

  #post(message: ToReader): void {
    this.#deps.end.postMessage(message);
  }

  #finish(answered = true): void {
    this.#over = true;
    this.#deps.onOver(answered);
  }

  getWriteOffset(): number {
    return this.#offset;
  }

  onWritable(handler: (offset: number) => boolean): this {
    this.#onWritable = handler;
    return this;
  }

  onAborted(handler: () => void): this {
    this.#onAborted = handler;
    return this;
  }

  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): this {
    this.#onData = handler;
    return this;
  }

  pause(): void {
    this.#post({ kind: 'pause', id: this.#deps.asked.id });
  }

  resume(): void {
    this.#post({ kind: 'resume', id: this.#deps.asked.id });
  }

  /** Every message is one already. */
  cork(write: () => void): this {
    write();
    return this;
  }

  close(): this {
    this.#post({ kind: 'cut', id: this.#deps.asked.id });
    this.aborted();
    return this;
  }

  getRemoteAddressAsText(): ArrayBuffer {
    return this.#deps.asked.remote;
  }

  upgrade(): never {
    return bug('a request that was handed on is upgraded: readers do that by themselves');
  }

  /** The reader says: the slice under way was handed to the socket. */
  sliceTaken(): void {
    if (this.#over || this.#underWay === 0) return;
    this.#taken += this.#underWay;
    this.#underWay = 0;
    this.#onWritable?.(this.#offset);
  }

  /** The reader says: bytes of the request's body. */
  chunk(bytes: ArrayBuffer, isLast: boolean): void {
    if (this.#over) return;
    const { byteLength } = bytes;
    this.#onData?.(bytes, isLast);
    if (!isLast) this.#post({ kind: 'chunkTaken', id: this.#deps.asked.id, bytes: byteLength });
  }

  /** The client left, or the reader did. */
  aborted(): void {
    if (this.#over) return;
    this.#finish(false);
    this.#onAborted?.();
  }
}
