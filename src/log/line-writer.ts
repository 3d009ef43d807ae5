/**
 * Where log lines leave the process. Never throws, never waits, never grows without bound: what
 * the output does not take is kept up to a limit, and dropped and counted beyond it.
 *
 * Lines of one turn of the event loop are written together at its end; `flushSync` writes at once
 * (pino calls it after a fatal line).
 */

import type { Clock, Timer } from '../model/clock.js';
import { holdEventLoop } from '../model/keep-alive.js';

/** The slice of a file descriptor this needs. */
export interface LineSink {
  /** Writes what fits and returns the number of bytes. Throws system errors; EAGAIN when nothing fits. */
  write(bytes: Uint8Array): number;
}

export interface LineWriterOptions {
  readonly sink: LineSink;
  readonly clock: Clock;
  /** Bytes that may wait for the output. */
  readonly pendingBytesMax: number;
  /** Called after lines were dropped and the output works again, once per gap. */
  readonly onGap: (lines: number) => void;
}

/** Written in one go; more would hold up the event loop. */
const CHUNK_BYTES = 256 * 1024;
const RETRY_MS_MIN = 10;
const RETRY_MS_MAX = 500;
const LINE_FEED = 10;
/** The reader is gone and does not come back. */
const CLOSED: ReadonlySet<string> = new Set(['EPIPE', 'EBADF', 'ECONNRESET', 'ENOTCONN', 'ESHUTDOWN']);
const BUSY: ReadonlySet<string> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR']);

export class LineWriter {
  readonly #options: LineWriterOptions;
  #lines: string[] = [];
  /** What is left of a chunk that was written in part. */
  #rest: Buffer | undefined;
  #pendingBytes = 0;
  #dropped = 0;
  #droppedReported = 0;
  #isScheduled = false;
  #isClosed = false;
  /** The last byte on the output ended no line: the next line starts with a break. */
  #isTorn = false;
  #retry: Timer | undefined;
  #retryMs = RETRY_MS_MIN;

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Lines that were lost, since start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Counts a line that never got here. */
  countLost(): void {
    this.#dropped += 1;
  }

  /** Takes one line with its line break. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#isClosed || this.#pendingBytes + bytes > this.#options.pendingBytesMax) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#pendingBytes += bytes;
    if (this.#retry === undefined) this.#drainSoon();
  }

  /** Writes all the output takes now. */
  flushSync(): void {
    this.#drain(Infinity);
  }

  /** Resolves true when nothing is pending, false when something still is at the deadline. */
  async flush(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + deadlineMs;
    const release = holdEventLoop();
    this.flushSync();
    while (this.#pendingBytes > 0 && clock.monotonicMs() < endMs) {
      const waitMs = Math.min(RETRY_MS_MIN, endMs - clock.monotonicMs());
      await new Promise<void>((resolve) => clock.schedule(waitMs, resolve));
      this.flushSync();
    }
    release();
    return this.#pendingBytes === 0;
  }

  #drain(bytesMax: number): void {
    let written = 0;
    while (written < bytesMax) {
      const chunk = this.#rest ?? this.#nextChunk();
      if (chunk === undefined) {
        if (written > 0) this.#reportGap();
        return;
      }
      const count = this.#attempt(chunk);
      if (count === undefined) return;
      written += count;
    }
    this.#drainSoon();
  }

  /** Bytes written, or undefined when the output takes nothing now or ever. */
  #attempt(chunk: Buffer): number | undefined {
    try {
      const count = this.#options.sink.write(chunk);
      if (count === 0) return this.#retryLater(chunk);
      this.#retryMs = RETRY_MS_MIN;
      this.#accept(chunk, count);
      return count;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (BUSY.has(code)) return this.#retryLater(chunk);
      if (CLOSED.has(code)) return this.#close(chunk);
      // Disk full and the like: what was meant to be written is lost, later lines may fit again.
      this.#drop(chunk);
      if (this.#lines.length > 0) this.#drainSoon();
      return undefined;
    }
  }

  /** Whole lines, about CHUNK_BYTES of them. */
  #nextChunk(): Buffer | undefined {
    if (this.#lines.length === 0) return undefined;
    let length = 0;
    let count = 0;
    while (count < this.#lines.length && length < CHUNK_BYTES) length += this.#lines[count++]!.length;
    const text = this.#lines.splice(0, count).join('');
    if (!this.#isTorn) return Buffer.from(text);
    // The break that ends a torn line belongs to none that was counted in.
    this.#pendingBytes += 1;
    return Buffer.from(`\n${text}`);
  }

  #accept(chunk: Buffer, count: number): void {
    this.#pendingBytes -= count;
    this.#rest = count < chunk.length ? chunk.subarray(count) : undefined;
    this.#isTorn = chunk[count - 1] !== LINE_FEED;
  }

  #drop(chunk: Buffer): void {
    const start = this.#isTorn && chunk[0] === LINE_FEED ? 1 : 0;
    for (let at = start; at < chunk.length; at++) if (chunk[at] === LINE_FEED) this.#dropped += 1;
    this.#pendingBytes -= chunk.length;
    this.#rest = undefined;
  }

  #close(chunk: Buffer): undefined {
    this.#isClosed = true;
    this.#drop(chunk);
    this.#dropped += this.#lines.length;
    this.#lines = [];
    this.#pendingBytes = 0;
    return undefined;
  }

  #drainSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#retry === undefined) this.#drain(CHUNK_BYTES);
    });
  }

  #retryLater(chunk: Buffer): undefined {
    this.#rest = chunk;
    if (this.#retry !== undefined) return undefined;
    this.#retry = this.#options.clock.schedule(this.#retryMs, () => {
      this.#retry = undefined;
      this.#drain(CHUNK_BYTES);
    });
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    return undefined;
  }

  #reportGap(): void {
    const lines = this.#dropped - this.#droppedReported;
    if (lines === 0) return;
    this.#droppedReported = this.#dropped;
    this.#options.onGap(lines);
  }
}
