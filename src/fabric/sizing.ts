/** How big a new segment is made for what a scan has seen. */
import type { ParseReport } from '../model/parse-job.js';
import { ROWS_MAX, STRING_BYTES_MAX } from '../model/limits.js';
import type { ColumnSpec } from '../model/schema.js';
import type { SegmentSpec } from '../snapshot/layout.js';

/** What ran out in the segment before, if anything did: grown by half beyond the need. */
export type Growth = 'slots' | 'keys' | 'strings' | 'string_bytes' | null;

const SLACK = 1.25;
const GROWTH = 1.5;
/** Where keys come and go, growing makes fuller generations rarer; past so many times the rows it ends. */
const GROWN_MAX = 4;
const GROWN_ROWS_MIN = 4096;
/** The same for text that is new in each body: past so many bodies' worth a table does not grow. */
const GROWN_TEXTS_MAX = 8;
const GROWN_TEXT_BYTES_MIN = 1024 * 1024;
const STRINGS_MIN = 4096;
/** Of the text cells, so many are expected to be distinct; a table that runs full is made for all. */
const DISTINCT = 1 / 4;
const STRING_BYTES_MIN = 64 * 1024;

function roundUp(value: number, grain: number): number {
  return Math.ceil(value / grain) * grain;
}

/**
 * Untouched pages of a shared buffer are not resident, so what is filled from its start is sized by
 * its upper bound. An index is touched all over: it is sized by what is likely. `before` is the segment
 * being replaced, null for a source's first.
 */
export function sizeSegment(
  report: ParseReport,
  columns: readonly ColumnSpec[],
  before: SegmentSpec | null,
  growth: Growth,
  baseVersion: number,
): SegmentSpec {
  let textCells = 0;
  let textBytes = 0;
  report.fields.forEach((field, i) => {
    if (columns[i]?.kind !== 'text') return;
    textCells += field.present;
    textBytes += field.textBytes;
  });
  const grow = (what: Growth, current: number | undefined): number =>
    growth === what && current !== undefined ? current * GROWTH : 0;
  const grownRows = Math.min(
    grow('slots', before?.slotCapacity),
    Math.max(GROWN_ROWS_MIN, report.rows * GROWN_MAX),
  );
  const grownKeyBytes = Math.min(
    grow('keys', before?.keyBytesCapacity),
    Math.max(GROWN_ROWS_MIN, report.rows * GROWN_MAX) * Math.ceil(report.keyBytes / Math.max(1, report.rows)),
  );
  const rows = Math.max(report.rows * SLACK + 32, grownRows);
  const keyBytes = Math.max(report.keyBytes * SLACK + 4096, grownKeyBytes);
  const share = growth === 'strings' ? 1 : DISTINCT;
  const grownStrings = Math.min(
    grow('strings', before?.stringCapacity),
    Math.max(STRINGS_MIN * GROWN_TEXTS_MAX, textCells * GROWN_TEXTS_MAX),
  );
  const grownStringBytes = Math.min(
    grow('string_bytes', before?.stringBytesCapacity),
    Math.max(GROWN_TEXT_BYTES_MIN, textBytes * GROWN_TEXTS_MAX),
  );
  const strings = Math.max(textCells * SLACK * share + STRINGS_MIN, grownStrings);
  const stringBytes = Math.max(textBytes * SLACK + STRING_BYTES_MIN, grownStringBytes);
  return {
    columns,
    slotCapacity: Math.min(roundUp(rows, 64), roundUp(ROWS_MAX, 64)),
    keyBytesCapacity: roundUp(keyBytes, 64),
    stringCapacity: roundUp(strings, 64),
    stringBytesCapacity: Math.min(roundUp(stringBytes, 64), STRING_BYTES_MAX),
    baseVersion,
    hasRowTime: report.timeColumn !== null,
  };
}

/** True when what ran out cannot be made bigger: ROWS_MAX and STRING_BYTES_MAX are limits of a source. */
export function isAtCap(growth: Exclude<Growth, null>, spec: SegmentSpec): boolean {
  if (growth === 'slots') return spec.slotCapacity >= ROWS_MAX;
  return growth === 'string_bytes' && spec.stringBytesCapacity >= STRING_BYTES_MAX;
}
