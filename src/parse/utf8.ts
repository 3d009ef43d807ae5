/** UTF-8 or not, and what to do when not. Fabrics send ISO-8859-1 bytes. */

/** True when bytes[start, end) are ASCII. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! > 127) return false;
  return true;
}

/** True when bytes[start, end) are well-formed UTF-8: no overlong forms, surrogates or cut characters. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    const first = bytes[i++]!;
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (i + more > end) return false;
    const second = bytes[i]!;
    // The second byte alone tells overlong forms, surrogates and what is beyond U+10FFFF.
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (let k = 1; k < more; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return false;
    i += more;
  }
  return true;
}

/**
 * Writes the UTF-8 form of the Latin-1 bytes[start, end) to `out` and returns its length, at most
 * twice the input's. `out` must have room for that.
 */
export function latin1ToUtf8(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x80) {
      out[length++] = byte;
    } else {
      out[length++] = 0xc0 | (byte >> 6);
      out[length++] = 0x80 | (byte & 0x3f);
    }
  }
  return length;
}

/** Text of header names: UTF-8 where it is, else Latin-1. */
export function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString(isUtf8(bytes, 0, bytes.length) ? 'utf8' : 'latin1');
}
