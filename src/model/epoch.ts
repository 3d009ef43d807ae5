/** Points in time as upstreams spell them in headers. */

/** Epoch milliseconds between 2000 and 2100: seconds, µs and ns fall outside. */
const SANE_MS_MIN = 946_684_800_000;
const SANE_MS_MAX = 4_102_444_800_000;

/** Epoch milliseconds, or null when `text` is no number of them that can be true. */
export function saneEpochMs(text: string | null): number | null {
  if (text === null || !/^[0-9]{12,13}$/.test(text)) return null;
  const ms = Number(text);
  return ms >= SANE_MS_MIN && ms < SANE_MS_MAX ? ms : null;
}
