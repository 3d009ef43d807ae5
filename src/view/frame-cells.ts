/** The cells of frames, as blocks of rows take them. */
import type { Table } from '../fabric/table.js';
import { bug } from '../model/errors.js';
import type { ColumnView, SegmentReader } from '../snapshot/reader.js';
import { utf8Bytes, type ByteWriter } from './bytes.js';
import { writeJsonCell } from './cell.js';
import type { FrameColumns } from './frame-columns.js';
import type { CellSource, RowFormat } from './row-format.js';

const OPEN = utf8Bytes(',[');
const CLOSE = utf8Bytes(']');
const COMMA = utf8Bytes(',');

/** `,["sw-000",34.1,null]` */
export function arrayFormat({ columns }: FrameColumns, int64AsString: boolean): RowFormat {
  return {
    open: OPEN,
    isSeparated: true,
    hasKey: true,
    labels: columns.map(() => COMMA),
    writeTail: null,
    close: CLOSE,
    csv: false,
    int64AsString,
  };
}

export class FrameCells implements CellSource {
  readonly extras = [];
  readonly #table: Table;
  readonly #columns: readonly number[];
  readonly #int64AsString: boolean;
  /** Per part, once it was needed. */
  readonly #views: (readonly (ColumnView | undefined)[] | undefined)[] = [];

  constructor(table: Table, { columns }: FrameColumns, int64AsString: boolean) {
    this.#table = table;
    this.#columns = columns;
    this.#int64AsString = int64AsString;
  }

  reader(part: number): SegmentReader {
    return this.#table.parts[part]!.reader;
  }

  columnsOf(part: number): readonly (ColumnView | undefined)[] {
    return (this.#views[part] ??= this.#columns.map((column) => this.#table.columnView(column, part)));
  }

  putTogether(): null {
    return null;
  }

  putExtra(): void {
    bug('a frame of values has no extras');
  }

  writeCell(out: ByteWriter, field: number, part: number, slot: number): void {
    writeJsonCell(out, this.reader(part), this.columnsOf(part)[field], slot, this.#int64AsString);
  }
}
