/** GUIDs as bytes: one spelling for row keys, whatever the body has. Spellings as in model/guid.ts. */

const ZERO = 48;
const SMALL_X = 120;
const COLON = 58;
const HEX_DIGITS_MAX = 16;

/** `0x` and 16 digits. */
export const GUID_BYTES = 2 + HEX_DIGITS_MAX;
/** Four groups of four digits and the colons between them. */
const GROUPED_BYTES = 19;

/** The lower-case form of a hex digit, 0 for other bytes. */
const LOWER = new Uint8Array(256);
/** 1 for what may stand in a canonical spelling. */
const CANONICAL = new Uint8Array(256);
for (const digit of '0123456789abcdef') {
  const byte = digit.charCodeAt(0);
  LOWER[byte] = byte;
  LOWER[digit.toUpperCase().charCodeAt(0)] = byte;
  CANONICAL[byte] = 1;
}

/** True when bytes[start, end) are a GUID in the canonical spelling: the case that must cost nothing. */
export function isCanonicalGuid(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== GUID_BYTES || bytes[start] !== ZERO || bytes[start + 1] !== SMALL_X) return false;
  for (let i = start + 2; i < end; i++) if (CANONICAL[bytes[i]!] === 0) return false;
  return true;
}

/**
 * Writes the canonical spelling of the GUID bytes[start, end) to out[at, at + GUID_BYTES); false, with
 * nothing of use written, when they are no GUID.
 */
export function writeCanonicalGuid(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  let from = start;
  const grouped = end - start === GROUPED_BYTES;
  if (!grouped && bytes[start] === ZERO && (bytes[start + 1]! | 32) === SMALL_X && end - start > 2) from += 2;
  const length = end - from;
  if (length === 0 || (length > HEX_DIGITS_MAX && !grouped)) return false;
  let to = at + GUID_BYTES;
  for (let i = end - 1; i >= from; i--) {
    if (grouped && (i - start) % 5 === 4) {
      if (bytes[i] !== COLON) return false;
      continue;
    }
    const digit = LOWER[bytes[i]!]!;
    if (digit === 0) return false;
    out[--to] = digit;
  }
  while (to > at + 2) out[--to] = ZERO;
  out[at] = ZERO;
  out[at + 1] = SMALL_X;
  return true;
}
