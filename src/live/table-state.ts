/** States of the table that clients have, or are being brought to. */
import type { SinceVersions } from '../fabric/changes.js';
import type { Table, TableSchema } from '../fabric/table.js';

/** One fabric version, as much of it as a later diff needs. */
export interface TableState {
  readonly fabricVersion: number;
  readonly snapshotId: string;
  readonly schema: TableSchema;
  /** Per part, of the schema's generations. */
  readonly versions: SinceVersions;
}

/** The version that is served now. */
export interface CurrentState extends TableState {
  readonly table: Table;
}

export function currentState(table: Table, fabricVersion: number): CurrentState {
  return {
    table,
    fabricVersion,
    snapshotId: table.snapshotId,
    schema: table.schema,
    versions: table.parts.map((part) => part.bank.version),
  };
}
