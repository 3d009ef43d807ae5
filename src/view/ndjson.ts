/** One row object a line. */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { fieldLabels, writeRowObject } from './envelope.js';
import type { Listing } from './listing.js';
import { NDJSON_TYPE, type View } from './view.js';

const NEWLINE = 10;

export const ndjsonView: View = {
  shape: 'ndjson',
  mediaType: NDJSON_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    const labels = fieldLabels(listing);
    const open = utf8Bytes(`{"${listing.selection.idHeader}":`);
    listing.forEachRow(out, (part, slot) => {
      writeRowObject(out, listing, labels, open, part, slot);
      out.byte(NEWLINE);
    });
    return null;
  },
};
