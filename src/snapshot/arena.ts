/** Body bytes in shared memory: appended by main as they arrive, read by one worker. */
import type { BodySink } from '../model/body.js';
import { DeliveryError } from '../model/outcome.js';
import type { FreeList } from './free-list.js';

const FIRST_BYTES = 256 * 1024;
/** Bodies of one source differ by a few digits: with some room, one's buffer serves the next. */
const ROOM = 1 / 16;

/** What crosses to a worker. */
export interface BodyRef {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
}

export class BodyArena implements BodySink {
  readonly #free: FreeList;
  readonly #bytesMax: number;
  #bytes: Buffer;
  #length = 0;
  #released = false;

  /** `byteLengthHint`: the announced length, 0 when unknown; it is trusted up to `bytesMax` only. */
  constructor(free: FreeList, byteLengthHint: number, bytesMax: number) {
    this.#free = free;
    this.#bytesMax = bytesMax;
    const wanted = Math.min(bytesMax, Math.max(byteLengthHint, FIRST_BYTES));
    this.#bytes = Buffer.from(free.acquire(wanted, Math.min(bytesMax - wanted, Math.ceil(wanted * ROOM))));
  }

  /** Memory of exactly `byteLength` bytes that another thread fills before anybody reads it. */
  static ofLength(free: FreeList, byteLength: number): BodyArena {
    const arena = new BodyArena(free, byteLength, byteLength);
    arena.#length = byteLength;
    return arena;
  }

  get buffer(): SharedArrayBuffer {
    return this.#bytes.buffer as SharedArrayBuffer;
  }

  get byteLength(): number {
    return this.#length;
  }

  append(chunk: Uint8Array): void {
    const end = this.#length + chunk.length;
    if (end > this.#bytesMax) {
      throw new DeliveryError(
        'too_large',
        `cannot take a body of more than ${this.#bytesMax} bytes (MAX_DECODED_BYTES)`,
        false,
      );
    }
    if (end > this.#bytes.length) this.#grow(end);
    copyInto(this.#bytes, chunk, this.#length);
    this.#length = end;
  }

  #grow(needed: number): void {
    const old = this.#bytes;
    const size = Math.min(this.#bytesMax, Math.max(needed, Math.ceil(old.length * 1.5)));
    const bigger = Buffer.from(this.#free.acquire(size));
    copyInto(bigger, old.subarray(0, this.#length), 0);
    this.#bytes = bigger;
    this.#free.release(old.buffer as SharedArrayBuffer);
  }

  ref(): BodyRef {
    return { buffer: this.buffer, byteLength: this.#length };
  }

  /** Gives the memory back. Afterwards nobody may read the bytes. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#free.release(this.buffer);
  }
}

/**
 * `set` writes shared memory word by word, as if another thread looked on: it was a third of what
 * the main thread does for a refresh. `fill` with as many bytes as there is room is a plain copy.
 */
function copyInto(target: Buffer, chunk: Uint8Array, at: number): void {
  if (chunk.length > 0) target.fill(chunk, at, at + chunk.length);
}

/** The bytes of a body, in whatever thread. */
export function bodyBytes(ref: BodyRef): Uint8Array {
  return new Uint8Array(ref.buffer, 0, ref.byteLength);
}

/** True when two bodies are the same byte for byte. A native compare: about 10 GB/s, early out. */
export function sameBytes(a: BodyRef, b: BodyRef): boolean {
  if (a.byteLength !== b.byteLength) return false;
  return Buffer.from(a.buffer, 0, a.byteLength).equals(Buffer.from(b.buffer, 0, b.byteLength));
}
