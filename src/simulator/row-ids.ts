/** Names of switches and ports: functions of seed and index, so they outlive ticks and restarts. */

import { at } from './noise.js';
import { putHex } from './digits.js';

const DASH = 0x2d;

/** 36 bytes in the form of a random UUID (version 4). */
export function putUuid(out: Uint8Array, pos: number, hash: number): number {
  const tail = at(hash, 2);
  putHex(out, pos, at(hash, 0), 8);
  const middle = at(hash, 1);
  putHex(out, pos + 9, middle >>> 16, 4);
  putHex(out, pos + 14, 0x4000 | (middle & 0xfff), 4);
  putHex(out, pos + 19, 0x8000 | (tail & 0x3fff), 4);
  putHex(out, pos + 24, at(hash, 3) >>> 16, 4);
  putHex(out, pos + 28, at(hash, 4), 8);
  out[pos + 8] = DASH;
  out[pos + 13] = DASH;
  out[pos + 18] = DASH;
  out[pos + 23] = DASH;
  return pos + 36;
}
