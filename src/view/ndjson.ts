/** One row object a line. */
import type { ByteWriter } from './bytes.js';
import { rowObjects } from './envelope.js';
import { writeRows } from './list-rows.js';
import type { Listing } from './listing.js';
import { NDJSON_TYPE, type View } from './view.js';

export const ndjsonView: View = {
  shape: 'ndjson',
  mediaType: NDJSON_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    writeRows(out, listing, rowObjects(listing, '', '\n'));
    return null;
  },
};
