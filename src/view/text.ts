/** Text cells and row keys, from their UTF-8 bytes to JSON strings and CSV fields. */
import type { ByteWriter } from './bytes.js';

const QUOTE = 34;
const APOSTROPHE = 39;
const COMMA = 44;
const BACKSLASH = 92;
const LETTER_U = 117;

/** Short forms of control characters, 0 where only \u00xx will do. */
const SHORT_ESCAPE = new Uint8Array(32);
SHORT_ESCAPE[8] = 98;
SHORT_ESCAPE[9] = 116;
SHORT_ESCAPE[10] = 110;
SHORT_ESCAPE[12] = 102;
SHORT_ESCAPE[13] = 114;

/** An escaped byte takes at most six. */
const ESCAPED_BYTES_MAX = 6;
/** Longer texts are counted first: the worst case of a 64 KiB cell is not reserved each time. */
const RESERVE_BLIND_MAX = 256;

function escapes(u8: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    const byte = u8[i]!;
    if (byte < 32 || byte === QUOTE || byte === BACKSLASH) count++;
  }
  return count;
}

function putEscaped(u8: Uint8Array, at: number, byte: number): number {
  u8[at] = BACKSLASH;
  if (byte >= 32) {
    u8[at + 1] = byte;
    return at + 2;
  }
  const short = SHORT_ESCAPE[byte]!;
  if (short !== 0) {
    u8[at + 1] = short;
    return at + 2;
  }
  u8[at + 1] = LETTER_U;
  u8[at + 2] = 48;
  u8[at + 3] = 48;
  u8[at + 4] = 48 + (byte >> 4);
  const low = byte & 15;
  u8[at + 5] = low < 10 ? 48 + low : 87 + low;
  return at + 6;
}

/** source[start, start + length), valid UTF-8, as a JSON string with its quotes. */
export function writeJsonText(out: ByteWriter, source: Uint8Array, start: number, length: number): void {
  const end = start + length;
  const worst =
    length <= RESERVE_BLIND_MAX
      ? length * ESCAPED_BYTES_MAX
      : length + escapes(source, start, end) * (ESCAPED_BYTES_MAX - 1);
  out.reserve(worst + 2);
  const u8 = out.u8;
  let at = out.at;
  u8[at++] = QUOTE;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (byte < 32 || byte === QUOTE || byte === BACKSLASH) at = putEscaped(u8, at, byte);
    else u8[at++] = byte;
  }
  u8[at++] = QUOTE;
  out.at = at;
}

/** True for `= + - @ TAB CR`: a spreadsheet may run a cell that begins so. */
function beginsFormula(byte: number): boolean {
  return byte === 61 || byte === 43 || byte === 45 || byte === 64 || byte === 9 || byte === 13;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** True for a decimal number: those are harmless whatever they begin with. */
function isDecimal(u8: Uint8Array, start: number, end: number): boolean {
  return end - start <= 64 && DECIMAL.test(String.fromCharCode(...u8.subarray(start, end)));
}

/**
 * source[start, start + length) as a CSV field: quoted where RFC 4180 asks for it, and behind an
 * apostrophe (then always quoted) where a spreadsheet would take it for a formula.
 */
export function writeCsvText(out: ByteWriter, source: Uint8Array, start: number, length: number): void {
  if (length === 0) return;
  const end = start + length;
  const guarded = beginsFormula(source[start]!) && !isDecimal(source, start, end);
  let quotes = 0;
  let special = guarded;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (byte === QUOTE) quotes++;
    else if (byte === COMMA || byte === 10 || byte === 13) special = true;
  }
  if (quotes === 0 && !special) {
    out.bytes(source, start, end);
    return;
  }
  out.reserve(length + quotes + 3);
  const u8 = out.u8;
  let at = out.at;
  u8[at++] = QUOTE;
  if (guarded) u8[at++] = APOSTROPHE;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (byte === QUOTE) u8[at++] = QUOTE;
    u8[at++] = byte;
  }
  u8[at++] = QUOTE;
  out.at = at;
}
