/** `{"sw-000":{"cpu_util_pct":34.1,"timestamp":1767268800}}`: the row's time in whole seconds. */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import type { Listing } from './listing.js';
import { writeJsonText } from './text.js';
import { writeSeconds } from './time.js';
import { JSON_TYPE, type View } from './view.js';

const COMMA = 44;
const NOTHING = utf8Bytes('');

export const mapView: View = {
  shape: 'map',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    // The comma stands behind each value: `timestamp` always follows.
    const labels = listing.fields.map(({ name }) => utf8Bytes(`${JSON.stringify(name)}:`));
    out.ascii('{');
    let rows = 0;
    listing.forEachRow(out, (part, slot) => {
      const reader = listing.reader(part);
      if (rows++ > 0) out.byte(COMMA);
      writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      out.ascii(':{');
      for (let i = 0; i < labels.length; i++) {
        out.append(labels[i]!);
        listing.writeJson(out, i, part, slot);
        out.byte(COMMA);
      }
      if (listing.rates?.writeRowStatuses(out, NOTHING)) out.byte(COMMA);
      out.ascii('"timestamp":');
      writeSeconds(out, listing.rowTimeMs(part, slot));
      out.ascii('}');
    });
    out.ascii('}');
    return null;
  },
};
