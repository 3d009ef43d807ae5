/** Times as clients write them. */

const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Epoch ms of an ISO 8601 time (with its zone) or date (in UTC); undefined for anything else. */
export function epochMsOf(text: string): number | undefined {
  const timeMs = ISO.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
