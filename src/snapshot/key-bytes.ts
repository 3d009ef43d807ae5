/** A key's UTF-8 bytes and their hash: what an index is searched with. Any thread. */
import { finishHash, HASH_PRIME, HASH_START, hashBytes } from './byte-table.js';

export interface KeyBytes {
  /** Longer than the key: its bytes stand in [0, length). */
  bytes: Uint8Array;
  length: number;
  /** As hashBytes makes it. */
  hash: number;
}

const SCRATCH_BYTES = 4096;
/** Beyond it the library's encoder beats a loop over characters. */
const LOOP_CHARACTERS_MAX = 64;

const encoder = new TextEncoder();
const scratch = new Uint8Array(SCRATCH_BYTES);
const key: KeyBytes = { bytes: scratch, length: 0, hash: 0 };

/** Valid until the next call. Keys are short and nearly always ASCII: hashed while they are copied. */
export function keyBytesOf(text: string): KeyBytes {
  const { length } = text;
  if (length > LOOP_CHARACTERS_MAX) return encoded(text);
  let hash = HASH_START;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoded(text);
    scratch[i] = code;
    hash = Math.imul(hash ^ code, HASH_PRIME);
  }
  key.bytes = scratch;
  key.length = length;
  key.hash = finishHash(hash);
  return key;
}

function encoded(text: string): KeyBytes {
  if (text.length * 3 > SCRATCH_BYTES) {
    key.bytes = encoder.encode(text);
    key.length = key.bytes.length;
  } else {
    key.bytes = scratch;
    key.length = encoder.encodeInto(text, scratch).written;
  }
  key.hash = hashBytes(key.bytes, 0, key.length);
  return key;
}
