/**
 * Changed cells of rows, a block at a time: `["sw-000",{"cpu_util_pct":34.2}]`. A block in which a good
 * part of the cells changed is written by the kernel, others cell by cell.
 */
import type { SegmentReader } from '../snapshot/reader.js';
import type { BlockRows } from './block-rows.js';
import { lanesOf } from './block-strips.js';
import { utf8Bytes } from './bytes.js';
import {
  ENCODE_CELL,
  ENCODE_DONE,
  FIELDS_MAX,
  OUT_AT,
  P_CLOSE,
  P_FIELD,
  P_FIELD_COUNT,
  P_FIRST,
  P_KEY_BYTES,
  P_NULL_BYTES,
  P_OPEN,
  P_OUT,
  P_OUT_STOP,
  P_QUOTES_BIG,
  P_ROW,
  P_ROW_COUNT,
} from './encode-kernel.js';
import type { FrameCells } from './frame-cells.js';
import type { FrameColumns } from './frame-columns.js';
import type { FrameParts } from './frame-parts.js';
import type { RowWriter } from './frame-rows.js';
import { openWorkshop } from './workshop.js';

const OPEN = utf8Bytes(',[');
const CLOSE = utf8Bytes('}]');
/** What stands around a row beside its key: brackets, braces, the comma between, the one before. */
const AROUND_BYTES = 6;
const NO_STOP = 2 ** 31 - 1;
/** The kernel writes blocks of so many changed cells, and of one cell in so many at least. */
const CELLS_MIN = 64;
const SPARSE = 8;

export class ChangeBlocks {
  readonly #parts: FrameParts;
  readonly #writer: RowWriter;
  readonly #cells: FrameCells;
  readonly #columns: FrameColumns;
  readonly #shop = openWorkshop();
  readonly #int64AsString: boolean;
  #isPrepared = false;
  /** Bytes of the values that the kernel did not write. */
  #handedBack = 0;

  constructor(
    parts: FrameParts,
    writer: RowWriter,
    cells: FrameCells,
    columns: FrameColumns,
    int64AsString: boolean,
  ) {
    this.#parts = parts;
    this.#writer = writer;
    this.#cells = cells;
    this.#columns = columns;
    this.#int64AsString = int64AsString;
    const { rows, changes } = this.#shop;
    rows.begin(lanesOf(columns.columns.length), true, false, false);
    changes.clear();
  }

  add(part: number, slot: number, columns: ArrayLike<number>, count: number): void {
    const { rows, changes } = this.#shop;
    if (!rows.hasRoomFor(part, slot)) this.flush();
    rows.add(part, slot, this.#cells.reader(part));
    changes.add(columns, count);
  }

  /** Writes the rows so far. */
  flush(): void {
    const { rows, changes } = this.#shop;
    if (rows.count === 0) return;
    const fields = this.#columns.columns.length;
    const isDense = changes.count >= CELLS_MIN && changes.count * SPARSE >= rows.count * fields;
    if (isDense && fields <= FIELDS_MAX) this.#writeBlock(rows);
    else this.#writeRows(rows);
    rows.clear();
    changes.clear();
  }

  #writeRows({ count, parts, slots }: BlockRows): void {
    const { columns, ends } = this.#shop.changes;
    let from = 0;
    for (let r = 0; r < count; r++) {
      const end = ends[r]!;
      this.#parts.row();
      this.#writer.writeObject(this.#parts.out, parts[r]!, slots[r]!, columns, end, from);
      from = end;
    }
  }

  #writeBlock(rows: BlockRows): void {
    const { strips, kernel } = this.#shop;
    this.#prepare();
    strips.texts.next();
    rows.setLanes(rows.isTogether);
    this.#fill(rows);
    rows.copyTo(kernel.u8, kernel.i32, (part) => this.#cells.reader(part));
    strips.texts.copyTo(kernel.u8);
    this.#handedBack = 0;
    const bytes = this.#run(rows) + this.#handedBack;
    this.#account(rows, bytes);
  }

  /** What a diff's writer knows of the cells it writes. */
  #account(rows: BlockRows, bytes: number): void {
    const { names } = this.#columns;
    const { columns, count } = this.#shop.changes;
    const writer = this.#writer;
    let nameBytes = 0;
    for (let i = 0; i < count; i++) nameBytes += names[columns[i]!]!.length;
    const commas = count - rows.count;
    const keyBytes = this.#shop.kernel.i32[P_KEY_BYTES]!;
    writer.rows += rows.count;
    writer.cells += count;
    writer.keyBytes += keyBytes;
    writer.valueBytes += bytes - keyBytes - nameBytes - commas - rows.count * AROUND_BYTES;
  }

  /** Once a frame. */
  #prepare(): void {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    const { strips, labels, kernel } = this.#shop;
    const { i32 } = kernel;
    strips.begin(this.#columns.columns.length, false);
    labels.begin();
    labels.put(P_OPEN, OPEN);
    labels.put(P_CLOSE, CLOSE);
    this.#columns.labels.forEach((label, field) => labels.putField(field, label));
    i32[P_FIELD_COUNT] = this.#columns.labels.length;
    i32[P_NULL_BYTES] = 4;
    i32[P_QUOTES_BIG] = this.#int64AsString ? 1 : 0;
  }

  /** Marks the changed cells, and brings them there: whole strips where most of one are needed. */
  #fill(rows: BlockRows): void {
    const { strips, changes } = this.#shop;
    const { fieldOf, columns } = this.#columns;
    const needed = new Int32Array(columns.length);
    for (let i = 0; i < changes.count; i++) needed[fieldOf[changes.columns[i]!]!]!++;
    const views = rows.isTogether ? this.#cells.columnsOf(rows.parts[0]!) : null;
    const reader = this.#cells.reader(rows.parts[0]!);
    for (let field = 0; field < columns.length; field++) {
      strips.clearChanged(field);
      const view = views?.[field];
      const isCopied = view !== undefined && view.kind !== 'text' && needed[field]! * SPARSE >= rows.span;
      if (isCopied) strips.copy(field, view, reader, rows);
      else strips.clear(field);
      needed[field] = isCopied ? 0 : 1;
    }
    this.#gather(rows, needed);
  }

  #gather(rows: BlockRows, gathered: Int32Array): void {
    const { strips, changes } = this.#shop;
    const { fieldOf } = this.#columns;
    let i = 0;
    let part = -1;
    let reader!: SegmentReader;
    for (let r = 0; r < rows.count; r++) {
      if (rows.parts[r] !== part) {
        part = rows.parts[r]!;
        reader = this.#cells.reader(part);
      }
      const views = this.#cells.columnsOf(part);
      for (const end = changes.ends[r]!; i < end; i++) {
        const field = fieldOf[changes.columns[i]!]!;
        strips.markChanged(field, rows.lanes[r]!);
        if (gathered[field] === 0) continue;
        const view = views[field];
        if (view !== undefined) strips.gather(field, view, reader, rows, r);
      }
    }
  }

  /** Returns the bytes that the kernel has written, each row with its comma. */
  #run(rows: BlockRows): number {
    const { functions, i32, u8 } = this.#shop.kernel;
    const parts = this.#parts;
    i32[P_ROW_COUNT] = rows.count;
    i32[P_ROW] = 0;
    i32[P_FIELD] = 0;
    let noted = 0;
    let bytes = 0;
    for (;;) {
      const row = i32[P_ROW]!;
      let skip = 0;
      if (i32[P_FIELD] === 0) {
        parts.wrote(row - noted);
        noted = row;
        if (row < rows.count) parts.cutIfFull();
        skip = parts.isAtStart ? 1 : 0;
      }
      i32[P_OUT] = OUT_AT;
      i32[P_OUT_STOP] = Math.min(NO_STOP, OUT_AT + skip + Math.max(0, parts.untilFull));
      const status = functions.encodeChanges();
      const end = i32[P_OUT]!;
      bytes += end - OUT_AT;
      if (end > OUT_AT) parts.out.bytes(u8, OUT_AT + skip, end);
      if (status === ENCODE_DONE) {
        parts.wrote(rows.count - noted);
        return bytes;
      }
      if (status === ENCODE_CELL) this.#writeHandedBack(rows);
    }
  }

  #writeHandedBack(rows: BlockRows): void {
    const { i32 } = this.#shop.kernel;
    const { out } = this.#parts;
    const [r, field] = [i32[P_ROW]!, i32[P_FIELD]!];
    const label = this.#columns.labels[field]!;
    const before = out.at;
    out.bytes(label, i32[P_FIRST]!, label.length);
    this.#cells.writeCell(out, field, rows.parts[r]!, rows.slots[r]!);
    this.#handedBack += out.at - before;
    i32[P_FIRST] = 0;
    i32[P_FIELD]!++;
  }
}
