/**
 * Rows to bytes, a block at a time: `open key (label value)* tail close`. The one way from selected
 * rows to a body. Cells are laid out for the kernel, which writes all that it can; what it hands back
 * (a double of 17 digits, a text of many kilobytes) is written here.
 */
import { WeftError } from '../model/errors.js';
import type { ColumnView } from '../snapshot/reader.js';
import type { BlockRows } from './block-rows.js';
import type { ByteWriter } from './bytes.js';
import {
  ENCODE_CELL,
  ENCODE_DONE,
  ENCODE_TAIL,
  FIELDS_MAX,
  OUT_AT,
  P_CLOSE,
  P_FIELD,
  P_FIELD_COUNT,
  P_NULL_BYTES,
  P_OPEN,
  P_OUT,
  P_OUT_STOP,
  P_QUOTES_BIG,
  P_ROW,
  P_ROW_COUNT,
} from './encode-kernel.js';
import type { CellSource, RowFormat } from './row-format.js';
import type { RowSink } from './row-sink.js';
import { openWorkshop } from './workshop.js';

/** Of rows that are fewer, each cell is copied for itself. */
const TOGETHER_MIN = 8;
const NO_STOP = 2 ** 31 - 1;
/** How much is added to a guess of what the rest takes. */
const SLACK = 1.06;

/** Writes the rows of one body. Another one of the same thread may begin when `end` was called, or not at all. */
export class RowBlocks {
  readonly #out: ByteWriter;
  readonly #source: CellSource;
  readonly #format: RowFormat;
  readonly #shop = openWorkshop();
  readonly #start: number;
  #rowsExpected: number;
  readonly #sink: RowSink | null;
  #isFirst: boolean;
  #written = 0;

  /** `rowsExpected`: how many are about to come, 0: nobody knows. `sink`: of `out`, where it is cut into parts. */
  constructor(
    out: ByteWriter,
    source: CellSource,
    format: RowFormat,
    rowsExpected = 0,
    sink: RowSink | null = null,
  ) {
    this.#sink = sink;
    this.#out = out;
    this.#source = source;
    this.#format = format;
    this.#start = out.at;
    this.#rowsExpected = rowsExpected;
    this.#isFirst = format.isSeparated;
    const { strips, rows, labels, kernel } = this.#shop;
    const { i32 } = kernel;
    const fields = format.labels.length;
    if (fields > FIELDS_MAX) {
      throw new WeftError(
        'too_large',
        `cannot write rows of ${fields} columns: the limit is ${FIELDS_MAX}; name fewer`,
      );
    }
    strips.begin(fields, format.csv);
    rows.begin(strips.lanes, format.hasKey, format.csv, format.writeTail !== null);
    labels.begin();
    labels.put(P_OPEN, format.open);
    labels.put(P_CLOSE, format.close);
    for (let i = 0; i < fields; i++) labels.putField(i, format.labels[i]!);
    i32[P_FIELD_COUNT] = fields;
    i32[P_NULL_BYTES] = format.csv ? 0 : 4;
    i32[P_QUOTES_BIG] = format.int64AsString ? 1 : 0;
    i32[P_OUT_STOP] = NO_STOP;
  }

  add(part: number, slot: number): void {
    const { rows } = this.#shop;
    if (!rows.hasRoomFor(part, slot)) this.#flush();
    rows.add(part, slot, this.#source.reader(part));
  }

  /** Call once, when all rows were added. */
  end(): void {
    this.#flush();
  }

  #flush(): void {
    const { rows } = this.#shop;
    this.write(rows);
    rows.clear();
    if (this.#rowsExpected === 0 || this.#written === 0) return;
    const bytesPerRow = (this.#out.at - this.#start) / this.#written;
    this.#out.expect(bytesPerRow * Math.max(0, this.#rowsExpected - this.#written) * SLACK);
    this.#rowsExpected = 0;
  }

  /** A block as a whole. */
  write(rows: BlockRows): void {
    if (rows.count === 0) return;
    const { strips, extras, kernel } = this.#shop;
    strips.texts.next();
    this.#fill(rows);
    extras.fill(this.#source, strips, rows, this.#format.writeTail);
    rows.copyTo(kernel.u8, kernel.i32, (part) => this.#source.reader(part));
    strips.texts.copyTo(kernel.u8);
    this.#run(rows);
    this.#written += rows.count;
  }

  /** The cells of all columns. */
  #fill(rows: BlockRows): void {
    const source = this.#source;
    const isTogether = rows.isTogether && rows.count >= TOGETHER_MIN;
    rows.setLanes(isTogether);
    const part = rows.parts[0]!;
    for (let i = 0; i < this.#format.labels.length; i++) {
      const column = isTogether ? source.columnsOf(part)[i] : undefined;
      if (column === undefined) this.#shop.strips.clear(i);
      else this.#shop.strips.copy(i, column, source.reader(part), rows);
      if (!isTogether) this.#gather(i, rows);
    }
  }

  #gather(i: number, rows: BlockRows): void {
    const { strips } = this.#shop;
    const source = this.#source;
    let part = -1;
    let column: ColumnView | undefined;
    for (let r = 0; r < rows.count; r++) {
      if (rows.parts[r] !== part) {
        part = rows.parts[r]!;
        column = source.columnsOf(part)[i];
      }
      if (column !== undefined) strips.gather(i, column, source.reader(part), rows, r);
    }
  }

  #run(rows: BlockRows): void {
    const { functions, i32 } = this.#shop.kernel;
    const sink = this.#sink;
    i32[P_ROW_COUNT] = rows.count;
    i32[P_ROW] = 0;
    i32[P_FIELD] = 0;
    let noted = 0;
    for (;;) {
      if (sink !== null) noted = this.#atRow(sink, rows, noted);
      i32[P_OUT] = OUT_AT;
      const status = this.#format.hasKey ? functions.encodeRows() : functions.encodeColumn();
      this.#take(i32[P_OUT]!);
      if (status === ENCODE_DONE) {
        sink?.wrote(rows.count - noted);
        return;
      }
      if (status === ENCODE_TAIL) rows.writeTail(this.#out, i32[P_ROW]!);
      else if (status === ENCODE_CELL) this.#handedBack(rows);
    }
  }

  /** Says how many rows are out, and makes the kernel stop where the part is full. Returns how many were said. */
  #atRow(sink: RowSink, rows: BlockRows, noted: number): number {
    const { i32 } = this.#shop.kernel;
    const row = i32[P_ROW]!;
    if (i32[P_FIELD] === 0) {
      sink.wrote(row - noted);
      if (row < rows.count) sink.cutIfFull();
      this.#isFirst = sink.isAtStart;
    }
    i32[P_OUT_STOP] = Math.min(NO_STOP, OUT_AT + (this.#isFirst ? 1 : 0) + Math.max(0, sink.untilFull));
    return i32[P_FIELD] === 0 ? row : noted;
  }

  #take(end: number): void {
    const from = this.#isFirst && end > OUT_AT ? OUT_AT + 1 : OUT_AT;
    if (end > OUT_AT) this.#isFirst = false;
    this.#out.bytes(this.#shop.kernel.u8, from, end);
  }

  #handedBack(rows: BlockRows): void {
    const { i32 } = this.#shop.kernel;
    const [r, field] = [i32[P_ROW]!, i32[P_FIELD]!];
    const label = this.#format.labels[field]!;
    this.#out.bytes(label, this.#isFirst ? 1 : 0, label.length);
    this.#isFirst = false;
    this.#source.writeCell(this.#out, field, rows.parts[r]!, rows.slots[r]!);
    if (this.#format.hasKey) i32[P_FIELD]!++;
    else i32[P_ROW]!++;
  }
}
