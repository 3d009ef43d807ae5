/** S: who may do what. */
import { met, type FaultSection } from './row.js';

const TOKENS = 'faults/s-tokens.test.ts';
const LIMITS = 'faults/s-limits.test.ts';

export const SECURITY_ROWS: FaultSection = {
  rows: [
    met('S-01', '★ tokens that are absent, wrong, malformed or two', TOKENS),
    met('S-02', 'a token without the scope', TOKENS),
    met('S-03', 'more requests than the rate', LIMITS, 'unit/server/access.test.ts'),
    met('S-04', 'sources at addresses that are not allowed', 'faults/s-sources.test.ts'),
    met('S-05', 'preflights of allowed and other origins', LIMITS),
    met('S-06', 'a token in the query', TOKENS),
    met('S-07', 'names that are markup, cells that are formulas', LIMITS),
    met(
      'S-08',
      '★ secrets in logs, statistics, errors, files and the heap',
      TOKENS,
      'faults/s-memory.test.ts',
    ),
    met('S-09', 'a forged client address', LIMITS),
  ],
  open: 0,
};
