/** Where rows go after a publish: the plug point for whatever leaves weft or remembers. */
import type { Table } from '../fabric/table.js';

/** What is news to a sink since its last write. */
export interface SinkChanges {
  /** Ids of the sources that have published since, in the table's order. Not empty. */
  readonly sources: readonly string[];
  /** Publishes that this write stands for; above 1 when some were merged. */
  readonly publishes: number;
}

/**
 * - `write` is never called while an earlier one is under way.
 * - The table's banks are pinned until the promise settles: it must not settle while a job of it
 *   may still read them.
 * - `latest`: publishes that come meanwhile are merged, the next write gets the newest table.
 *   `every`: they wait, in order and pinned, up to a bound; past it they are dropped and counted.
 * - A rejection is logged and counted; the next publish is written all the same.
 * - `signal` aborts when weft stops: settle soon then.
 */
export interface Sink {
  /** In logs and metrics. */
  readonly name: string;
  readonly delivery: 'latest' | 'every';
  write(table: Table, changes: SinkChanges, signal: AbortSignal): Promise<void>;
}
