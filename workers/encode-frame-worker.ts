/** Encodes large frames of live subscriptions. Reads pinned banks, writes only what it returns. */
import { move } from 'piscina';
import { encodeFrames as encode, type FrameResult, type FramesTask } from '../src/view/frame.js';
import { openTable } from '../src/view/opened-table.js';

/** Piscina's documented way to name the buffers inside a result; its symbols are registered ones. */
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** The pool's `encodeFrames`. The parts' buffers are transferred, not copied. */
export function encodeFrames({ table, orders }: FramesTask): readonly FrameResult[] {
  const results = encode(openTable(table), orders);
  const buffers = results.flatMap((result) => {
    if (!result.ok) return [];
    const parts = result.parts.map((part) => part.buffer);
    return result.members ? [...parts, result.members.words.buffer] : parts;
  });
  return move({ [TRANSFERABLE]: buffers, [VALUE]: results } as never) as unknown as FrameResult[];
}
