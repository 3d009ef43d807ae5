/** The bytes of one body on their way from a source to a parse job, in shared memory. */

/** How a body is written. NDJSON: one flat object a line. */
export type BodyFormat = 'csv' | 'ndjson';

/** Whether a media type, with or without parameters, says NDJSON. */
export function isNdjson(contentType: string | null): boolean {
  return contentType?.split(';', 1)[0]!.trim().toLowerCase() === 'application/x-ndjson';
}

/**
 * Bytes [0, byteLength) of `buffer`. Exactly one owner at a time; the owner calls `release` once,
 * after which the memory may hold another body.
 */
export interface BodyBytes {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  /** Gives the memory back to its free list. Calling it again does nothing. */
  release(): void;
}

/** A body that still grows. `buffer` may be another one after each append. */
export interface BodySink extends BodyBytes {
  /** Copies `chunk` behind what is there. Throws DeliveryError `too_large` beyond the sink's cap. */
  append(chunk: Uint8Array): void;
}

/**
 * Makes an empty sink. `byteLengthHint` is the expected size (a guess: it may be far off, and is
 * never above `bytesMax`); `bytesMax` is the size that the body must not exceed.
 */
export type AllocateBody = (byteLengthHint: number, bytesMax: number) => BodySink;

/**
 * Several owners of one body: so many handles, each of which is released once by its owner. The
 * memory goes back when the last one was.
 */
export function shareBody(bytes: BodyBytes, owners: number): readonly BodyBytes[] {
  const { buffer, byteLength } = bytes;
  let held = owners;
  return Array.from({ length: owners }, () => {
    let released = false;
    return {
      buffer,
      byteLength,
      release: () => {
        if (released) return;
        released = true;
        held -= 1;
        if (held === 0) bytes.release();
      },
    };
  });
}
