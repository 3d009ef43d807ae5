/**
 * One gzip member in two pieces: a body deflated once and cached, and an end made for each response.
 *
 * The cached piece stops at a byte boundary (a sync flush) without a final block. The end is one
 * stored final block with the tail, then the CRC and the length of both. A second member would be
 * simpler, but decoders that read one member only would lose it.
 */
import { constants, deflateRawSync } from 'node:zlib';
import { crc32 } from './crc32.js';

/** Magic, deflate, no flags, no time, fastest, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255);
/** A stored block's length is 16 bits. */
const STORED_BYTES_MAX = 0xffff;

/** A deflated body, and what it takes to end it. */
export interface GzipPrefix {
  /** Header and deflated bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** CRC-32 of the bytes before compression. */
  readonly crc: number;
  readonly rawLength: number;
}

/** Deflates at the fastest level. Not for the main thread. */
export function gzipPrefix(raw: Uint8Array): GzipPrefix {
  const deflated = deflateRawSync(raw, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
  const bytes = new Uint8Array(HEADER.length + deflated.length);
  bytes.set(HEADER);
  bytes.set(deflated, HEADER.length);
  return { bytes, crc: crc32(raw), rawLength: raw.length };
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = (value >>> (i * 8)) & 255;
}

/** The end of a member: `tail` in stored blocks, the last one final, then CRC and length of all. */
export function gzipEnd(crc: number, rawLength: number, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.max(1, Math.ceil(tail.length / STORED_BYTES_MAX));
  const bytes = new Uint8Array(blocks * 5 + tail.length + 8);
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    const part = tail.subarray(block * STORED_BYTES_MAX, (block + 1) * STORED_BYTES_MAX);
    bytes[at] = block === blocks - 1 ? 1 : 0;
    bytes[at + 1] = part.length & 255;
    bytes[at + 2] = part.length >>> 8;
    bytes[at + 3] = ~part.length & 255;
    bytes[at + 4] = (~part.length >>> 8) & 255;
    bytes.set(part, at + 5);
    at += 5 + part.length;
  }
  putUint32(bytes, at, crc32(tail, crc));
  putUint32(bytes, at + 4, (rawLength + tail.length) >>> 0);
  return bytes;
}
