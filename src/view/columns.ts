/**
 * `{"snapshot_id","fields":[...],"switch_ids":[...],"columns":{"cpu_util_pct":[34.1,...]},"total","age_ms"}`:
 * the smallest JSON, and the fastest to make: cells are read in the order in which they lie.
 */
import { BlockRows } from './block-rows.js';
import { type ByteWriter, utf8Bytes } from './bytes.js';
import { writeHead } from './envelope.js';
import type { Listing } from './listing.js';
import { RowBlocks } from './row-blocks.js';
import type { CellSource } from './row-format.js';
import { writeJsonText } from './text.js';
import { JSON_TYPE, type Tail, type View } from './view.js';

const COMMA = 44;
const NOTHING = utf8Bytes('');
/** Values with commas between them. */
const VALUES = {
  open: NOTHING,
  isSeparated: true,
  hasKey: false,
  labels: [utf8Bytes(',')],
  writeTail: null,
  close: NOTHING,
  csv: false,
};
/** Columns from whose size that of the rest is guessed, and how much is added to the guess. */
const SAMPLE_FIELDS = 5;
const SLACK = 1.2;

/** One field of a listing: rows of one cell. */
function fieldOf(listing: Listing, field: number): CellSource {
  return {
    extras: listing.extras.includes(field) ? [0] : [],
    reader: (part) => listing.reader(part),
    columnsOf: (part) => [listing.columnsOf(part)[field]],
    putTogether: (strips, strip, rows) => listing.putTogether(strips, field, rows, strip),
    putExtra: (strips, strip, lane, part, slot) => listing.putExtra(strips, field, lane, part, slot, strip),
    writeCell: (out, _, part, slot) => listing.writeCell(out, field, part, slot),
  };
}

function writeField(out: ByteWriter, listing: Listing, field: number, blocks: readonly BlockRows[]): void {
  const { int64AsString } = listing.selection;
  const writer = new RowBlocks(out, fieldOf(listing, field), { ...VALUES, int64AsString });
  for (const rows of blocks) writer.write(rows);
}

export const columnsView: View = {
  shape: 'columns',
  mediaType: JSON_TYPE,
  encode(listing: Listing, out: ByteWriter): Tail {
    writeHead(out, listing);
    out.ascii(',"switch_ids":[');
    const blocks: BlockRows[] = [];
    const total = listing.forEachRow((part, slot) => {
      const reader = listing.reader(part);
      if (blocks.length > 0) out.byte(COMMA);
      writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      if (!blocks.at(-1)?.hasRoomFor(part, slot)) blocks.push(new BlockRows());
      blocks.at(-1)!.add(part, slot, reader);
    });
    out.ascii('],"columns":{');
    const start = out.at;
    const { fields } = listing;
    fields.forEach(({ name }, i) => {
      if (i === SAMPLE_FIELDS) out.expect(((out.at - start) / i) * (fields.length - i) * SLACK);
      if (i > 0) out.byte(COMMA);
      out.json(name);
      out.ascii(':[');
      writeField(out, listing, i, blocks);
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
