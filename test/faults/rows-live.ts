/** W: what a live client can do. */
import { met, type FaultSection } from './row.js';

const LIVE = 'daemon/live.test.ts';
const LIVE_CHANGES = 'daemon/live-changes.test.ts';
const LIMITS = 'faults/w-limits.test.ts';
const FRAMES = 'faults/w-frames.test.ts';

export const LIVE_ROWS: FaultSection = {
  rows: [
    met('W-01', 'a thousand versions applied are the list', 'faults/w-diffs.test.ts'),
    met('W-02', '★ a subscriber that does not read', 'daemon/live-slow.test.ts'),
    met('W-03', '★ a burst above the limit of a socket', 'faults/w-bursts.test.ts'),
    met('W-04', 'coming back with a version that is known, and one that is not', LIVE, LIVE_CHANGES),
    met('W-05', 'a client that never answers a ping', LIMITS),
    met('W-06', 'frames that are too large, broken or too many', FRAMES),
    met('W-07', 'selections of too many rows, or of what is not there', LIMITS),
    met('W-08', '★ foreign origins, no token, one that ends', 'faults/s-streams.test.ts'),
    met('W-09', 'a thousand clients that come and go', 'faults/w-churn.test.ts'),
    met('W-10', 'a stop says goodbye to subscribers', LIVE),
  ],
  open: 0,
};
