/**
 * Cells as spans of bytes. RFC 4180 quotes are understood inside a line; a line break inside quotes
 * is left to the general path.
 *
 * Quotes mean something at the beginning of a cell only. `24" rack` is taken as it stands, and so is
 * `"a" b` (bytes behind the closing quote): producers that never quote write such names.
 */
import { RECORD_BYTES_MAX } from '../model/limits.js';
import { lineAt, NeedsGeneral, ParseStop } from './failure.js';
import { isControl, refuseControl } from './header-cells.js';

const LF = 10;
const CR = 13;
const QUOTE = 34;

export class Lexer {
  /** Where the unquoted content of the last `unquote` lies. */
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Added to an index into the scanned bytes to get an offset of the body. */
  bias = 0;

  /** Of the scanned bytes. */
  view: DataView;
  /** Whether the last cell that `cellEnd` passed is known to be ASCII. */
  isAscii = true;

  readonly #body: Uint8Array;
  readonly #delimiter: number;
  /** The delimiter in each of four bytes. */
  readonly #delimiters: number;
  #scratch = new Uint8Array(1024);

  constructor(body: Uint8Array, view: DataView, delimiter: number) {
    this.bytes = body;
    this.view = view;
    this.#body = body;
    this.#delimiter = delimiter;
    this.#delimiters = Math.imul(delimiter, 0x01010101);
  }

  /**
   * The index behind the cell that begins at `p`: of its delimiter, its LF or the CR before its LF.
   * The scanned bytes must hold an LF at or behind `p`, and MARGIN_BEHIND bytes behind that.
   */
  cellEnd(bytes: Uint8Array, p: number): number {
    if (bytes[p] !== QUOTE) {
      this.isAscii = true;
      return this.#plainEnd(bytes, p);
    }
    const end = this.#plainEnd(bytes, this.#closingQuote(bytes, p) + 1);
    this.isAscii = false;
    return end;
  }

  #plainEnd(bytes: Uint8Array, p: number): number {
    const { view } = this;
    const delimiters = this.#delimiters;
    for (let q = p; ; q++) {
      let marks = 0;
      // Four bytes at a time: a mark for the delimiter, for what is below a space and beyond ASCII. The
      // lowest mark is exact; what a borrow may add above it does no harm.
      for (; ; q += 4) {
        const four = view.getInt32(q, true);
        const zero = four ^ delimiters;
        marks = (((zero - 0x01010101) & ~zero) | ((four - 0x20202020) & ~four) | four) & 0x80808080;
        if (marks !== 0) break;
      }
      q += (31 - Math.clz32(marks & -marks)) >> 3;
      const byte = bytes[q]!;
      if (byte === this.#delimiter || byte === LF) return q;
      if (byte > 127) this.isAscii = false;
      else if (byte === CR && bytes[q + 1] === LF) return q;
      else if (isControl(byte)) refuseControl(byte, q + this.bias);
    }
  }

  /** The index of the quote that closes the one at `p`. */
  #closingQuote(bytes: Uint8Array, p: number): number {
    for (let q = p + 1; ; q++) {
      const byte = bytes[q]!;
      if (byte === QUOTE) {
        if (bytes[q + 1] !== QUOTE) return q;
        q++;
      } else if (byte === LF) {
        this.#refuseUnclosed(bytes, p, q);
        throw new NeedsGeneral();
      } else if (isControl(byte)) {
        refuseControl(byte, q + this.bias);
      }
    }
  }

  /** No quote within a record's length: the general path would only find that out more slowly. */
  #refuseUnclosed(bytes: Uint8Array, p: number, from: number): void {
    const limit = Math.min(bytes.length, p + RECORD_BYTES_MAX);
    for (let q = from; q < limit; q++) if (bytes[q] === QUOTE) return;
    const offset = p + this.bias;
    const line = lineAt(this.#body, offset);
    throw new ParseStop(
      'parse',
      `cannot read line ${line}: the quote at offset ${offset} is not closed within ${RECORD_BYTES_MAX} bytes`,
      { line, offset },
    );
  }

  /** Cells from `from` to the end of its line. */
  countCells(bytes: Uint8Array, from: number): number {
    let count = 1;
    let p = this.cellEnd(bytes, from);
    for (; bytes[p] === this.#delimiter; count++) p = this.cellEnd(bytes, p + 1);
    return count;
  }

  /** Where the line behind the one that `from` is in begins. */
  behindRow(bytes: Uint8Array, from: number): number {
    let p = this.cellEnd(bytes, from);
    while (bytes[p] === this.#delimiter) p = this.cellEnd(bytes, p + 1);
    return bytes[p] === CR ? p + 2 : p + 1;
  }

  /** Puts the content of the cell bytes[start, end) into `bytes`, `start`, `end`. */
  unquote(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    if (start === end || bytes[start] !== QUOTE) return;
    const close = this.#closingQuote(bytes, start);
    let doubled = false;
    for (let i = start + 1; i < close; i++) if (bytes[i] === QUOTE) doubled = true;
    if (close === end - 1 && !doubled) {
      this.start = start + 1;
      this.end = close;
      return;
    }
    this.#rewrite(bytes, start, close, end);
  }

  /** Doubled quotes become one; a cell that goes on behind its closing quote keeps both quotes. */
  #rewrite(bytes: Uint8Array, start: number, close: number, end: number): void {
    if (this.#scratch.length < end - start) this.#scratch = new Uint8Array(2 * (end - start));
    const out = this.#scratch;
    let length = 0;
    if (close < end - 1) out[length++] = QUOTE;
    for (let i = start + 1; i < close; i++) {
      out[length++] = bytes[i]!;
      if (bytes[i] === QUOTE) i++;
    }
    if (close < end - 1) for (let i = close; i < end; i++) out[length++] = bytes[i]!;
    this.bytes = out;
    this.start = 0;
    this.end = length;
  }
}
