/** Counts coverage over all rows of all sources. Reads pinned banks, writes only what it returns. */
import { move } from 'piscina';
import { tryEncodeCoverage, type CoverageResult, type CoverageTask } from '../src/view/coverage.js';
import { openTable } from '../src/view/opened-table.js';

/** Piscina's documented way to name the buffers inside a result; its symbols are registered ones. */
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** The pool's `encodeCoverage`. The lists' buffers are transferred, not copied. */
export function encodeCoverage(task: CoverageTask): CoverageResult {
  const result = tryEncodeCoverage(openTable(task.table), task);
  if (!result.ok) return result;
  const { missing, shared } = result.coverage;
  const buffers = [missing.buffer, shared.buffer];
  return move({ [TRANSFERABLE]: buffers, [VALUE]: result } as never) as unknown as CoverageResult;
}
