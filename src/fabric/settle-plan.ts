/** What a settle job is given, and what becomes of its answer. Main only. */
import type { FreeList } from '../snapshot/free-list.js';
import { HELD_MS_MIN } from '../model/limits.js';
import { MergeMemory } from '../snapshot/merge-memory.js';
import type { Fabric, MountedSegment, SettledRows } from './fabric.js';
import type { SettleAnswer, SettleTask } from './settle.js';

export interface SettlePlan {
  readonly task: SettleTask;
  /** What Fabric.publish takes. */
  settled(answer: SettleAnswer): SettledRows;
  /** The job will never answer, and its thread writes no more. */
  abandon(): void;
}

/**
 * The plan for a source's filled version; null when the table would have no other part. Made and
 * carried out within one turn of `fabric.turns`: no publish may come in between.
 */
export function planSettle(fabric: Fabric, mounted: MountedSegment, free: FreeList): SettlePlan | null {
  const { sourceId } = mounted.ref;
  const order = fabric.orderWith(mounted);
  if (order.length === 1) return null;
  const parts = order.map(({ ref }) => ref);
  const own = parts.findIndex((part) => part.sourceId === sourceId);
  const served = fabric.mounted(sourceId);
  // The new bank has not been opened: its slots are those of all keys that its writer has entered.
  const slots = order.map(({ segment, ref }, p) =>
    p === own ? segment.reader.slotCount : segment.reader.bank(ref.version).slots,
  );
  const { maxStaleMs } = fabric.sources.find(({ id }) => id === sourceId)!;
  const current = fabric.merged;
  const sameSegments =
    fabric.table?.schema.generations.length === parts.length &&
    parts.every(({ generation }, p) => generation === fabric.table!.schema.generations[p]);
  const index = current && sameSegments ? current.ref : null;
  const covers = index?.index.spec.slots.every((count, p) => count === slots[p]) ?? false;
  // A new segment may be given rows of the one it replaces.
  const room = slots.map((count, p) =>
    p === own && served ? count + served.segment.reader.slotCount : count,
  );
  const memory = covers ? null : new MergeMemory({ slots: room }, free);
  const task: SettleTask = {
    fabricVersion: fabric.version + 1,
    parts,
    own,
    before: served && { segment: served.segment.ref, version: served.ref.version },
    index: index?.index ?? null,
    holdMs: Math.max(HELD_MS_MIN, maxStaleMs),
    buildIn: memory?.buffer ?? null,
  };
  return {
    task,
    settled: ({ spec, rowsTotal, sharedRows }) => {
      if (!memory) return { memory: current!.memory, ref: { ...current!.ref, rowsTotal, sharedRows } };
      return { memory, ref: { index: { buffer: memory.buffer, spec }, rowsTotal, sharedRows } };
    },
    abandon: () => memory?.retire(),
  };
}
