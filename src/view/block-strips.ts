/**
 * The cells of a block of rows in the kernel's memory: a strip a field, of cells, validity bits and
 * kinds. Rows that lie together in one part are copied as they lie; others one by one.
 */
import { TAG_F64, TAG_I64, TAG_U64, type ColumnKind } from '../model/schema.js';
import { isValid, tagOf, type ColumnView, type SegmentReader } from '../snapshot/reader.js';
import type { BlockRows } from './block-rows.js';
import { BlockTexts } from './block-texts.js';
import {
  encodeKernel,
  FIELD_WORDS,
  FIELDS_AT,
  KIND_MIXED,
  KIND_TEXT,
  STRIPS_AT,
  STRIPS_BYTES,
} from './encode-kernel.js';

/** Rows that a block may span, the most first: as many as have room. Whole words of bits. */
const LANES = [1024, 256, 128, 64];
const LANES_MIN = 32;
const LINE_BYTES = 64;

const KINDS: Readonly<Record<ColumnKind, number>> = {
  f64: TAG_F64,
  i64: TAG_I64,
  u64: TAG_U64,
  text: KIND_TEXT,
  mixed: KIND_MIXED,
};

/** Bytes of a strip. An odd number of cache lines: strips must not all fall on the same ones. */
function strideOf(lanes: number): number {
  const lines = Math.ceil((lanes * 8 + lanes + lanes / 4) / LINE_BYTES);
  return (lines | 1) * LINE_BYTES;
}

/** Rows that blocks of so many fields may span. */
export function lanesOf(fields: number): number {
  return LANES.find((lanes) => strideOf(lanes) * fields <= STRIPS_BYTES) ?? LANES_MIN;
}

export class BlockStrips {
  readonly texts = new BlockTexts();
  lanes = 0;
  #stride = 0;
  readonly #i32 = encodeKernel().i32;
  readonly #u8 = encodeKernel().u8;
  readonly #f64 = encodeKernel().f64;

  /** For another body of so many fields, at most FIELDS_MAX. */
  begin(fields: number, csv: boolean): void {
    this.lanes = lanesOf(fields);
    this.#stride = strideOf(this.lanes);
    this.texts.begin(csv);
    for (let i = 0; i < fields; i++) {
      const record = FIELDS_AT / 4 + i * FIELD_WORDS;
      this.#i32[record + 1] = this.#cellsAt(i);
      this.#i32[record + 2] = this.#validAt(i);
      this.#i32[record + 3] = this.#kindsAt(i);
      this.#i32[record + 6] = this.#changedAt(i);
    }
  }

  #cellsAt(i: number): number {
    return STRIPS_AT + i * this.#stride;
  }

  #validAt(i: number): number {
    return this.#cellsAt(i) + this.lanes * 8;
  }

  #kindsAt(i: number): number {
    return this.#validAt(i) + this.lanes / 8;
  }

  #changedAt(i: number): number {
    return this.#kindsAt(i) + this.lanes;
  }

  #setKind(i: number, kind: number): void {
    this.#i32[FIELDS_AT / 4 + i * FIELD_WORDS] = kind;
  }

  /** No cell of field `i` has a value. */
  clear(i: number): void {
    const valid = this.#validAt(i) >> 2;
    this.#i32.fill(0, valid, valid + this.lanes / 32);
    this.#setKind(i, KIND_MIXED);
  }

  /** No cell of field `i` has changed. */
  clearChanged(i: number): void {
    const changed = this.#changedAt(i) >> 2;
    this.#i32.fill(0, changed, changed + this.lanes / 32);
  }

  markChanged(i: number, lane: number): void {
    this.#i32[(this.#changedAt(i) >> 2) + (lane >> 5)]! |= 1 << (lane & 31);
  }

  /** Field `i` of rows that lie together in one part. */
  copy(i: number, column: ColumnView, reader: SegmentReader, rows: BlockRows): void {
    const { base, span } = rows;
    const to = this.#i32;
    const from = column.i32;
    const valid = this.#validAt(i) >> 2;
    const validFrom = column.validityWord + (base >> 5);
    for (let w = 0; w < span; w += 32) to[valid + (w >> 5)] = from[validFrom + (w >> 5)]!;
    this.#setKind(i, KINDS[column.kind]);
    if (column.kind === 'text') {
      this.texts.putColumn(column, reader, rows, to, this.#cellsAt(i) >> 2);
      return;
    }
    const cell = (column.cell0 + base) * 2;
    to.set(from.subarray(cell, cell + span * 2), this.#cellsAt(i) >> 2);
    if (column.kind !== 'mixed') return;
    const kinds = this.#kindsAt(i);
    for (let r = 0; r < rows.count; r++) this.#u8[kinds + rows.lanes[r]!] = tagOf(column, rows.slots[r]!);
  }

  #putLastText(i: number, lane: number): void {
    const cell = (this.#cellsAt(i) >> 2) + lane * 2;
    this.#i32[cell] = this.texts.at;
    this.#i32[cell + 1] = this.texts.bytes;
  }

  /** Field `i` of row `r` alone. Call `clear` first. */
  gather(i: number, column: ColumnView, reader: SegmentReader, rows: BlockRows, r: number): void {
    const slot = rows.slots[r]!;
    if (!isValid(column, slot)) return;
    const lane = rows.lanes[r]!;
    const { kind } = column;
    this.#mark(i, lane, kind === 'mixed' ? tagOf(column, slot) : KINDS[kind]);
    if (kind === 'text') {
      this.texts.putString(rows.parts[r]!, reader, column.i32[(column.cell0 + slot) * 2]!);
      this.#putLastText(i, lane);
      return;
    }
    const to = (this.#cellsAt(i) >> 2) + lane * 2;
    const from = (column.cell0 + slot) * 2;
    this.#i32[to] = column.i32[from]!;
    this.#i32[to + 1] = column.i32[from + 1]!;
  }

  #mark(i: number, lane: number, kind: number): void {
    this.#i32[(this.#validAt(i) >> 2) + (lane >> 5)]! |= 1 << (lane & 31);
    this.#u8[this.#kindsAt(i) + lane] = kind;
  }

  /** An integer where no column has one. Call `clear` first, as for the next ones. */
  putInteger(i: number, lane: number, isSigned: boolean, high: number, low: number): void {
    this.#mark(i, lane, isSigned ? TAG_I64 : TAG_U64);
    const cell = (this.#cellsAt(i) >> 2) + lane * 2;
    this.#i32[cell] = low;
    this.#i32[cell + 1] = high;
  }

  putDouble(i: number, lane: number, value: number): void {
    this.#mark(i, lane, TAG_F64);
    this.#f64[(this.#cellsAt(i) >> 3) + lane] = value;
  }

  /** The text that `texts` was given last. */
  putText(i: number, lane: number): void {
    this.#mark(i, lane, KIND_TEXT);
    this.#putLastText(i, lane);
  }
}
