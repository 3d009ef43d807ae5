/**
 * `{"items":[{"switch_id","metric_name","value","timestamp"}],"metrics":[same],"total","limit","offset"}`:
 * one metric, by switch id. Clients of the earlier system read `items` or `metrics`; both are there.
 */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { writeRows } from './list-rows.js';
import type { Listing } from './listing.js';
import { writeIsoTime } from './time.js';
import { JSON_TYPE, type Tail, type View } from './view.js';

export const pageView: View = {
  shape: 'page',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): Tail {
    const { offset, limit } = listing.selection;
    const { rates } = listing;
    const name = JSON.stringify(listing.fields[0]?.name ?? '');
    out.ascii('{"items":[');
    const start = out.at;
    const total = writeRows(out, listing, {
      open: utf8Bytes(',{"switch_id":'),
      isSeparated: true,
      labels: [utf8Bytes(`,"metric_name":${name},"value":`)],
      writeTail: (out, part, slot) => {
        if (rates?.has(0)) out.ascii(`,"status":"${rates.takeStatus()}"`);
        out.ascii(',"timestamp":');
        writeIsoTime(out, listing.rowTimeMs(part, slot), true);
      },
      close: utf8Bytes('}'),
    });
    const end = out.at;
    out.ascii('],"metrics":[');
    out.reserve(end - start);
    out.bytes(out.u8, start, end);
    out.ascii(`],"total":${total},"limit":${limit ?? total},"offset":${offset}`);
    return { total, aged: false };
  },
};
