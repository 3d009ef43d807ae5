/**
 * How old what is served is, and whether it may be served at all. Age is shown, staleness decides:
 * a row of a stale source is refused by GetMetric; lists keep it and name the source.
 */
import type { Clock } from '../model/clock.js';
import { WeftError } from '../model/errors.js';
import type { FabricView } from '../fabric/fabric-view.js';
import type { SourceStatus } from '../fabric/source-status.js';
import type { Table } from '../fabric/table.js';

/** A source is asked again within seconds; so may a client. */
export const RETRY_AFTER_S = 2;

/** Of one row, or of a list: then of the oldest source concerned. */
export interface Freshness {
  /** Milliseconds, for X-Data-Age-Ms and age_ms. */
  readonly ageMs: number;
  /** Epoch milliseconds, for X-Snapshot-Ts. */
  readonly dataTsMs: number;
  /** Ids of the sources concerned that are stale, for X-Stale-Sources. */
  readonly staleSources: readonly string[];
}

/** The current table. Throws no_data before the first publish, or when all that had published are gone. */
export function requireTable(fabric: FabricView): Table {
  if (!fabric.table || fabric.table.parts.length === 0)
    throw new WeftError('no_data', 'No data yet. Try again shortly.', RETRY_AFTER_S);
  return fabric.table;
}

/** The current table, for lists, changes and streams. Throws no_data, or stale when every source is. */
export function requireLiveTable(fabric: FabricView, clock: Clock): Table {
  const table = requireTable(fabric);
  const nowMs = clock.monotonicMs();
  if (fabric.sources.some((source) => source.published && !source.isStale(nowMs))) return table;
  throw new WeftError('stale', 'Every source is stale: no good exchange within max_stale_ms.', RETRY_AFTER_S);
}

/** Age of a part's rows. Throws stale (503) when its source is. */
export function rowFreshness(fabric: FabricView, part: number, clock: Clock): Freshness {
  const source = fabric.statusOf(part);
  if (source.isStale(clock.monotonicMs())) {
    throw new WeftError(
      'stale',
      `Source '${source.id}' is stale: no good exchange within ${source.maxStaleMs} ms.`,
      RETRY_AFTER_S,
    );
  }
  const nowMs = clock.nowMs();
  return { ageMs: source.ageMs(nowMs) ?? 0, dataTsMs: source.dataTsMs ?? nowMs, staleSources: [] };
}

/**
 * `sourceIds`: the sources whose rows a list holds; empty: all that have published. `heldTsMs`: the
 * time of each source's data in it, for lists of an earlier snapshot.
 */
export function listFreshness(
  fabric: FabricView,
  sourceIds: readonly string[],
  clock: Clock,
  heldTsMs?: ReadonlyMap<string, number>,
): Freshness {
  const concerned = (source: SourceStatus): boolean =>
    (heldTsMs ? heldTsMs.has(source.id) : source.published) &&
    (sourceIds.length === 0 || sourceIds.includes(source.id));
  const nowMs = clock.nowMs();
  const monotonicMs = clock.monotonicMs();
  const staleSources: string[] = [];
  let dataTsMs = Infinity;
  for (const source of fabric.sources) {
    if (!concerned(source)) continue;
    dataTsMs = Math.min(dataTsMs, (heldTsMs ? heldTsMs.get(source.id) : source.dataTsMs) ?? nowMs);
    if (source.isStale(monotonicMs)) staleSources.push(source.id);
  }
  if (dataTsMs === Infinity) dataTsMs = nowMs;
  return { ageMs: Math.max(0, Math.round(nowMs - dataTsMs)), dataTsMs, staleSources };
}
