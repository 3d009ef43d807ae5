/** The fabric as point reads need it: of main itself, or its mirror in a reader thread. */
import type { SourceStatus } from './source-status.js';
import type { Table } from './table.js';

export interface FabricView {
  /** The table of the current version; null before the first publish of any source. */
  readonly table: Table | null;
  /** In configuration order. */
  readonly sources: readonly SourceStatus[];
  /** The source of a part of the current table. */
  statusOf(part: number): SourceStatus;
  /**
   * Call it behind the last look at cells and before anything is answered: throws when what was read
   * may not be of one table. On main nothing can come between.
   */
  confirm(): void;
}
