/** Bodies that are kept as bytes and given their age for each response. */
import type { KeptBody } from '../../query/get-metric.js';
import { putUint31 } from '../../view/digits.js';

export const AGE_BYTES_MAX = 11;
/** An age that is written as a 31-bit integer: 24 days. */
export const AGE_MS_MAX = 2 ** 31 - 1;

const BRACE = 125;

/** The age is written into the kept bytes, up to AGE_MS_MAX: one body is answered with at a time. */
export function withAge(kept: KeptBody, ageMs: number): Uint8Array {
  if (kept.ageAt < 0 || kept.ageMs === ageMs) return kept.view;
  const end = putUint31(kept.bytes, kept.ageAt, ageMs);
  kept.bytes[end] = BRACE;
  kept.ageMs = ageMs;
  // A view is made when the number of digits changes only.
  if (kept.view.length !== end + 1) kept.view = kept.bytes.subarray(0, end + 1);
  return kept.view;
}
