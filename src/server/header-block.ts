/**
 * All headers of one response as one run of bytes, handed to the library as the value of the first
 * of them. One call instead of eight: each crossing costs more than writing the whole block here.
 */
import { bug } from '../model/errors.js';

const BLOCK_BYTES = 8 * 1024;

const encoder = new TextEncoder();

/** The first header: every response has it. */
export const REQUEST_ID_NAME = encoder.encode('X-Request-Id');

/** `name` as what stands between the value before it and its own value. */
export function headerName(name: string): Uint8Array {
  return encoder.encode(`\r\n${name}: `);
}

/** Fixed headers, ready to be appended. The values are the program's own: nothing checks them. */
export function headerLines(headers: Readonly<Record<string, string>>): Uint8Array {
  return encoder.encode(
    Object.entries(headers)
      .map(([name, value]) => `\r\n${name}: ${value}`)
      .join(''),
  );
}

/**
 * One per server, and one for each head that is written again and again: begin, add, and hand `view()`
 * to the library before the block is begun again.
 */
export class HeaderBlock {
  readonly #bytes: Uint8Array;
  /** A view of each length used so far: making one costs as much as filling it. */
  readonly #views: Uint8Array[] = [];
  #at = 0;

  constructor(byteCount = BLOCK_BYTES) {
    this.#bytes = new Uint8Array(byteCount);
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at;
  }

  /** Goes on at `at`: what was written up to there the last time stays as it is. */
  keep(at: number): void {
    this.#at = at;
  }

  /** Starts with the value of X-Request-Id. */
  begin(): void {
    this.#at = 0;
  }

  /** Bytes made by headerName or headerLines. */
  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Printable ASCII: anything else (a line break!) is a mistake of the caller. */
  text(value: string): void {
    this.#room(value.length);
    let at = this.#at;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code < 32 || code > 126) bug('a header value with a character outside printable ASCII');
      this.#bytes[at++] = code;
    }
    this.#at = at;
  }

  /** A whole number, at least 0. */
  uint(value: number): void {
    let rest = value;
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    this.#room(digits);
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = rest < 0x8000_0000 ? (rest / 10) | 0 : Math.floor(rest / 10);
      this.#bytes[at] = 48 + (rest - next * 10);
      rest = next;
    }
    this.#at += digits;
  }

  /** A whole number in lower-case base 36. */
  base36(value: number): void {
    let rest = value;
    let digits = 1;
    for (let bound = 36; value >= bound; bound *= 36) digits++;
    this.#room(digits);
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      // An integer division where it fits: this runs for every answer.
      const next = rest < 0x8000_0000 ? (rest / 36) | 0 : Math.floor(rest / 36);
      const digit = rest - next * 36;
      this.#bytes[at] = digit < 10 ? 48 + digit : 87 + digit;
      rest = next;
    }
    this.#at += digits;
  }

  /** What was written, not copied. */
  view(): Uint8Array {
    return (this.#views[this.#at] ??= this.#bytes.subarray(0, this.#at));
  }

  #room(count: number): void {
    const { length } = this.#bytes;
    if (this.#at + count > length) bug(`response headers beyond ${length} bytes`);
  }
}
