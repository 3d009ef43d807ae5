/**
 * Sources leave the table while it is served: their rows vanish, and rows that others report as well
 * are served from these. Main only.
 */
import { MergeMemory } from '../snapshot/merge-memory.js';
import type { MountedSegment, SettledRows } from './fabric.js';
import type { SettleAnswer, SettleTask } from './settle.js';
import type { SettleDeps, SettleFailure } from './settlement.js';
import type { SourceStatus } from './source-status.js';

/**
 * Makes `sources` all there are. Those that leave must not publish any more. Returns the failure when
 * the job that merges the parts that stay had no result: then nothing has changed.
 */
export async function departFrom(
  deps: SettleDeps,
  sources: readonly SourceStatus[],
  timeoutMs: number,
): Promise<SettleFailure | null> {
  const { fabric } = deps;
  const leave = await fabric.turns.enter();
  let exited: Promise<void> | null = null;
  try {
    const order = fabric.orderOf(sources);
    const leaves = fabric.table !== null && fabric.table.parts.length > order.length;
    if (!leaves || order.length < 2) {
      fabric.arrange(sources, null);
      return null;
    }
    const result = await merge(deps, order, timeoutMs);
    if ('failure' in result) {
      exited = result.failure.exited;
      return result.failure;
    }
    fabric.arrange(sources, result);
    return null;
  } finally {
    if (exited) void exited.then(leave);
    else leave();
  }
}

/** What stays as one table: built anew, because an index is of certain parts in a certain order. */
async function merge(
  { fabric, jobs, free }: SettleDeps,
  order: readonly MountedSegment[],
  timeoutMs: number,
): Promise<SettledRows | { readonly failure: SettleFailure }> {
  const slots = order.map(({ segment, ref }) => segment.reader.bank(ref.version).slots);
  const memory = new MergeMemory({ slots }, free);
  const task: SettleTask = {
    fabricVersion: fabric.version + 1,
    parts: order.map(({ ref }) => ref),
    own: 0,
    // No part is new: no row changes hands but by what leaves.
    before: null,
    index: null,
    holdMs: 0,
    buildIn: memory.buffer,
  };
  const unpin = fabric.pin();
  const result = await jobs.run<SettleAnswer>('settle', task, { jobClass: 'settle', timeoutMs });
  if (!result.ok) {
    const exited = result.exited.then(() => {
      unpin();
      memory.retire();
    });
    return { failure: { ...result, exited } };
  }
  unpin();
  const { spec, rowsTotal, sharedRows } = result.value;
  return { memory, ref: { index: { buffer: memory.buffer, spec }, rowsTotal, sharedRows } };
}
