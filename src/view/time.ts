/** Times as clients see them. */
import type { ByteWriter } from './bytes.js';

/** Beyond this a Date is invalid. */
const DATE_MS_MAX = 8.64e15;

// Rows of one source mostly share their time: the last text is kept.
let lastMs = NaN;
let lastText = '';

function isoText(timeMs: number): string {
  if (timeMs !== lastMs) {
    lastText = new Date(timeMs).toISOString();
    lastMs = timeMs;
  }
  return lastText;
}

/** Epoch ms as ISO 8601 with milliseconds and Z; `quoted` for JSON. `null` or nothing when invalid. */
export function writeIsoTime(out: ByteWriter, timeMs: number, quoted: boolean): void {
  if (!(Math.abs(timeMs) <= DATE_MS_MAX)) {
    if (quoted) out.ascii('null');
    return;
  }
  if (quoted) out.byte(34);
  out.ascii(isoText(timeMs));
  if (quoted) out.byte(34);
}

/** Epoch ms as whole epoch seconds. */
export function writeSeconds(out: ByteWriter, timeMs: number): void {
  out.ascii(Number.isFinite(timeMs) ? String(Math.floor(timeMs / 1000)) : 'null');
}
