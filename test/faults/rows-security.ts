/** S: who may do what. */
import { met, open, type FaultSection } from './row.js';

export const SECURITY_ROWS: FaultSection = {
  rows: [
    open('S-01', '★ tokens that are absent, wrong, malformed or two', 'not written yet'),
    open('S-02', 'a token without the scope', 'not written yet'),
    open('S-03', 'more requests than the rate', 'not written yet'),
    met('S-04', 'sources at addresses that are not allowed', 'faults/s-sources.test.ts'),
    open('S-05', 'preflights of allowed and other origins', 'not written yet'),
    open('S-06', 'a token in the query', 'not written yet'),
    open('S-07', 'names that are markup, cells that are formulas', 'not written yet'),
    open('S-08', '★ secrets in logs, statistics and errors', 'not written yet'),
    open('S-09', 'a forged client address', 'not written yet'),
  ],
  open: 8,
};
