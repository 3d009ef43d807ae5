/** What must be true of a world's counters and memory once it is quiet. */
import type { Fabric } from '../../src/fabric/fabric.js';
import type { Connections } from '../../src/server/connections.js';
import type { Stats } from '../../src/stats/stats.js';
import type { LedgerSums } from './frame-ledger.js';
import type { LentMemory } from './sim-memory.js';
import type { SimReport } from './sim-report.js';

/** Of a body kept to be compared with the next one. */
const KEPT_BYTES_MAX = 64 * 1024;

export interface CheckedParts {
  readonly fabric: Fabric;
  readonly stats: Stats;
  readonly report: SimReport;
  readonly sums: LedgerSums;
  readonly connections: Connections;
  readonly free: LentMemory;
}

/** `open`: connections that clients still have. */
export function checkLiveCounts({ stats, report, sums, connections }: CheckedParts, open: number): void {
  const { live, counters } = stats;
  const { frames, resyncs, conflatedMin, conflatedMax } = sums;
  const slow = report.seen.get('closed 1013') ?? 0;
  if (live.conflated > 0) report.note('conflated');
  report.check(live.framesSent === frames, () => `${live.framesSent} frames are counted of ${frames}`);
  report.check(live.resyncs === resyncs, () => `${live.resyncs} resyncs are counted of ${resyncs}`);
  const fits = live.conflated >= conflatedMin && live.conflated <= conflatedMax;
  report.check(
    fits,
    () => `${live.conflated} are counted as conflated of ${conflatedMin} to ${conflatedMax}`,
  );
  report.check(live.subscribers === open, () => `${live.subscribers} subscribers are counted of ${open}`);
  report.check(connections.open === open, () => `${connections.open} connections are counted of ${open}`);
  const counted = counters.get('slow_clients_closed');
  report.check(counted === slow, () => `${counted} slow clients are counted of ${slow}`);
  const floods = counters.get('live_floods_closed');
  // A client is closed likewise for leaving its refusals unread.
  const policy = report.seen.get('closed 1008') ?? 0;
  report.check(floods <= policy, () => `${floods} floods are counted of ${policy}`);
}

/** Bytes in use: a table and a body for each source, and how their rows are one. */
export function checkMemory({ fabric, free, report }: CheckedParts): void {
  let served = fabric.merged?.memory.buffer.byteLength ?? 0;
  for (const { id } of fabric.sources) {
    const mounted = fabric.mounted(id);
    if (mounted) served += mounted.segment.ref.buffer.byteLength + KEPT_BYTES_MAX;
  }
  const used = free.usedBytes;
  report.check(used <= served, () => `${used} bytes are in use, ${served} are served`);
}
