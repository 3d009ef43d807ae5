/** `{"snapshot_id","fields":[...],"items":[{"switch_id":"sw-000","cpu_util_pct":34.1},...],"total":64,"age_ms":812}` */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import type { Listing } from './listing.js';
import { writeRows, type ListFormat } from './list-rows.js';
import { JSON_TYPE, type Tail, type View } from './view.js';

const COMMA = utf8Bytes(',');

/** `{"switch_id":"sw-000","cpu_util_pct":34.1}`: `before` the first brace and `behind` the last one. */
export function rowObjects(listing: Listing, before: string, behind: string): ListFormat {
  const { rates } = listing;
  return {
    open: utf8Bytes(`${before}{"${listing.selection.idHeader}":`),
    isSeparated: before !== '',
    labels: listing.fields.map(({ name }) => utf8Bytes(`,${JSON.stringify(name)}:`)),
    writeTail: rates && ((out) => void rates.writeRowStatuses(out, COMMA)),
    close: utf8Bytes(`}${behind}`),
  };
}

/** `{"snapshot_id":"k3f9-42","fields":["cpu_util_pct"]`, what envelope and columns begin with. */
export function writeHead(out: ByteWriter, listing: Listing): void {
  out.ascii('{"snapshot_id":');
  out.json(listing.table.snapshotId);
  out.ascii(',"fields":');
  out.json(listing.fields.map((field) => field.name));
}

export const envelopeView: View = {
  shape: 'envelope',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): Tail {
    writeHead(out, listing);
    out.ascii(',"items":[');
    const total = writeRows(out, listing, rowObjects(listing, ',', ''));
    out.ascii(']');
    return { total, aged: true };
  },
};
