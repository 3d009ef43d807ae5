/**
 * One cell as JSON, as CSV or as plain text. Missing is missing: `null` in JSON and in plain text,
 * nothing in CSV. Numbers are those of digits.ts; text is copied from the table's UTF-8 bytes.
 */
import { TAG_F64, TAG_U64, type ColumnKind } from '../model/schema.js';
import { isValid, tagOf, type ColumnView, type SegmentReader } from '../snapshot/reader.js';
import type { ByteWriter } from './bytes.js';
import { isBeyondDouble, NUMBER_BYTES_MAX, putF64, putI64, putU64 } from './digits.js';
import { writeCsvText, writeJsonText } from './text.js';

const QUOTE = 34;

/** The kind of one cell: that of its column, or what its tag says. */
function cellKind(column: ColumnView, slot: number): Exclude<ColumnKind, 'mixed'> {
  if (column.kind !== 'mixed') return column.kind;
  const tag = tagOf(column, slot);
  if (tag === TAG_F64) return 'f64';
  return tag === TAG_U64 ? 'u64' : 'i64';
}

function writeNull(out: ByteWriter): void {
  out.reserve(4);
  const { u8, at } = out;
  u8[at] = 110;
  u8[at + 1] = 117;
  u8[at + 2] = 108;
  u8[at + 3] = 108;
  out.at = at + 4;
}

/** Digits of a valid cell that is not text. `quoteBig`: integers beyond 2^53 in quotes. */
function writeNumber(
  out: ByteWriter,
  column: ColumnView,
  kind: 'i64' | 'u64' | 'f64',
  slot: number,
  quoteBig: boolean,
): void {
  out.reserve(NUMBER_BYTES_MAX);
  const u8 = out.u8;
  const cell = column.cell0 + slot;
  if (kind === 'f64') {
    out.at = putF64(u8, out.at, column.f64[cell]!);
    return;
  }
  const low = column.i32[cell * 2]!;
  const high = column.i32[cell * 2 + 1]!;
  const signed = kind === 'i64';
  const quoted = quoteBig && isBeyondDouble(high, low, signed);
  let at = out.at;
  if (quoted) u8[at++] = QUOTE;
  at = signed ? putI64(u8, at, high, low) : putU64(u8, at, high >>> 0, low >>> 0);
  if (quoted) u8[at++] = QUOTE;
  out.at = at;
}

/** A cell as a JSON value. `column` undefined: the row's part lacks the column. */
export function writeJsonCell(
  out: ByteWriter,
  reader: SegmentReader,
  column: ColumnView | undefined,
  slot: number,
  int64AsString: boolean,
): void {
  if (column === undefined || !isValid(column, slot)) {
    writeNull(out);
    return;
  }
  const kind = cellKind(column, slot);
  if (kind === 'text') {
    const id = column.i32[(column.cell0 + slot) * 2]!;
    writeJsonText(out, reader.u8, reader.stringStart(id), reader.stringLength(id));
  } else if (kind === 'f64' && !Number.isFinite(column.f64[column.cell0 + slot]!)) {
    // Never stored by the parser; whatever else may write a segment, JSON has no such number.
    writeNull(out);
  } else writeNumber(out, column, kind, slot, int64AsString);
}

/** A cell as a CSV field. */
export function writeCsvCell(
  out: ByteWriter,
  reader: SegmentReader,
  column: ColumnView | undefined,
  slot: number,
): void {
  if (column === undefined || !isValid(column, slot)) return;
  const kind = cellKind(column, slot);
  if (kind === 'text') {
    const id = column.i32[(column.cell0 + slot) * 2]!;
    writeCsvText(out, reader.u8, reader.stringStart(id), reader.stringLength(id));
  } else if (kind !== 'f64' || Number.isFinite(column.f64[column.cell0 + slot]!)) {
    writeNumber(out, column, kind, slot, false);
  }
}

/** A cell as bare text: digits, the text as it is, or `null`. */
export function writePlainCell(
  out: ByteWriter,
  reader: SegmentReader,
  column: ColumnView | undefined,
  slot: number,
): void {
  if (column && column.kind === 'text' && isValid(column, slot)) {
    const id = column.i32[(column.cell0 + slot) * 2]!;
    const start = reader.stringStart(id);
    out.bytes(reader.u8, start, start + reader.stringLength(id));
  } else writeJsonCell(out, reader, column, slot, false);
}
