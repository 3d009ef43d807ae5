/** Header `switch_id,a,b`, then a line a row: RFC 4180 with CRLF, missing cells empty. */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { STATUS_MEMBER, type Listing } from './listing.js';
import { writeCsvText } from './text.js';
import { CSV_TYPE, type View } from './view.js';

const COMMA = 44;

function endLine(out: ByteWriter): void {
  out.byte(13);
  out.byte(10);
}

export const csvView: View = {
  shape: 'csv',
  mediaType: CSV_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    out.ascii(listing.selection.idHeader);
    for (const { name, column } of listing.fields) {
      out.byte(COMMA);
      const bytes = utf8Bytes(name);
      // `@age_ms` is a name of weft's own, not a formula of a stranger.
      if (column < 0) out.append(bytes);
      else writeCsvText(out, bytes, 0, bytes.length);
    }
    if (listing.rates) out.ascii(`,${STATUS_MEMBER}`);
    endLine(out);
    listing.forEachRow(out, (part, slot) => {
      const reader = listing.reader(part);
      writeCsvText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      for (let i = 0; i < listing.fields.length; i++) {
        out.byte(COMMA);
        listing.writeCsv(out, i, part, slot);
      }
      if (listing.rates) {
        out.byte(COMMA);
        listing.rates.writeCsvStatuses(out);
      }
      endLine(out);
    });
    return null;
  },
};
