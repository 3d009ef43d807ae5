/** Encodes large frames of live subscriptions. Reads pinned banks, writes only what it returns. */
import { move } from 'piscina';
import { encodeFrame as encode, type FrameResult, type FrameTask } from '../src/view/frame.js';
import { openTable } from '../src/view/opened-table.js';

/** Piscina's documented way to name the buffers inside a result; its symbols are registered ones. */
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** The pool's `encodeFrame`. The parts' buffers are transferred, not copied. */
export function encodeFrame({ table, selection, since, limits }: FrameTask): FrameResult {
  const result = encode(openTable(table), selection, since, limits);
  if (!result.ok) return result;
  const buffers = result.parts.map((part) => part.buffer);
  if (result.members) buffers.push(result.members.words.buffer);
  return move({ [TRANSFERABLE]: buffers, [VALUE]: result } as never) as unknown as FrameResult;
}
