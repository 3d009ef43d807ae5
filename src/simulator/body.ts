/**
 * Built bodies and who reads them. A body's buffer goes back to the build thread, to be overwritten,
 * only after it was replaced and its last reader has gone.
 */

export class Body {
  readonly tick: number;
  readonly tsMs: number;
  /** Sent as it stands, unquoted; another for each boot, tick and encoding. */
  readonly etag: string;
  /** Empty once the body was given back. */
  #bytes: Uint8Array;
  readonly #readers = new Set<() => void>();
  #retired: ((bytes: Uint8Array) => void) | undefined;

  constructor(bytes: Uint8Array, tick: number, tsMs: number, etag: string) {
    this.#bytes = bytes;
    this.tick = tick;
    this.tsMs = tsMs;
    this.etag = etag;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get pinned(): boolean {
    return this.#readers.size > 0;
  }

  /**
   * Keeps the bytes in place until the returned function is called: once the operating system has
   * all of them, or the socket is closed. `cut` may be called before; it ends the reader's socket.
   */
  acquire(cut: () => void): () => void {
    const reader = (): void => cut();
    this.#readers.add(reader);
    return () => {
      if (this.#readers.delete(reader)) this.#settle();
    };
  }

  /** No new readers come; `giveBack` gets the bytes when the last one has gone. */
  retire(giveBack: (bytes: Uint8Array) => void): void {
    this.#retired = giveBack;
    this.#settle();
  }

  /** Ends all readers that are left. */
  cutReaders(): void {
    for (const reader of this.#readers) reader();
  }

  #settle(): void {
    const giveBack = this.#retired;
    if (!giveBack || this.#readers.size > 0) return;
    this.#retired = undefined;
    const bytes = this.#bytes;
    this.#bytes = new Uint8Array(0);
    giveBack(bytes);
  }
}

/** Bytes of replaced bodies that slow readers may hold; always one body of the present size besides. */
const RETIRED_BYTES_MAX = 64 * 1024 * 1024;

/** Replaced bodies that are still read. Bounded: beyond the limit the readers of the oldest are cut. */
export class RetiredBodies {
  readonly #giveBack: (bytes: Uint8Array) => void;
  readonly #bodies = new Set<Body>();

  constructor(giveBack: (bytes: Uint8Array) => void) {
    this.#giveBack = giveBack;
  }

  /** `bytesNow` is the length of the body that takes the place of `body`. */
  add(body: Body, bytesNow: number): void {
    this.#bodies.add(body);
    body.retire((bytes) => {
      this.#bodies.delete(body);
      this.#giveBack(bytes);
    });
    let held = 0;
    for (const each of this.#bodies) held += each.bytes.length;
    for (const oldest of this.#bodies) {
      if (held <= Math.max(RETIRED_BYTES_MAX, bytesNow)) break;
      held -= oldest.bytes.length;
      oldest.cutReaders();
    }
  }
}
