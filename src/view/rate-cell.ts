/** A delta or a rate as bytes. Integers keep every digit, up to the 66 bits that a difference may take. */
import type { RateCell } from '../snapshot/rate.js';
import type { ByteWriter } from './bytes.js';
import { isBeyondDouble, NUMBER_BYTES_MAX, putF64, putU64 } from './digits.js';

const QUOTE = 34;
const MINUS = 45;

/** The digits of a value that is there. `quoteBig`: integers beyond 2^53 in quotes. */
function writeDigits(out: ByteWriter, cell: RateCell, quoteBig: boolean): void {
  out.reserve(NUMBER_BYTES_MAX);
  const u8 = out.u8;
  if (cell.form === 'double') {
    out.at = putF64(u8, out.at, cell.double);
    return;
  }
  const isQuoted = quoteBig && (cell.high > 0x20_0000 || isBeyondDouble(cell.high | 0, cell.low | 0, false));
  let at = out.at;
  if (isQuoted) u8[at++] = QUOTE;
  if (cell.negative) u8[at++] = MINUS;
  at = putU64(u8, at, cell.high, cell.low);
  if (isQuoted) u8[at++] = QUOTE;
  out.at = at;
}

/** As a JSON value, `null` when there is none. */
export function writeRateJson(out: ByteWriter, cell: RateCell, int64AsString: boolean): void {
  if (cell.form === 'none') out.ascii('null');
  else writeDigits(out, cell, int64AsString);
}

/** As a CSV field or bare text, nothing when there is none. */
export function writeRatePlain(out: ByteWriter, cell: RateCell): void {
  if (cell.form !== 'none') writeDigits(out, cell, false);
}

/** An interval as a JSON value: to the microsecond, `null` when there is none. */
export function writeInterval(out: ByteWriter, intervalMs: number): void {
  if (!Number.isFinite(intervalMs)) {
    out.ascii('null');
    return;
  }
  out.reserve(NUMBER_BYTES_MAX);
  out.at = putF64(out.u8, out.at, Math.round(intervalMs * 1000) / 1000);
}
