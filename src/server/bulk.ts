/**
 * Large bodies, a slice at a time. A slow reader holds a reference to the body and never a copy of
 * it; however many downloads run, one turn of the loop writes a bounded number of bytes.
 */
import { IMPORTANT_BYTES_FACTOR, WRITE_SLICE_BYTES } from '../model/limits.js';
import type { UwsResponse } from './uws.js';

/** Of all downloads together, so 256 KiB a turn: reads must not wait for more than this. */
const SLICES_PER_TURN = 1;

/** What a download needs of its response. */
export type BulkResponse = Pick<UwsResponse, 'tryEnd' | 'getWriteOffset' | 'onWritable' | 'cork'>;

/**
 * Bodies up to here are handed over in one piece, parts joined: each further piece costs as much as
 * ten thousand bytes more.
 */
const JOINED_BYTES_MAX = 64 * 1024;

/** Body parts, in order. Private memory or memory that nobody writes any more: sockets read it. */
export type Chunks = readonly Uint8Array[];

export function byteLengthOf(chunks: Chunks): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

/** One body on its way to one client. */
export class Download {
  readonly #sender: BulkSender;
  readonly #res: BulkResponse;
  readonly #chunks: Chunks;
  readonly #totalBytes: number;
  readonly #finished: () => void;
  #index = 0;
  #offset = 0;
  #remaining: number;
  #over = false;

  constructor(
    sender: BulkSender,
    res: BulkResponse,
    chunks: Chunks,
    totalBytes: number,
    finished: () => void,
  ) {
    this.#sender = sender;
    this.#res = res;
    this.#chunks = chunks;
    this.#totalBytes = totalBytes;
    this.#remaining = byteLengthOf(chunks);
    this.#finished = finished;
  }

  /** The client left: nothing more is written. */
  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sender.released(this.#remaining);
  }

  /** `write` in a later turn, where nothing is corked yet. */
  writeCorked(): void {
    if (!this.#over) this.#res.cork(() => this.write());
  }

  /** So many bytes were handed over already. */
  beginBehind(bytes: number): void {
    this.#advance(bytes);
  }

  /** Writes at most one slice. What is left comes in a later turn, or when the socket takes more. */
  write(): void {
    let budget = WRITE_SLICE_BYTES;
    while (!this.#over && budget > 0) {
      const chunk = this.#chunks[this.#index]!;
      const end = Math.min(chunk.length, this.#offset + budget);
      const whole = this.#offset === 0 && end === chunk.length;
      const slice = whole ? chunk : chunk.subarray(this.#offset, end);
      const before = this.#res.getWriteOffset();
      const [ok, done] = this.#res.tryEnd(slice, this.#totalBytes);
      // A finished response may not be asked for its offset any more.
      const written = done || ok ? slice.length : this.#res.getWriteOffset() - before;
      budget -= written;
      this.#advance(written);
      if (done) return this.#finish();
      if (!ok) return; // onWritable goes on
    }
    if (!this.#over) this.#sender.enqueue(this);
  }

  #advance(written: number): void {
    this.#offset += written;
    this.#remaining -= written;
    this.#sender.released(written);
    while (this.#index < this.#chunks.length - 1 && this.#offset >= this.#chunks[this.#index]!.length) {
      this.#offset -= this.#chunks[this.#index]!.length;
      this.#index++;
    }
  }

  #finish(): void {
    this.#over = true;
    this.#finished();
  }

  /** Hears from the socket. Set once: the Node 20 build undoes a handler that is set inside one. */
  listen(): void {
    this.#res.onWritable(() => {
      if (!this.#over) this.#sender.enqueue(this);
      // Nothing was written, so nothing failed; the library then waits for our next write to fail.
      return true;
    });
  }
}

/** All downloads of one server. Main only. */
export class BulkSender {
  readonly bytesMax: number;
  readonly #queue: Download[] = [];
  #joined: Uint8Array | null = null;
  #bytes = 0;
  #scheduled = false;

  /** `bytesMax`: IN_FLIGHT_BYTES_MAX. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Response bytes promised to clients and not yet handed to their sockets. */
  get bytesInFlight(): number {
    return this.#bytes;
  }

  /**
   * Whether a body of this size may begin now. One alone always may: config/ sees to its size. Important
   * clients may take a quarter more, which others cannot use up.
   */
  admits(totalBytes: number, important = false): boolean {
    const bytesMax = important ? this.bytesMax * IMPORTANT_BYTES_FACTOR : this.bytesMax;
    return this.#bytes === 0 || this.#bytes + totalBytes <= bytesMax;
  }

  /**
   * Begins to send `chunks` (not empty, `totalBytes` together) as the body of a response whose
   * headers were written and that is corked. `finished` is called once, when the last byte was
   * handed over, possibly within this call (the result is null then); never after abort.
   */
  start(res: BulkResponse, chunks: Chunks, totalBytes: number, finished: () => void): Download | null {
    // The library takes an empty write for the end of some responses.
    const parts = chunks.some((chunk) => chunk.length === 0)
      ? chunks.filter((one) => one.length > 0)
      : chunks;
    const isSmall = totalBytes <= JOINED_BYTES_MAX;
    if (isSmall && res.tryEnd(this.#join(parts), totalBytes)[1]) {
      finished();
      return null;
    }
    const download = new Download(this, res, parts, totalBytes, finished);
    this.#bytes += totalBytes;
    download.listen();
    // The rest of a small body waits for the socket to take it.
    if (isSmall) download.beginBehind(res.getWriteOffset());
    else download.write();
    return download;
  }

  /** Valid until the next call. */
  #join(parts: Chunks): Uint8Array {
    if (parts.length === 1) return parts[0]!;
    const joined = (this.#joined ??= new Uint8Array(JOINED_BYTES_MAX));
    let length = 0;
    for (const part of parts) {
      joined.set(part, length);
      length += part.length;
    }
    return joined.subarray(0, length);
  }

  /** The same for a body of which tryEnd has taken the beginning only; `body` is copied. */
  resume(res: BulkResponse, body: Uint8Array, finished: () => void): Download {
    const rest = body.slice(res.getWriteOffset());
    const download = new Download(this, res, [rest], body.length, finished);
    this.#bytes += rest.length;
    download.listen();
    return download;
  }

  /** For Download. */
  enqueue(download: Download): void {
    this.#queue.push(download);
    this.#schedule();
  }

  /** For Download: so many bytes less are under way. */
  released(bytes: number): void {
    this.#bytes -= bytes;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    // An immediate set during this one runs in the next turn: sockets are served in between.
    for (const download of this.#queue.splice(0, SLICES_PER_TURN)) download.writeCorked();
    if (this.#queue.length > 0) this.#schedule();
  }
}
