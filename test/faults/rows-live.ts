/** W: what a live client can do. */
import { met, open, type FaultSection } from './row.js';

export const LIVE_ROWS: FaultSection = {
  rows: [
    open('W-01', 'a thousand versions applied are the list', 'not written yet'),
    met('W-02', '★ a subscriber that does not read', 'daemon/live-slow.test.ts'),
    open('W-03', '★ a burst above the limit of a socket', 'not written yet'),
    open('W-04', 'coming back with a version that is known, and one that is not', 'not written yet'),
    open('W-05', 'a client that never answers a ping', 'not written yet'),
    open('W-06', 'frames that are too large, broken or too many', 'not written yet'),
    open('W-07', 'selections of too many rows, or of what is not there', 'not written yet'),
    met('W-08', '★ foreign origins, no token, one that ends', 'faults/s-streams.test.ts'),
    open('W-09', 'a thousand clients that come and go', 'not written yet'),
    met('W-10', 'a stop says goodbye to subscribers', 'daemon/live.test.ts'),
  ],
  open: 7,
};
