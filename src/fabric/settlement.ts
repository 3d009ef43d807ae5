/**
 * Main's side of the settle jobs: one at a time, each between the end of a parse and its publish.
 * With one configured source there is nothing to settle, and nothing waits.
 */
import type { JobResult, JobRunner } from '../model/jobs.js';
import type { FreeList } from '../snapshot/free-list.js';
import type { Fabric, MountedSegment, SettledRows } from './fabric.js';
import { planSettle } from './settle-plan.js';
import type { SettleAnswer } from './settle.js';

export type SettleFailure = Extract<JobResult<SettleAnswer>, { ok: false }>;

export interface SettleDeps {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  readonly free: FreeList;
}

/**
 * Settles the filled version of a source and calls `publish` at once, with null where the source is
 * alone in the table. Returns the failure instead when the job had no result: then nothing was
 * published, and what the job may still write stays its own until its thread has exited.
 */
export async function settleThenPublish(
  { fabric, jobs, free }: SettleDeps,
  mounted: MountedSegment,
  timeoutMs: number,
  publish: (settled: SettledRows | null, heldRows: number) => void,
): Promise<SettleFailure | null> {
  if (fabric.sources.length === 1) {
    publish(null, 0);
    return null;
  }
  const leave = await fabric.turns.enter();
  let exited: Promise<void> | null = null;
  try {
    const plan = planSettle(fabric, mounted, free);
    if (!plan) {
      publish(null, 0);
      return null;
    }
    const unpin = fabric.pin();
    const result = await jobs.run<SettleAnswer>('settle', plan.task, { jobClass: 'settle', timeoutMs });
    if (!result.ok) {
      exited = result.exited.then(() => {
        unpin();
        plan.abandon();
      });
      return result;
    }
    unpin();
    publish(plan.settled(result.value), result.value.heldRows);
    return null;
  } finally {
    if (exited) void exited.then(leave);
    else leave();
  }
}
