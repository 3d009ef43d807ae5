/** Encodes large list bodies, and all pages of a cursor. Reads pinned banks, writes only what it returns. */
import { move } from 'piscina';
import { tryEncodeOrder, type ListResult, type ListTask } from '../src/view/encode-list.js';
import { tryEncodePages, type PagesResult, type PagesTask } from '../src/view/encode-pages.js';
import { openTable } from '../src/view/opened-table.js';

/** Piscina's documented way to name the buffers inside a result; its symbols are registered ones. */
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** `result` as it is sent: with `bytes` transferred, not copied. */
function moved<T>(result: T, bytes: Uint8Array<ArrayBuffer>): T {
  return move({ [TRANSFERABLE]: [bytes.buffer], [VALUE]: result } as never) as unknown as T;
}

/** The pool's `encodeList`. */
export function encodeList(task: ListTask): ListResult {
  const result = tryEncodeOrder(openTable(task.table), task);
  return result.ok ? moved(result, result.list.bytes) : result;
}

/** The pool's `encodePages`. */
export function encodePages(task: PagesTask): PagesResult {
  const result = tryEncodePages(openTable(task.table), task);
  return result.ok ? moved(result, result.pages.bytes) : result;
}
