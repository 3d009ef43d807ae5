/**
 * `{"snapshot_id","fields":[...],"switch_ids":[...],"columns":{"cpu_util_pct":[34.1,...]},"total","age_ms"}`:
 * the smallest JSON, and the fastest to make: cells are read in the order in which they lie.
 */
import type { ByteWriter } from './bytes.js';
import { writeHead } from './envelope.js';
import type { Listing } from './listing.js';
import { writeJsonText } from './text.js';
import { JSON_TYPE, type Tail, type View } from './view.js';

const COMMA = 44;
/** Columns from whose size that of the rest is guessed, and how much is added to the guess. */
const SAMPLE_FIELDS = 5;
const SLACK = 1.2;

export const columnsView: View = {
  shape: 'columns',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): Tail {
    writeHead(out, listing);
    out.ascii(',"switch_ids":[');
    const parts: number[] = [];
    const slots: number[] = [];
    const total = listing.forEachRow(out, (part, slot) => {
      const reader = listing.reader(part);
      if (slots.length > 0) out.byte(COMMA);
      writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      parts.push(part);
      slots.push(slot);
    });
    out.ascii('],"columns":{');
    const start = out.at;
    const { fields } = listing;
    fields.forEach(({ name }, i) => {
      if (i === SAMPLE_FIELDS) out.expect(((out.at - start) / i) * (fields.length - i) * SLACK);
      if (i > 0) out.byte(COMMA);
      out.json(name);
      out.ascii(':[');
      for (let row = 0; row < slots.length; row++) {
        if (row > 0) out.byte(COMMA);
        listing.writeJson(out, i, parts[row]!, slots[row]!);
      }
      out.ascii(']');
    });
    out.ascii('}');
    if (listing.rates) {
      out.ascii(',"statuses":');
      listing.rates.writeColumnStatuses(out);
    }
    return { total, aged: true };
  },
};
