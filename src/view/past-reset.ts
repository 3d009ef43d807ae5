/** Whether a past cell and the present one are two of a counter that began anew in between. */
import { rolesOf } from '../fabric/rate-plan.js';
import { ROLE_COUNTER, ROLE_NONE, type RatePolicy } from '../model/rates.js';
import type { SegmentSpec } from '../snapshot/layout.js';
import { isWhole, pastInteger, pastNumber, type PastCell } from './past-cell.js';

/** What name and kind alone say. */
const BY_NAME: RatePolicy = { columns: ['*'], gauges: [], counters: [], bytesMax: 0 };

/** True when a source's column only rises: as its rates have it, else as they would by default. */
export function isCounter({ columns, rates }: SegmentSpec, metric: string): boolean {
  const c = columns.findIndex(({ name }) => name === metric);
  const role = rates?.roles[c] ?? ROLE_NONE;
  if (role !== ROLE_NONE) return role === ROLE_COUNTER;
  return rolesOf([{ name: metric, kind: columns[c]?.kind ?? 'i64' }], BY_NAME)[0] === ROLE_COUNTER;
}

/** True when a counter went down. Numbers below zero count nothing: they say that there is no count. */
export function isReset(now: PastCell, then: PastCell): boolean {
  const [a, b] = [pastNumber(now), pastNumber(then)];
  if (a < 0 || b < 0) return false;
  return isWhole(now) && isWhole(then) ? pastInteger(now) < pastInteger(then) : a < b;
}
