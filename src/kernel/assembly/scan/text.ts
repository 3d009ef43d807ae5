/**
 * Columns of text: cells are ids of strings that the segment has. Most cells hold what they held in the
 * version before; its ids are here, and the strings they stand for come in by pages. A cell with other
 * text is looked up among recently used ones. What neither knows is left to the caller.
 */
import { finish } from './digits';
import { isMissingText } from './rare';
import {
  COLUMN_BEFORE,
  COLUMN_BITS,
  COLUMN_BYTES,
  COLUMN_STRIP,
  COLUMN_TEXT_BYTES,
  columnCount,
  columnsAt,
  endsAt,
  FIRST,
  framesAt,
  leave,
  OP_TEXT,
  QUOTE,
  recentAt,
  unquotedAt,
  wantedAt,
} from './state';

const CR: u8 = 13;

/** A page is 256 strings; each frame holds one: its number, the strings' places, their bytes. */
const PAGE_BITS: i32 = 8;
const FRAMES: i32 = 128;
const FRAME_SPANS: i32 = 16;
const FRAME_BYTES: i32 = 16 + 2048 + 8192;

const RECENT: i32 = 2048;
const RECENT_TEXT: i32 = 56;
const RECENT_BYTES: i32 = 64;

/** Longer text with quotes in it is left to the caller. */
const UNQUOTED_MAX: i32 = 1024;

export function clearTexts(): void {
  for (let i = 0; i < FRAMES; i++) store<i32>(framesAt + i * FRAME_BYTES, i32.MIN_VALUE);
  memory.fill(recentAt, 0, RECENT * RECENT_BYTES);
}

/** Lists the pages that hold the text before of a block; returns how many, at most `most`. */
export function wantPages(rows: i32, most: i32): i32 {
  let count = 0;
  let last = i32.MIN_VALUE;
  for (let column = 0; column < columnCount; column++) {
    const entry = columnsAt + column * COLUMN_BYTES;
    if (load<i32>(entry) !== OP_TEXT) continue;
    let before = load<i32>(entry, COLUMN_BEFORE);
    for (let row = 0; row < rows; row++, before += 8) {
      const page = load<i32>(before) >> PAGE_BITS;
      if (page === last) continue;
      last = page;
      const frame = framesAt + (page & (FRAMES - 1)) * FRAME_BYTES;
      if (load<i32>(frame) === page || page < 0) continue;
      if (count === most) return count;
      store<i32>(frame, page);
      store<i32>(wantedAt + (count++ << 2), page);
    }
  }
  return count;
}

@inline
function sameBytes(a: i32, b: i32, length: i32): bool {
  let rest = length;
  let x = a;
  let y = b;
  while (rest > 16) {
    if (v128.any_true(v128.xor(v128.load(x), v128.load(y)))) return false;
    x += 16;
    y += 16;
    rest -= 16;
  }
  const differs = v128.xor(v128.load(x), v128.load(y));
  return !v128.any_true(v128.and(differs, v128.load(FIRST + (rest << 4))));
}

/** The content of the last quoted cell. */
let from: i32 = 0;
let to: i32 = 0;

/** Finds the content of a cell that begins with a quote; false when that is the caller's. */
function unquote(start: i32, end: i32): bool {
  if (end - start < 2 || load<u8>(end - 1) !== QUOTE) return false;
  from = start + 1;
  to = end - 1;
  const quotes = i8x16.splat(QUOTE);
  let p = from;
  for (; p < to; p += 16) {
    const marks = i8x16.bitmask(i8x16.eq(v128.load(p), quotes));
    if (marks === 0) continue;
    p += ctz(marks);
    break;
  }
  if (p >= to) return true;
  if (to - from > UNQUOTED_MAX) return false;
  // Each quote inside must be doubled, and stands for one.
  memory.copy(unquotedAt, from, p - from);
  let out = unquotedAt + p - from;
  for (; p < to; p++) {
    const byte = load<u8>(p);
    if (byte === QUOTE && (load<u8>(++p) !== QUOTE || p >= to)) return false;
    store<u8>(out++, byte);
  }
  from = unquotedAt;
  to = out;
  return true;
}

@inline
function recentEntry(start: i32, end: i32): i32 {
  // The last eight bytes; of shorter text, those there are.
  const length = end - start;
  const short = 8 - min(length, 8);
  const tail = (load<u64>(end - 8) >> (<u64>short << 3)) ^ <u64>length;
  const head = load<u64>(start) << (<u64>short << 3);
  const hash = (tail * 0x9e3779b97f4a7c15) ^ (head * 0xc2b2ae3d27d4eb4f);
  return recentAt + (<i32>(hash >> 52) & (RECENT - 1)) * RECENT_BYTES;
}

/** The id of a text that was taught; -1 when it is not known. */
@inline
function recentId(start: i32, end: i32): i32 {
  const length = end - start;
  if (length > RECENT_TEXT) return -1;
  const entry = recentEntry(start, end);
  if (load<i32>(entry) !== length || !sameBytes(start, entry + 8, length)) return -1;
  return load<i32>(entry, 4);
}

/** The text of a cell has this id. Only plain ASCII: other bytes may not be the string's. */
export function teach(cellStart: i32, cellEnd: i32, id: i32): void {
  let start = cellStart;
  let end = cellEnd;
  if (load<u8>(start) === QUOTE) {
    if (!unquote(start, end)) return;
    start = from;
    end = to;
  }
  const length = end - start;
  if (length > RECENT_TEXT || length <= 0) return;
  for (let p = start; p < end; p++) if (load<u8>(p) > 127) return;
  const entry = recentEntry(start, end);
  store<i32>(entry, length);
  store<i32>(entry, id, 4);
  memory.copy(entry + 8, start, length);
}

export function textColumn(column: i32, first: i32, last: i32): void {
  const entry = columnsAt + column * COLUMN_BYTES;
  const isLast = column === columnCount - 1;
  const stride = columnCount << 2;
  let at = endsAt + ((first * columnCount + column) << 2);
  let out = load<i32>(entry, COLUMN_STRIP) + (first << 3);
  let before = load<i32>(entry, COLUMN_BEFORE) + (first << 3);
  let bitsAt = load<i32>(entry, COLUMN_BITS) + (first >> 3);
  let missing = 0;
  let textBytes = 0;
  for (let row = first; row < last; bitsAt += 4) {
    const stop = min(row + 32, last);
    let bits = 0;
    for (let bit = 1; row < stop; row++, bit <<= 1, at += stride, out += 8, before += 8) {
      let start = load<i32>(at) + 1;
      let end = load<i32>(at, 4);
      if (isLast && end > start && load<u8>(end - 1) === CR) end--;
      if (load<u8>(start) === QUOTE && end > start) {
        if (!unquote(start, end)) {
          leave(row, column);
          continue;
        }
        start = from;
        end = to;
      }
      const length = end - start;
      if (length === 0) {
        store<i64>(out, 0);
        bits |= bit;
        continue;
      }
      let id = load<i32>(before);
      const page = id >> PAGE_BITS;
      const frame = framesAt + (page & (FRAMES - 1)) * FRAME_BYTES;
      let isKnown = false;
      if (load<i32>(frame) === page) {
        const span = frame + FRAME_SPANS + ((id & 255) << 3);
        isKnown = load<i32>(span, 4) === length && sameBytes(start, load<i32>(span), length);
      }
      if (!isKnown) {
        id = recentId(start, end);
        if (id < 0) {
          if (isMissingText(start, end)) bits |= bit;
          else leave(row, column);
          continue;
        }
      }
      store<i64>(out, <i64>id);
      textBytes += length;
    }
    store<i32>(bitsAt, bits);
    missing += popcnt(bits);
  }
  store<i32>(entry, load<i32>(entry, COLUMN_TEXT_BYTES) + textBytes, COLUMN_TEXT_BYTES);
  finish(entry, 0, missing);
}
