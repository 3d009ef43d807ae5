/** `{"sw-000":{"cpu_util_pct":34.1,"timestamp":1767268800}}`: the row's time in whole seconds. */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { writeRows } from './list-rows.js';
import type { Listing } from './listing.js';
import { writeSeconds } from './time.js';
import { JSON_TYPE, type View } from './view.js';

const COMMA = utf8Bytes(',');
const NOTHING = utf8Bytes('');

export const mapView: View = {
  shape: 'map',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    const { fields, rates } = listing;
    out.ascii('{');
    writeRows(out, listing, {
      open: COMMA,
      isSeparated: true,
      labels: fields.map(({ name }, i) => utf8Bytes(`${i === 0 ? ':{' : ','}${JSON.stringify(name)}:`)),
      writeTail: (out, part, slot) => {
        out.ascii(fields.length === 0 ? ':{' : ',');
        if (rates?.writeRowStatuses(out, NOTHING)) out.ascii(',');
        out.ascii('"timestamp":');
        writeSeconds(out, listing.rowTimeMs(part, slot));
      },
      close: utf8Bytes('}'),
    });
    out.ascii('}');
    return null;
  },
};
