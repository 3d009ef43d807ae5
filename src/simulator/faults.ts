/** Broken answers on demand: `?mode=…`. What changes a body does so while it is sent, never in place. */

import { bytesOf, COMMA, CR, LF, QUOTE } from './digits.js';
import { below, mix32, seededRandom } from './noise.js';

export const FAULT_MODES = [
  'error_500', // status 500
  'slow', // the answer comes late
  'corrupt', // bytes that are no text, NULs first, in the rows
  'truncate', // fewer bytes than announced; with at=cell: complete HTTP, cut inside the last number
  'ragged', // some rows have a cell less or more
  'html', // a login page, status 200
  'empty', // no bytes; with header=1: the header row alone
  'reset', // the connection is reset in mid-body
  'vanish', // a tenth of the rows is absent
  'duplicate', // some rows come twice
] as const;

export type FaultMode = (typeof FAULT_MODES)[number];

export function parseFaultMode(text: string): FaultMode | undefined {
  const mode = text.toLowerCase();
  return FAULT_MODES.find((known) => known === mode);
}

/** Modes that alter rows. */
export type EditMode = 'corrupt' | 'ragged' | 'vanish' | 'duplicate';

export function isEditMode(mode: FaultMode | undefined): mode is EditMode {
  return mode === 'corrupt' || mode === 'ragged' || mode === 'vanish' || mode === 'duplicate';
}

/** Bytes from `from` to `to` are left out, and `insert` stands in their place. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly insert: Uint8Array;
}

export const SLICE_BYTES = 256 * 1024;
/** One damaged place in so many bytes. */
const CORRUPT_EVERY_BYTES = 4096;
/** One ragged or duplicate row in so many; the first data row is always one. */
const DAMAGE_EVERY_ROWS = 16;

const NOTHING = new Uint8Array(0);
const EXTRA_CELL = bytesOf(',0');

/** The altered body in slices. Nothing is copied but what is sent. Same seed, same damage. */
export function* edited(bytes: Uint8Array, mode: EditMode, seed: number): Generator<Uint8Array> {
  const edits = mode === 'corrupt' ? corruptEdits(bytes, seed) : rowEdits(bytes, mode, seed);
  let slice = new Uint8Array(SLICE_BYTES);
  let used = 0;
  for (const piece of pieces(bytes, edits)) {
    for (let taken = 0; taken < piece.length;) {
      const part = piece.subarray(taken, taken + SLICE_BYTES - used);
      slice.set(part, used);
      used += part.length;
      taken += part.length;
      if (used < SLICE_BYTES) continue;
      yield slice;
      slice = new Uint8Array(SLICE_BYTES);
      used = 0;
    }
  }
  if (used > 0) yield slice.subarray(0, used);
}

function* pieces(bytes: Uint8Array, edits: Iterable<Edit>): Generator<Uint8Array> {
  let done = 0;
  for (const { from, to, insert } of edits) {
    yield bytes.subarray(done, from);
    yield insert;
    done = to;
  }
  yield bytes.subarray(done);
}

function* corruptEdits(bytes: Uint8Array, seed: number): Generator<Edit> {
  const random = seededRandom(seed);
  const start = bytes.indexOf(LF) + 1;
  for (let block = start; block < bytes.length; block += CORRUPT_EVERY_BYTES) {
    const size = Math.min(CORRUPT_EVERY_BYTES, bytes.length - block);
    const from = block + Math.floor(random() * Math.max(1, size - 4));
    const insert = Uint8Array.of(0, 0xff, random() * 256, random() * 32);
    yield { from, to: Math.min(from + insert.length, bytes.length), insert };
  }
}

function* rowEdits(bytes: Uint8Array, mode: Exclude<EditMode, 'corrupt'>, seed: number): Generator<Edit> {
  const absent = below(mix32(seed), 10);
  let index = 0;
  for (let start = bytes.indexOf(LF) + 1; start < bytes.length; index++) {
    const lf = bytes.indexOf(LF, start);
    const end = lf < 0 ? bytes.length : lf + 1;
    const damaged = index % DAMAGE_EVERY_ROWS === 0;
    if (mode === 'vanish' && (index + absent) % 10 === 0) yield { from: start, to: end, insert: NOTHING };
    if (mode === 'duplicate' && damaged) yield { from: end, to: end, insert: bytes.subarray(start, end) };
    if (mode === 'ragged' && damaged) yield raggedEdit(bytes, start, end, index);
    start = end;
  }
}

/** By turns a cell less and a cell more. */
function raggedEdit(bytes: Uint8Array, start: number, end: number, index: number): Edit {
  let to = end;
  while (to > start && (bytes[to - 1] === LF || bytes[to - 1] === CR)) to -= 1;
  if ((index / DAMAGE_EVERY_ROWS) % 2 === 1) return { from: to, to, insert: EXTRA_CELL };
  return { from: lastComma(bytes, start, to), to, insert: NOTHING };
}

/** Position of the last comma between cells; quoted ones do not count. */
function lastComma(bytes: Uint8Array, start: number, end: number): number {
  let comma = end;
  let quoted = false;
  for (let i = start; i < end; i++) {
    if (bytes[i] === QUOTE) quoted = !quoted;
    else if (bytes[i] === COMMA && !quoted) comma = i;
  }
  return comma;
}

/**
 * Length of the longest beginning of the body that ends inside a number which was the last cell of
 * its row (so nothing but the missing line end tells). Without one: inside the last cell.
 */
export function cutInsideNumber(bytes: Uint8Array): number {
  let fallback = bytes.length - 1;
  let end = bytes.length;
  for (let rows = 0; rows < 1000 && end > 0; rows++) {
    while (end > 0 && (bytes[end - 1] === LF || bytes[end - 1] === CR)) end -= 1;
    let start = end;
    while (start > 0 && bytes[start - 1] !== COMMA && bytes[start - 1] !== LF) start -= 1;
    if (rows === 0) fallback = Math.max(1, end - 1);
    if (end - start >= 2 && isNumber(bytes, start, end)) {
      const cut = start + ((end - start + 1) >> 1);
      return isDigit(bytes[cut - 1]!) ? cut : cut - 1;
    }
    end = bytes.lastIndexOf(LF, start);
    if (end < 0) break;
  }
  return fallback;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Digits, and points between them. */
function isNumber(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (!isDigit(bytes[i]!) && bytes[i] !== 0x2e) return false;
  }
  return true;
}

/** What a portal in front of the producer answers when the session has ended. */
export const LOGIN_PAGE =
  '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1>\n' +
  '<form method="post" action="/login"><input name="user"><input name="password" type="password">\n' +
  '<button>Sign in</button></form></body></html>\n';
