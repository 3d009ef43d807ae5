/** Where a body's header record lies, and its cells. */
import { COLUMN_NAME_BYTES_MAX, COLUMNS_MAX, RECORD_BYTES_MAX } from '../model/limits.js';
import { ParseStop } from './failure.js';
import { decodeText } from './utf8.js';

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** Bytes of a record: [start, end), and where the next line begins. */
export interface HeaderSpan {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** True for the control characters that no text of this kind holds. */
export function isControl(byte: number): boolean {
  return byte < 32 && byte !== 9 && byte !== LF && byte !== CR;
}

/** Refuses a control character at `offset` of the body. */
export function refuseControl(byte: number, offset: number): never {
  const hex = byte.toString(16).padStart(2, '0');
  throw new ParseStop('encoding', `cannot read the body as text: byte 0x${hex} at offset ${offset}`, {
    offset,
  });
}

/** The first byte that is text: behind a UTF-8 BOM and blank lines. Refuses UTF-16. */
export function textStart(body: Uint8Array): number {
  const [a, b, c] = body;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new ParseStop(
      'encoding',
      'cannot read the body: it is UTF-16, not UTF-8 (byte order mark at offset 0)',
      {
        offset: 0,
      },
    );
  }
  let p = a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
  while (body[p] === LF || (body[p] === CR && body[p + 1] === LF)) p += body[p] === LF ? 1 : 2;
  return p;
}

/**
 * The header record: to the first line break outside quotes, or to the end of the body. A quote opens
 * only where a cell begins, behind one of the bytes `delimiters`.
 */
export function headerSpan(body: Uint8Array, delimiters: readonly number[]): HeaderSpan {
  const start = textStart(body);
  const limit = Math.min(body.length, start + RECORD_BYTES_MAX);
  let quoted = false;
  for (let p = start; p < limit; p++) {
    const byte = body[p]!;
    if (isControl(byte)) refuseControl(byte, p);
    if (byte === QUOTE) {
      if (quoted) {
        if (body[p + 1] === QUOTE) p++;
        else quoted = false;
      } else {
        quoted = p === start || delimiters.includes(body[p - 1]!);
      }
    }
    if (byte !== LF || quoted) continue;
    return { start, end: body[p - 1] === CR && p > start ? p - 1 : p, next: p + 1 };
  }
  if (limit < body.length || quoted) {
    const what = quoted ? 'a quote in the header is not closed' : 'the header has no end';
    throw new ParseStop('parse', `cannot read the header: ${what} within ${RECORD_BYTES_MAX} bytes`, {
      line: 1,
    });
  }
  const end = limit > start && body[limit - 1] === CR ? limit - 1 : limit;
  return { start, end, next: body.length };
}

/** The cells of a header record, decoded and unquoted. Throws ParseStop `schema` beyond the limits. */
export function headerCells(record: Uint8Array, delimiter: Uint8Array): string[] {
  const names: string[] = [];
  let cell: number[] = [];
  let quoted = false;
  let p = 0;
  const finish = (): void => {
    if (cell.length > COLUMN_NAME_BYTES_MAX) {
      throw new ParseStop(
        'schema',
        `cannot use the header: the name of column ${names.length + 1} has ${cell.length} bytes, ` +
          `the limit is ${COLUMN_NAME_BYTES_MAX}`,
        { line: 1 },
      );
    }
    names.push(decodeText(Uint8Array.from(cell)));
    cell = [];
    if (names.length > COLUMNS_MAX) {
      throw new ParseStop('schema', `cannot use the header: more than ${COLUMNS_MAX} columns`, { line: 1 });
    }
  };
  let begins = true;
  while (p < record.length) {
    const byte = record[p]!;
    if (byte === QUOTE && (quoted || begins)) {
      if (quoted && record[p + 1] === QUOTE) {
        cell.push(QUOTE);
        p += 2;
        continue;
      }
      quoted = !quoted;
      begins = false;
      p++;
    } else if (!quoted && startsAt(record, p, delimiter)) {
      finish();
      begins = true;
      p += delimiter.length;
    } else {
      cell.push(byte);
      begins = false;
      p++;
    }
  }
  finish();
  return names;
}

function startsAt(bytes: Uint8Array, at: number, what: Uint8Array): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
  return true;
}
