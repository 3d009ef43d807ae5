/**
 * Row times: what a time column may hold, as epoch milliseconds.
 *
 * Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude
 * (a factor 1000 lies between them, and telemetry is of this century). ISO 8601: `2026-01-01`, then
 * optionally `T` or a space and `12:00`, `12:00:00` or `12:00:00.123456`, then `Z`, an offset
 * (`+01:00`, `+0100`, `+01`) or nothing, which means UTC.
 */
import type { NumberReader } from './numbers.js';

/** Below: seconds (until the year 5138). */
const SECONDS_BELOW = 1e11;
const MILLIS_BELOW = 1e14;
const MICROS_BELOW = 1e17;

/** Epoch ms of the cell bytes[start, end), or NaN when it is no time. */
export function readTime(bytes: Uint8Array, start: number, end: number, reader: NumberReader): number {
  if (reader.read(bytes, start, end)) return timeOfNumber(reader.double);
  return readIso(bytes, start, end);
}

/** Negative numbers are no times. */
function timeOfNumber(value: number): number {
  if (!(value >= 0)) return NaN;
  if (value < SECONDS_BELOW) return value * 1000;
  if (value < MILLIS_BELOW) return value;
  if (value < MICROS_BELOW) return value / 1e3;
  return value / 1e6;
}

const ISO =
  /^ *(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?)? *$/;
const ISO_BYTES_MAX = 48;
const YEAR_MIN = 1970;

function readIso(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > ISO_BYTES_MAX) return NaN;
  const match = ISO.exec(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  if (!match) return NaN;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second] = [part(4), part(5), part(6)];
  if (year < YEAR_MIN || hour > 23 || minute > 59 || second > 59 || part(10) > 23 || part(11) > 59)
    return NaN;
  const midnight = Date.UTC(year, month - 1, day);
  // Date.UTC carries the 31st of February into March; a time that does not exist is no time.
  const date = new Date(midnight);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return NaN;
  const offsetMin = (part(10) * 60 + part(11)) * (match[9] === '-' ? -1 : 1);
  const fractionMs = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000;
  return midnight + ((hour * 60 + minute - offsetMin) * 60 + second) * 1000 + fractionMs;
}

/** Remembers the last cell: neighbouring rows are nearly always of the same instant. */
export class TimeCache {
  readonly #bytes = new Uint8Array(ISO_BYTES_MAX);
  #length = -1;
  #value = NaN;

  read(bytes: Uint8Array, start: number, end: number, reader: NumberReader): number {
    const length = end - start;
    if (length === this.#length) {
      let i = 0;
      while (i < length && this.#bytes[i] === bytes[start + i]) i++;
      if (i === length) return this.#value;
    }
    const value = readTime(bytes, start, end, reader);
    this.#length = -1;
    if (length <= ISO_BYTES_MAX) {
      for (let i = 0; i < length; i++) this.#bytes[i] = bytes[start + i]!;
      this.#length = length;
      this.#value = value;
    }
    return value;
  }
}
