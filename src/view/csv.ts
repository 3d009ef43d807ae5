/** Header `switch_id,a,b`, then a line a row: RFC 4180 with CRLF, missing cells empty. */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { writeRows } from './list-rows.js';
import { STATUS_MEMBER, type Listing } from './listing.js';
import { writeCsvText } from './text.js';
import { CSV_TYPE, type View } from './view.js';

const COMMA = utf8Bytes(',');
const NOTHING = utf8Bytes('');
const LINE_END = utf8Bytes('\r\n');

export const csvView: View = {
  shape: 'csv',
  mediaType: CSV_TYPE,
  encode(listing: Listing, out: ByteWriter): null {
    const { fields, rates } = listing;
    out.ascii(listing.selection.idHeader);
    for (const { name, column } of fields) {
      out.append(COMMA);
      const bytes = utf8Bytes(name);
      // `@age_ms` is a name of weft's own, not a formula of a stranger.
      if (column < 0) out.append(bytes);
      else writeCsvText(out, bytes, 0, bytes.length);
    }
    if (rates) out.ascii(`,${STATUS_MEMBER}`);
    out.append(LINE_END);
    const writeStatuses = (out: ByteWriter): void => {
      out.append(COMMA);
      rates?.writeCsvStatuses(out);
    };
    writeRows(out, listing, {
      open: NOTHING,
      isSeparated: false,
      labels: fields.map(() => COMMA),
      writeTail: rates && writeStatuses,
      close: LINE_END,
    });
    return null;
  },
};
