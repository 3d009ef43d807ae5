/** C: workers, shared memory, bounds. */
import { met, type FaultSection } from './row.js';

const BOUNDS = 'faults/c-bounds.test.ts';
const WORKERS = 'daemon/workers.test.ts';

export const CORE_ROWS: FaultSection = {
  rows: [
    met('C-01', '★ a worker that dies is replaced', WORKERS),
    met('C-02', '★ a worker out of memory is replaced, the process lives', WORKERS),
    met('C-03', '★ a worker past its deadline is ended', WORKERS),
    met('C-04', 'a body that kills its worker again and again is set aside', WORKERS),
    met('C-05', '★ a half-filled bank is never seen', WORKERS),
    met('C-06', '★ no poll of a source beside its own parse', WORKERS),
    met('C-07', '★ readers beside a writer at full speed see one version', 'race/seqlock.test.ts'),
    met('C-08', '★ a writer that dies before it publishes', WORKERS, 'race/terminate.test.ts'),
    met('C-09', 'a table that grows tenfold and shrinks to a row', BOUNDS),
    met('C-10', '★ thousands of polls of changing sizes cost no memory', BOUNDS),
    met('C-11', 'distinct text is bounded', BOUNDS),
    met('C-12', '★ no value can spoil a histogram', BOUNDS),
    met('C-13', 'a late loop sheds expensive requests', BOUNDS),
  ],
  open: 0,
};
