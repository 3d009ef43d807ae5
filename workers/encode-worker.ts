/** Encodes large list bodies. Reads pinned banks, writes only what it returns. */
import { move } from 'piscina';
import { tryEncodeOrder, type ListResult, type ListTask } from '../src/view/encode-list.js';
import { openTable } from '../src/view/opened-table.js';

/** Piscina's documented way to name the buffers inside a result; its symbols are registered ones. */
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** The pool's `encodeList`. The body's buffer is transferred, not copied. */
export function encodeList(task: ListTask): ListResult {
  const result = tryEncodeOrder(openTable(task.table), task);
  if (!result.ok) return result;
  const transferable = { [TRANSFERABLE]: [result.list.bytes.buffer], [VALUE]: result };
  return move(transferable as never) as unknown as ListResult;
}
