/** U: what an upstream can do. */
import { met, type FaultSection } from './row.js';

const WIRE = 'daemon/upstream-wire.test.ts';
const BODIES = 'daemon/upstream-bodies.test.ts';
const POLICIES = 'daemon/policies.test.ts';
const SEEN = 'faults/u-wire.test.ts';
/** Read by several workers at once. */
const SPLIT = 'faults/u-split.test.ts';
const SOURCES = 'daemon/sources.test.ts';

export const UPSTREAM_ROWS: FaultSection = {
  rows: [
    met('U-01', '★ errors of the server are counted, told and backed off from', WIRE, SEEN),
    met('U-02', '★ one deadline ends an answer that is late or never ends', WIRE, SEEN),
    met('U-03', '★ a connection cut in mid-body publishes nothing', WIRE),
    met('U-04', '★ a whole answer whose last line was cut is refused', BODIES, SPLIT),
    met('U-05', '★ a page instead of data is refused', WIRE, BODIES),
    met('U-06', '★ no rows are refused, unless they are allowed', WIRE, BODIES, POLICIES),
    met('U-07', '★ bytes that are no text are refused, odd text is repaired', BODIES, SPLIT),
    met('U-08', '★ a body above the cap ends at the cap', WIRE),
    met('U-09', '★ what inflates without measure ends at its cap', WIRE),
    met('U-10', '★ a quote that never closes fails early, with its line', BODIES, SPLIT),
    met(
      'U-11',
      '★ ragged rows: the body is refused, or they are dropped and counted',
      BODIES,
      POLICIES,
      SPLIT,
    ),
    met('U-12', '★ changed columns are a new generation, or refused', BODIES, POLICIES, SEEN),
    met('U-13', '★ names twice are refused or told apart, odd names are data', BODIES, POLICIES),
    met('U-14', '★ keys twice are refused, or the last one counts', BODIES, POLICIES, SPLIT),
    met('U-15', '★ what is no number is missing, never 0', BODIES),
    met('U-16', 'counters that go back are served as they are and counted', SEEN),
    met('U-17', 'clocks that differ or step change neither age nor staleness', WIRE, SEEN),
    met('U-18', '★ a 304 renews, and is an error when nobody asked for it', WIRE),
    met('U-19', 'ETags that lie: the content decides', WIRE, SEEN),
    met('U-20', '★ no name, no listener, no answer to a SYN', WIRE),
    met('U-21', '★ redirects are not followed', WIRE, SEEN),
    met('U-22', '★ the breaker opens, probes and closes', WIRE),
    met('U-23', 'many daemons at once spread over the interval', 'faults/u-spread.test.ts'),
    met('U-24', '★ too old data is refused, health is not', SOURCES),
    met('U-25', '★ a source that fails harms no other', SOURCES),
  ],
  open: 0,
};
