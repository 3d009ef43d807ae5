/** Tables of encode jobs, in a worker. */
import { Table, type TableRef } from '../fabric/table.js';

let last: Table | null = null;

/**
 * The table that a job names; its banks must be pinned by main. Opened once for all jobs of a
 * snapshot: that costs as much as a small frame.
 */
export function openTable(ref: TableRef): Table {
  if (last?.snapshotId === ref.snapshotId) return last;
  const schema = last?.schema;
  const { parts } = ref;
  const isKnown =
    schema?.generations.length === parts.length &&
    parts.every(({ generation }, p) => generation === schema.generations[p]);
  return (last = isKnown ? Table.open(ref, schema) : Table.open(ref));
}
