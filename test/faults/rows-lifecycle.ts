/** L: start, configuration, stop, disk. */
import { met, type FaultSection } from './row.js';

const START = 'daemon/start.test.ts';
const SHUTDOWN = 'daemon/shutdown.test.ts';
const STATE = 'daemon/state.test.ts';
const DISK = 'faults/l-disk.test.ts';
const RELOAD = ['faults/l-reload.test.ts', 'faults/l-sources.test.ts', 'faults/s-streams.test.ts'];
const FIT = 'faults/l-start.test.ts';

export const LIFECYCLE_ROWS: FaultSection = {
  rows: [
    met('L-01', '★ a port that is taken, also by a second copy', START),
    met('L-02', '★ every mistake of the configuration at once', START),
    met('L-03', 'a reload with mistakes changes nothing; without, sources and level', ...RELOAD),
    met('L-04', '★ a stop under load loses no request', SHUTDOWN),
    met('L-05', 'killed while it writes to disk', 'daemon/state-kill.test.ts'),
    met('L-06', '★ damaged and foreign files are set aside', STATE, DISK),
    met('L-07', '★ a disk that is full or read-only', DISK),
    met('L-08', 'a log that nobody takes', SHUTDOWN, DISK),
    met('L-09', 'a crash loop does not flood the upstream', FIT),
    met('L-10', '★ a native part that does not load', FIT),
    met('L-11', '★ the container: read-only, no rights, little memory', FIT),
    met('L-12', 'no unix socket is listened on: a path is refused and left alone', FIT),
  ],
  open: 0,
};
