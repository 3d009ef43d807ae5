/** Streaming decompression. */

import { constants, createGunzip, type Gunzip as ZlibGunzip } from 'node:zlib';
import { DeliveryError } from '../../model/outcome.js';

/** Decoded bytes that zlib hands over at once: what a bomb can allocate beyond the cap. */
const CHUNK_BYTES = 64 * 1024;

export interface GunzipEvents {
  /** Decoded bytes, valid during the call. What it throws ends the decoding as `failed`. */
  data(chunk: Uint8Array): void;
  /** There is room again after `write` returned false. */
  drained(): void;
  /** The stream was whole. */
  done(): void;
  failed(error: unknown): void;
}

/** Streaming gunzip off the main thread. After `done`, `failed` or `destroy` it calls nobody. */
export class Gunzip {
  readonly #zlib: ZlibGunzip;
  readonly #events: GunzipEvents;
  #wireBytes = 0;
  #ended = false;
  #closed = false;

  constructor(events: GunzipEvents) {
    this.#events = events;
    this.#zlib = createGunzip({ chunkSize: CHUNK_BYTES, finishFlush: constants.Z_FINISH });
    this.#zlib.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#zlib.on('drain', () => {
      if (!this.#closed) events.drained();
    });
    this.#zlib.on('error', (error) => this.#fail(explain(error)));
    this.#zlib.on('end', () => this.#onEnd());
  }

  /** False: wait for `drained` before the next write. */
  write(chunk: Uint8Array): boolean {
    if (this.#closed) return true;
    this.#wireBytes += chunk.byteLength;
    return this.#zlib.write(chunk);
  }

  end(): void {
    this.#ended = true;
    if (!this.#closed) this.#zlib.end();
  }

  destroy(): void {
    this.#closed = true;
    this.#zlib.destroy();
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      this.#events.data(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #onEnd(): void {
    if (this.#closed) return;
    // zlib ends quietly at bytes that start no further member; they are no part of the body.
    if (!this.#ended || this.#zlib.bytesWritten !== this.#wireBytes) {
      this.#fail(new DeliveryError('encoding', 'bytes follow the end of the gzip stream', true));
      return;
    }
    this.destroy();
    this.#events.done();
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.destroy();
    this.#events.failed(error);
  }
}

function explain(error: NodeJS.ErrnoException): DeliveryError {
  if (error.code === 'Z_BUF_ERROR') {
    return new DeliveryError('truncated', 'the gzip stream ends before its last block', true);
  }
  return new DeliveryError('encoding', `the body is no gzip stream: ${error.message}`, true);
}
