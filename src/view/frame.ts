/**
 * Frames of live subscriptions as bytes: a snapshot of a selection, or what changed in it. Pure:
 * runs on main for small frames and in workers for the others. Beginnings are added per client.
 */
import { changeSets, type SinceVersions } from '../fabric/changes.js';
import type { Table, TableRef } from '../fabric/table.js';
import { WeftError, type ErrorCode } from '../model/errors.js';
import type { RateView } from '../model/rates.js';
import { ChangeBlocks } from './change-blocks.js';
import { arrayFormat, FrameCells } from './frame-cells.js';
import { frameColumns, type FrameColumns } from './frame-columns.js';
import { DiffWriter } from './frame-diff.js';
import { FrameParts, type FrameLimits } from './frame-parts.js';
import { RowWriter } from './frame-rows.js';
import { FrameSelected } from './frame-selected.js';
import type { FrameSelection } from './frame-selection.js';
import { RateFields } from './rate-fields.js';
import { RowBlocks } from './row-blocks.js';
import type { RowMembers } from './row-members.js';

/** One job of `encodeFrames`, as it crosses threads. The banks are pinned. */
export interface FramesTask {
  readonly table: TableRef;
  readonly orders: readonly FrameOrder[];
}

/** One frame of a job. */
export interface FrameOrder {
  readonly selection: FrameSelection;
  readonly since: FrameSince | null;
  readonly limits: FrameLimits;
  /** Names the selection among all of this process; absent: nothing is kept for the next frame of it. */
  readonly key?: string;
}

/** The state that a diff leads from. */
export interface FrameSince {
  /** Of the table's schema. */
  readonly versions: SinceVersions;
  /** The rows of the slice then; null for selections that are no slice, and when that is now. */
  readonly members: RowMembers | null;
}

export interface EncodedFrame {
  readonly ok: true;
  /** `snapshot` also for a diff that would have been larger. */
  readonly kind: 'snapshot' | 'diff';
  /** Each with a buffer of its own. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  /** Cells written. */
  readonly changedCells: number;
  /** Rows written, removed ones included. */
  readonly rows: number;
  /** A diff without changes; it still has its one part. */
  readonly empty: boolean;
  /** The rows of the slice now, for the diff from here; null for selections that are no slice. */
  readonly members: RowMembers | null;
}

export interface FrameRefusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}

export type FrameResult = EncodedFrame | FrameRefusal;

/**
 * Diffs so short are never replaced: the few bytes are lost among the headers of a packet, and a
 * subscriber of one cell can expect to see diffs.
 */
const DENSE_BYTES_MIN = 256;
/** A diff is compared with its snapshot, byte for byte, once it is this much of the estimate. */
const COMPARE_RATIO = 0.7;
/** Shorter snapshots are written cell by cell: a block is not for nothing. */
const BLOCK_CELLS_MIN = 64;
/** Of a snapshot's beginning without its fields, about. */
const HEAD_BYTES = 50;

/**
 * The frame that brings a client to `table`: from nothing when `since` is null, else from those
 * versions of the same schema. Selected columns that do not exist are left out. Never throws for
 * what a client can cause: refusals (`too_large`) are values.
 */
export function encodeFrame(
  table: Table,
  selection: FrameSelection,
  since: FrameSince | null,
  limits: FrameLimits,
  key?: string,
): FrameResult {
  try {
    const encoder = new FrameEncoder(table, selection, limits, key);
    return since ? encoder.diff(since) : encoder.snapshot();
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}

/** Each of several frames, in their order. */
export function encodeFrames(table: Table, orders: readonly FrameOrder[]): FrameResult[] {
  return orders.map(({ selection, since, limits, key }) => encodeFrame(table, selection, since, limits, key));
}

class FrameEncoder {
  readonly #table: Table;
  readonly #columns: FrameColumns;
  readonly #rows: FrameSelected;
  readonly #int64AsString: boolean;
  readonly #limits: FrameLimits;
  readonly #view: RateView | null;

  constructor(table: Table, selection: FrameSelection, limits: FrameLimits, key: string | undefined) {
    this.#table = table;
    this.#columns = frameColumns(table.schema, selection, key);
    this.#rows = new FrameSelected(table, selection, key);
    this.#int64AsString = selection.int64AsString;
    this.#limits = limits;
    this.#view = selection.view;
    // Counting the rows of a prefix is a look at every key: not where no count can be too large.
    if (this.#cellsOf(this.#rows.most) > limits.cellsMax) this.#checkCells(this.#rows.count);
  }

  #cellsOf(rows: number): number {
    return rows * Math.max(1, this.#columns.columns.length);
  }

  #checkCells(rows: number): void {
    const cells = this.#cellsOf(rows);
    if (cells <= this.#limits.cellsMax) return;
    throw new WeftError(
      'too_large',
      `cannot send a selection of ${cells} cells: the limit is ${this.#limits.cellsMax} (MAX_FRAME_CELLS); ` +
        'select fewer switches or metrics',
    );
  }

  #rowWriter(): RowWriter {
    const table = this.#table;
    const view = this.#view;
    const int64AsString = this.#int64AsString;
    const { columns, names, fields } = this.#columns;
    if (view === null) return new RowWriter(table, columns, int64AsString, names);
    const named = columns.map((column, i) => ({ name: fields[i]!, column }));
    return new RowWriter(
      table,
      columns,
      int64AsString,
      names,
      new RateFields(table, view, named, int64AsString),
    );
  }

  snapshot(): EncodedFrame {
    const head = `"snapshot_id":${JSON.stringify(this.#table.snapshotId)},"fields":${this.#columns.json},"rows":[`;
    const parts = new FrameParts(head, false, this.#limits);
    const isShort = this.#cellsOf(this.#rows.most) < BLOCK_CELLS_MIN;
    const rows = this.#view !== null || isShort ? this.#writeArrays(parts) : this.#writeBlocks(parts);
    const changedCells = rows * this.#columns.columns.length;
    const { members } = this.#rows;
    return { ok: true, kind: 'snapshot', parts: parts.finish(), changedCells, rows, empty: false, members };
  }

  /** Row by row. */
  #writeArrays(parts: FrameParts): number {
    const writer = this.#rowWriter();
    this.#rows.forEach((part, slot) => {
      parts.row();
      writer.writeArray(parts.out, part, slot);
    });
    return writer.rows;
  }

  #writeBlocks(parts: FrameParts): number {
    const cells = new FrameCells(this.#table, this.#columns, this.#int64AsString);
    const format = arrayFormat(this.#columns, this.#int64AsString);
    const blocks = new RowBlocks(parts.out, cells, format, 0, parts);
    let rows = 0;
    this.#rows.forEach((part, slot) => {
      blocks.add(part, slot);
      rows++;
    });
    blocks.end();
    return rows;
  }

  #diffWriter(): DiffWriter {
    const head = `"snapshot_id":${JSON.stringify(this.#table.snapshotId)},"changes":[`;
    const columns = this.#columns;
    const parts = new FrameParts(head, true, this.#limits);
    const writer = this.#rowWriter();
    const int64AsString = this.#int64AsString;
    const cells = this.#view === null ? new FrameCells(this.#table, columns, int64AsString) : null;
    const blocks = cells && new ChangeBlocks(parts, writer, cells, columns, int64AsString);
    return new DiffWriter(parts, writer, columns.columns, blocks, (writer) => this.#snapshotBytes(writer));
  }

  diff({ versions, members }: FrameSince): EncodedFrame {
    const sets = changeSets(this.#table, versions);
    if (!sets) throw new Error('BUG: a diff from versions that the change ring no longer reaches');
    const { columns } = this.#columns;
    const changes = this.#diffWriter();
    this.#rows.visitChanges({ sets, members }, columns, changes);
    changes.end();
    const { parts, writer, givenUp } = changes;
    if (!givenUp) {
      const bytes = parts.byteLength;
      const encoded: EncodedFrame = {
        ok: true,
        kind: 'diff',
        parts: parts.finish(),
        changedCells: writer.cells,
        rows: writer.rows,
        empty: writer.rows === 0,
        members: this.#rows.members,
      };
      if (bytes <= DENSE_BYTES_MIN || bytes <= COMPARE_RATIO * this.#snapshotBytes(writer)) return encoded;
      const snapshot = this.snapshot();
      return byteLengthOf(snapshot) < byteLengthOf(encoded) ? snapshot : encoded;
    }
    return this.snapshot();
  }

  /** Size of the snapshot instead, judged by the rows and cells that the diff has written. */
  #snapshotBytes({ rows, cells, keyBytes, valueBytes }: RowWriter): number {
    const key = rows === 0 ? 8 : keyBytes / rows;
    const value = cells === 0 ? 4 : valueBytes / cells;
    const { columns, nameBytes } = this.#columns;
    return HEAD_BYTES + nameBytes + this.#rows.count * (key + 3 + columns.length * (value + 1));
  }
}

function byteLengthOf({ parts }: EncodedFrame): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
