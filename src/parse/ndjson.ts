/**
 * An NDJSON body as CSV, so that one scanner decides kinds, keys, units and what is missing. Runs in
 * a worker, before the scan.
 */
import { COLUMNS_MAX, RECORD_BYTES_MAX } from '../model/limits.js';
import type { ParseFailure } from '../model/parse-job.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import type { ParseAnswer } from '../snapshot/parse-task.js';
import { ParseStop } from './failure.js';
import { JsonLine, LineFault } from './json-line.js';
import { forEachLine, inItsLines } from './ndjson-lines.js';
import { isUtf8 } from './utf8.js';

const LF = 10;
const TO_QUOTE = /[",\r\n]/;
/** A row of one empty cell must not look like a blank line. */
const EMPTY_ROW = '""';
const OUT_BYTES_MIN = 64 * 1024;
/** UTF-8 bytes that one UTF-16 unit may take. */
const BYTES_PER_CHAR_MAX = 3;

export interface NdjsonTable {
  readonly ok: true;
  /** Comma, LF, RFC 4180 quotes; ends in a line break. */
  readonly csv: Uint8Array;
  /** The source's policy, as far as it is about this format. */
  policyOf(policy: ParsePolicy): ParsePolicy;
  /** Says lines of the NDJSON body where `answer` says lines of the CSV. */
  inItsLines(answer: ParseAnswer): ParseAnswer;
}

/** Never throws for what a body may hold. `csvBytesMax`: MAX_DECODED_BYTES. */
export function ndjsonToCsv(
  body: Uint8Array,
  csvBytesMax: number,
): NdjsonTable | { readonly ok: false; readonly failure: ParseFailure } {
  try {
    const csv = new Conversion(csvBytesMax).run(body);
    return {
      ok: true,
      csv,
      policyOf: (policy) => ({ ...policy, delimiter: ',' }),
      inItsLines: (answer) => inItsLines(answer, body, csv),
    };
  } catch (error) {
    if (error instanceof ParseStop) return { ok: false, failure: error.failure };
    throw error;
  }
}

class Conversion {
  readonly #bytesMax: number;
  readonly #line = new JsonLine();
  /** Place of each column in a row, in order of first appearance. */
  readonly #places = new Map<string, number>();
  readonly #names: string[] = [];
  #cells: string[] = [];
  /** The row that last had a cell in this column: finds duplicates. */
  #seenIn: number[] = [];
  /** Where in a row the next member is expected: most lines have their keys in one order. */
  #expected = 0;
  #rows = 0;
  /** Where rows end, and how many columns were known from a row on. */
  readonly #ends: number[] = [];
  readonly #widths: { readonly row: number; readonly columns: number }[] = [];
  #out: Buffer = Buffer.alloc(0);
  #length = 0;
  #headBytes = 0;
  readonly #take = (key: string, value: string): void => this.#member(key, value);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  run(body: Uint8Array): Uint8Array {
    this.#out = Buffer.alloc(Math.min(this.#bytesMax, Math.max(OUT_BYTES_MIN, body.length)));
    forEachLine(body, (start, end, line) => this.#readLine(body, start, end, line));
    if (this.#rows === 0)
      throw new ParseStop('empty', 'cannot use a body without lines: NDJSON names its columns in each');
    return this.#widths.length === 1 ? this.#out.subarray(0, this.#length) : this.#padded();
  }

  #readLine(body: Uint8Array, start: number, end: number, line: number): void {
    if (end - start > RECORD_BYTES_MAX)
      stop(line, `it has ${end - start} bytes, the limit is ${RECORD_BYTES_MAX}`);
    if (!isUtf8(body, start, end)) {
      throw new ParseStop('encoding', `cannot read line ${line}: it is not UTF-8`, { line });
    }
    const text = Buffer.from(body.subarray(start, end)).toString();
    this.#cells.fill('');
    this.#expected = 0;
    this.#rows++;
    try {
      this.#line.read(text, this.#take);
    } catch (error) {
      if (error instanceof LineFault) stop(line, error.message, error.column);
      throw error;
    }
    this.#endRow(line);
  }

  #member(key: string, value: string): void {
    const place = this.#names[this.#expected] === key ? this.#expected : this.#placeOf(key);
    if (this.#seenIn[place] === this.#rows) throw new LineFault('a key stands in it twice', key);
    this.#seenIn[place] = this.#rows;
    this.#cells[place] = quoted(value);
    this.#expected = place + 1;
  }

  #placeOf(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#names.length;
    if (place === COLUMNS_MAX) {
      throw new ParseStop('schema', `cannot use the body: more than ${COLUMNS_MAX} different keys`);
    }
    this.#places.set(key, place);
    this.#names.push(key);
    return place;
  }

  #endRow(line: number): void {
    const columns = this.#names.length;
    if (this.#widths.at(-1)?.columns !== columns) {
      if (this.#rows === 1) {
        this.#write(this.#header());
        this.#headBytes = this.#length;
      }
      this.#widths.push({ row: this.#rows - 1, columns });
    }
    const text = this.#cells.join(',');
    this.#write(`${text === '' ? EMPTY_ROW : text}\n`, line);
    this.#ends.push(this.#length);
  }

  #header(): string {
    const names = this.#names.map(quoted).join(',');
    // The mark that a text begins with is taken off: a second one keeps the key that begins so.
    return `${names.startsWith('\ufeff') ? '\ufeff' : ''}${names}\n`;
  }

  #write(text: string, line = 1): void {
    const wanted = this.#length + text.length * BYTES_PER_CHAR_MAX;
    if (wanted > this.#out.length) this.#grow(wanted);
    const written = this.#out.write(text, this.#length);
    // A string is cut at the end of the buffer, in whole characters.
    if (this.#length + written > this.#bytesMax || written < text.length) tooLarge(this.#bytesMax, line);
    this.#length += written;
  }

  #grow(wanted: number): void {
    const size = Math.min(this.#bytesMax + BYTES_PER_CHAR_MAX, Math.max(wanted, this.#out.length * 2));
    if (size <= this.#out.length) return;
    const bigger = Buffer.alloc(size);
    this.#out.copy(bigger, 0, 0, this.#length);
    this.#out = bigger;
  }

  /** Later lines had further keys: earlier rows get empty cells for them. */
  #padded(): Uint8Array {
    const header = Buffer.from(this.#header());
    const columns = this.#names.length;
    let total = header.length + this.#length;
    this.#widths.forEach((width, i) => {
      const rows = (this.#widths[i + 1]?.row ?? this.#rows) - width.row;
      total += rows * (columns - width.columns);
    });
    if (total > this.#bytesMax) tooLarge(this.#bytesMax, this.#rows);
    const csv = Buffer.alloc(total);
    let at = header.copy(csv);
    // Behind the header of the first line's keys, which is replaced.
    let from = this.#headBytes;
    let block = 0;
    for (let row = 0; row < this.#rows; row++) {
      if (this.#widths[block + 1]?.row === row) block++;
      const end = this.#ends[row]! - 1;
      at += this.#out.copy(csv, at, from, end);
      const missing = columns - this.#widths[block]!.columns;
      csv.fill(',', at, at + missing);
      at += missing;
      csv[at++] = LF;
      from = end + 1;
    }
    return csv.subarray(0, at);
  }
}

function quoted(cell: string): string {
  return TO_QUOTE.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function stop(line: number, what: string, column: string | null = null): never {
  const where = column === null ? `line ${line}` : `line ${line}, key '${column.slice(0, 64)}'`;
  throw new ParseStop(
    'parse',
    `cannot read ${where}: ${what}`,
    column === null ? { line } : { line, column },
  );
}

function tooLarge(bytesMax: number, line: number): never {
  const limit = `the limit is ${bytesMax} bytes (MAX_DECODED_BYTES, max_decoded_bytes)`;
  throw new ParseStop(
    'too_large',
    `cannot take the body as a table: up to line ${line} it is too large; ${limit}`,
  );
}
