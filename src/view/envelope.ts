/** `{"snapshot_id","fields":[...],"items":[{"switch_id":"sw-000","cpu_util_pct":34.1},...],"total":64,"age_ms":812}` */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { writeJsonCell } from './cell.js';
import type { Listing } from './listing.js';
import { writeJsonText } from './text.js';
import { JSON_TYPE, type Tail, type View } from './view.js';

const ROW_END = 125;
const COMMA = utf8Bytes(',');

/** `,"name":` of each field: what stands before its value in a row object. */
export function fieldLabels(listing: Listing): Uint8Array[] {
  return listing.fields.map(({ name }) => utf8Bytes(`,${JSON.stringify(name)}:`));
}

/** `{"switch_id":"sw-000","cpu_util_pct":34.1}`; `open` is all before the key's text. */
export function writeRowObject(
  out: ByteWriter,
  listing: Listing,
  labels: readonly Uint8Array[],
  open: Uint8Array,
  part: number,
  slot: number,
): void {
  const reader = listing.reader(part);
  out.append(open);
  writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
  const columns = listing.columnsOf(part);
  const { int64AsString } = listing.selection;
  for (let i = 0; i < labels.length; i++) {
    out.append(labels[i]!);
    const column = columns[i];
    if (column !== undefined) writeJsonCell(out, reader, column, slot, int64AsString);
    else listing.writeAbsentJson(out, i, part, slot);
  }
  listing.rates?.writeRowStatuses(out, COMMA);
  out.byte(ROW_END);
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
    const labels = fieldLabels(listing);
    const first = utf8Bytes(`{"${listing.selection.idHeader}":`);
    const next = utf8Bytes(`,{"${listing.selection.idHeader}":`);
    writeHead(out, listing);
    out.ascii(',"items":[');
    let open = first;
    const total = listing.forEachRow(out, (part, slot) => {
      writeRowObject(out, listing, labels, open, part, slot);
      open = next;
    });
    out.ascii(']');
    return { total, aged: true };
  },
};
