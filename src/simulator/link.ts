/** Links that go down and come back: a timetable of each row, so no state is kept. */

import { mix32 } from './noise.js';

/** What a row's link does at one tick. One object is filled again and again. */
export interface LinkState {
  /** Tick at which the present outage began (0 if before the first tick); -1 while the link is up. */
  downSince: number;
  /** True for the one tick after an outage. */
  recovering: boolean;
  /** Outages begun so far, the present one included, since a point before tick 0. */
  outages: number;
}

/**
 * Each link has a period of 96 to 223 ticks, of which it is down for 2 to 5: about 2 % of all
 * time, as in the system this follows.
 */
export function linkStateAt(rowHash: number, tick: number, out: LinkState): void {
  const h = mix32(rowHash ^ 0x5bd1e995);
  const period = 96 + (h & 127);
  const downTicks = 2 + ((h >>> 7) & 3);
  const phase = (h >>> 9) % period;
  const since = (tick + phase) % period;
  out.downSince = since < downTicks ? Math.max(0, tick - since) : -1;
  out.recovering = since === downTicks;
  out.outages = ((tick + phase) / period) | 0;
}
