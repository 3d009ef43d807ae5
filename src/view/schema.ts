/** `{"snapshot_id","switch_id":["node_guid",...],"fields":[{"name","kind","sources":[...]}],"rows":64}` */
import type { TableSchema } from '../fabric/table.js';
import type { ByteWriter } from './bytes.js';
import type { Listing } from './listing.js';
import { JSON_TYPE, type View } from './view.js';

export const schemaView: View = {
  shape: 'schema',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    const { table } = listing;
    const sourceIds = table.parts.map((part) => part.ref.sourceId);
    const fields = table.schema.columns.map(({ name, kind, inPart }) => ({
      name,
      kind,
      sources: sourceIds.filter((_, part) => inPart[part]! >= 0),
    }));
    out.json({
      snapshot_id: table.snapshotId,
      switch_id: [...new Set(table.parts.flatMap((part) => part.ref.keyColumns))],
      fields,
      ...aliasesOf(table.schema),
      rows: listing.forEachRow(() => {}),
    });
    return null;
  },
};

/** `{"aliases":{"tx":"PortXmitDataExtended"}}`, empty when no column has another name. */
function aliasesOf({ columns, byName }: TableSchema): { aliases?: Record<string, string> } {
  const aliases = [...byName].filter(([name, at]) => columns[at]!.name !== name);
  if (aliases.length === 0) return {};
  return { aliases: Object.fromEntries(aliases.map(([name, at]) => [name, columns[at]!.name])) };
}
