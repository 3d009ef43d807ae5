/**
 * A growing run of bytes: what every body and frame is composed in. Bytes are cheaper than strings
 * here: a string handed to the socket is flattened and encoded once more.
 */
import { WeftError } from '../model/errors.js';

const FIRST_BYTES = 16 * 1024;
/** Above this a native copy beats a loop. */
const LOOP_BYTES_MAX = 48;

const encoder = new TextEncoder();

/**
 * One writer, one thread. Hot loops call `reserve` and then write `u8` from `at` by themselves;
 * `u8` may be another array after each `reserve`.
 */
export class ByteWriter {
  u8: Uint8Array<ArrayBuffer>;
  /** Bytes written so far, and where the next one goes. */
  at = 0;
  readonly #bytesMax: number;
  readonly #limitName: string;
  readonly #advice: string;

  /**
   * `bytesMax` and `limitName` (such as `MAX_LIST_BYTES`) are what the error too_large names;
   * `advice` is its last sentence and tells a client what to change.
   */
  constructor(bytesMax: number, limitName: string, advice = '', firstBytes = FIRST_BYTES) {
    this.#bytesMax = bytesMax;
    this.#limitName = limitName;
    this.#advice = advice;
    this.u8 = new Uint8Array(firstBytes);
  }

  /** Makes room for `count` bytes from `at`. Throws too_large once the limit has been passed. */
  reserve(count: number): void {
    if (this.at + count > this.u8.length) this.#grow(count);
  }

  /**
   * Makes room for about `count` more bytes at once: growing by doubling copies and drops as much
   * again. A guess, in either direction.
   */
  expect(count: number): void {
    const size = Math.min(this.at + count, this.#bytesMax + FIRST_BYTES);
    if (size > this.u8.length) this.#resize(size);
  }

  #grow(count: number): void {
    this.#check();
    // Callers reserve for the worst case: room is made beyond the limit, only written bytes count.
    this.#resize(Math.max(this.at + count, Math.min(this.u8.length * 2, this.#bytesMax + FIRST_BYTES)));
  }

  #resize(size: number): void {
    // Not cleared first, which costs as much as a third of encoding: only what was written is read.
    const bigger = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    bigger.set(this.u8.subarray(0, this.at));
    this.u8 = bigger;
  }

  #check(): void {
    if (this.at <= this.#bytesMax) return;
    throw new WeftError(
      'too_large',
      `cannot write a body of more than ${this.#bytesMax} bytes (${this.#limitName})${this.#advice}`,
    );
  }

  byte(value: number): void {
    this.reserve(1);
    this.u8[this.at++] = value;
  }

  /** Text of characters below U+0080; others come out wrong. */
  ascii(text: string): void {
    const length = text.length;
    this.reserve(length);
    const u8 = this.u8;
    let at = this.at;
    for (let i = 0; i < length; i++) u8[at++] = text.charCodeAt(i);
    this.at = at;
  }

  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.at += encoder.encodeInto(text, this.u8.subarray(this.at)).written;
  }

  /** Any JSON value. For names and small documents; cells have their own way. */
  json(value: unknown): void {
    this.utf8(JSON.stringify(value));
  }

  /** source[start, end). */
  bytes(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    if (end - start > LOOP_BYTES_MAX) {
      this.u8.set(source.subarray(start, end), this.at);
      this.at += end - start;
      return;
    }
    const u8 = this.u8;
    let at = this.at;
    for (let i = start; i < end; i++) u8[at++] = source[i]!;
    this.at = at;
  }

  /** All of `source`. */
  append(source: Uint8Array): void {
    this.bytes(source, 0, source.length);
  }

  /** Forgets what was written and keeps the room. */
  reset(): void {
    this.at = 0;
  }

  /** What was written, not copied: valid until the writer is used again. Throws too_large. */
  result(): Uint8Array<ArrayBuffer> {
    this.#check();
    return this.u8.subarray(0, this.at);
  }

  /** A copy of what was written, in a buffer of exactly its size. Throws too_large. */
  copy(): Uint8Array<ArrayBuffer> {
    this.#check();
    return this.u8.slice(0, this.at);
  }

  /**
   * What was written, in a buffer of its own that is at most an eighth longer: large bodies are not
   * copied once more. The writer starts anew. Throws too_large.
   */
  take(): Uint8Array<ArrayBuffer> {
    const written = this.result();
    if (this.u8.length - this.at > this.at / 8) return written.slice();
    this.u8 = new Uint8Array(0);
    this.at = 0;
    return written;
  }
}

/** The UTF-8 bytes of a text: for parts that are written again and again. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}
