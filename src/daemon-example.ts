/** What a newcomer may ask a daemon for: the first row and its last column. */
import type { Fabric } from './fabric/fabric.js';
import type { Table } from './fabric/table.js';

/** Something that can be asked for. */
export interface Example {
  readonly switchId: string;
  readonly metric: string;
}

/** Resolves once there is a row and a column. */
export function firstExample(fabric: Fabric): Promise<Example> {
  return new Promise((resolve) => {
    const tell = (table: Table): void => {
      table.forEachRow((part, slot) => {
        const metric = table.schema.columns.at(-1)?.name;
        if (metric !== undefined) resolve({ switchId: table.keyText(part, slot), metric });
        return false;
      });
    };
    fabric.onPublish(tell);
    if (fabric.table) tell(fabric.table);
  });
}
