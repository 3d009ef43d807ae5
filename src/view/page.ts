/**
 * `{"items":[{"switch_id","metric_name","value","timestamp"}],"metrics":[same],"total","limit","offset"}`:
 * one metric, by switch id. Clients of the earlier system read `items` or `metrics`; both are there.
 */
import { type ByteWriter, utf8Bytes } from './bytes.js';
import type { Listing } from './listing.js';
import { writeJsonText } from './text.js';
import { writeIsoTime } from './time.js';
import { JSON_TYPE, type Tail, type View } from './view.js';

export const pageView: View = {
  shape: 'page',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): Tail {
    const { offset, limit } = listing.selection;
    const between = utf8Bytes(`,"metric_name":${JSON.stringify(listing.fields[0]?.name ?? '')},"value":`);
    out.ascii('{"items":[');
    const start = out.at;
    const total = listing.forEachRow(out, (part, slot) => {
      const reader = listing.reader(part);
      out.ascii(out.at === start ? '{"switch_id":' : ',{"switch_id":');
      writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      out.append(between);
      listing.writeJson(out, 0, part, slot);
      if (listing.rates?.has(0)) {
        out.ascii(`,"status":"${listing.rates.lastStatus}"`);
        listing.rates.forget();
      }
      out.ascii(',"timestamp":');
      writeIsoTime(out, listing.rowTimeMs(part, slot), true);
      out.ascii('}');
    });
    const end = out.at;
    out.ascii('],"metrics":[');
    out.reserve(end - start);
    out.bytes(out.u8, start, end);
    out.ascii(`],"total":${total},"limit":${limit ?? total},"offset":${offset}`);
    return { total, aged: false };
  },
};
