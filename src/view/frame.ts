/**
 * Frames of live subscriptions as bytes: a snapshot of a selection, or what changed in it. Pure:
 * runs on main for small frames and in workers for the others. Beginnings are added per client.
 */
import { changeSets, type SinceVersions } from '../fabric/changes.js';
import type { Table, TableRef } from '../fabric/table.js';
import { WeftError, type ErrorCode } from '../model/errors.js';
import { ALL_ROWS, visitSlice } from '../query/slice.js';
import type { RateView } from '../model/rates.js';
import type { RowSelector } from '../query/selector.js';
import { visitSelected } from './frame-changes.js';
import { DiffWriter } from './frame-diff.js';
import { FrameParts, type FrameLimits } from './frame-parts.js';
import { fieldNames, RowWriter } from './frame-rows.js';
import {
  selectedColumns,
  selectedFields,
  sliceOf,
  STATUS_FIELD,
  type FrameSelection,
} from './frame-selection.js';
import { SliceRows } from './frame-slice.js';
import { RateFields } from './rate-fields.js';
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
): FrameResult {
  try {
    const encoder = new FrameEncoder(table, selection, limits);
    return since ? encoder.diff(since) : encoder.snapshot();
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}

/** Each of several frames, in their order. */
export function encodeFrames(table: Table, orders: readonly FrameOrder[]): FrameResult[] {
  return orders.map(({ selection, since, limits }) => encodeFrame(table, selection, since, limits));
}

class FrameEncoder {
  readonly #table: Table;
  readonly #columns: readonly number[];
  /** Of the columns, as they were asked for. */
  readonly #fields: readonly string[];
  readonly #names: readonly Uint8Array[];
  readonly #rows: RowSelector | null;
  /** null: keys alone decide which rows these are. */
  readonly #slice: SliceRows | null;
  #rowsCounted: number | null = null;
  readonly #int64AsString: boolean;
  readonly #limits: FrameLimits;
  readonly #view: RateView | null;

  constructor(table: Table, selection: FrameSelection, limits: FrameLimits) {
    this.#table = table;
    this.#columns = selectedColumns(table.schema, selection);
    this.#fields = selectedFields(table.schema, selection);
    this.#names = fieldNames(table.schema, this.#columns, this.#fields);
    this.#rows = selection.rows;
    this.#int64AsString = selection.int64AsString;
    this.#limits = limits;
    this.#view = selection.view;
    const slice = sliceOf(selection);
    this.#slice = slice && new SliceRows(table, slice);
    // Counting the rows of a prefix is a look at every key: not where no count can be too large.
    const most = this.#slice?.count ?? rowsMost(table, selection.rows);
    if (this.#cellsOf(most) > limits.cellsMax) this.#checkCells(this.#rowCount);
  }

  get #rowCount(): number {
    return (this.#rowsCounted ??= this.#slice?.count ?? countRows(this.#table, this.#rows));
  }

  #forEachRow(visit: (part: number, slot: number) => void): void {
    if (this.#slice) this.#slice.forEach(visit);
    else visitSlice(this.#table, { ...ALL_ROWS, rows: this.#rows }, visit);
  }

  #cellsOf(rows: number): number {
    return rows * Math.max(1, this.#columns.length);
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
    if (view === null) return new RowWriter(table, this.#columns, int64AsString, this.#names);
    const fields = this.#columns.map((column, i) => ({ name: this.#fields[i]!, column }));
    const rates = new RateFields(table, view, fields, int64AsString);
    return new RowWriter(table, this.#columns, int64AsString, this.#names, rates);
  }

  #snapshotHead(): string {
    const fields = JSON.stringify(this.#view ? [...this.#fields, STATUS_FIELD] : this.#fields);
    return `"snapshot_id":${JSON.stringify(this.#table.snapshotId)},"fields":${fields},"rows":[`;
  }

  snapshot(): EncodedFrame {
    const parts = new FrameParts(this.#snapshotHead(), false, this.#limits);
    const writer = this.#rowWriter();
    this.#forEachRow((part, slot) => {
      parts.row();
      writer.writeArray(parts.out, part, slot);
      if (writer.cells > this.#limits.cellsMax) this.#checkCells(writer.rows);
    });
    const { cells: changedCells, rows } = writer;
    const members = this.#slice?.members ?? null;
    return { ok: true, kind: 'snapshot', parts: parts.finish(), changedCells, rows, empty: false, members };
  }

  diff({ versions, members }: FrameSince): EncodedFrame {
    const sets = changeSets(this.#table, versions);
    if (!sets) throw new Error('BUG: a diff from versions that the change ring no longer reaches');
    const head = `"snapshot_id":${JSON.stringify(this.#table.snapshotId)},"changes":[`;
    const changes = new DiffWriter(new FrameParts(head, true, this.#limits), this.#rowWriter(), (writer) =>
      this.#snapshotBytes(writer),
    );
    if (!this.#slice) visitSelected(this.#table, sets, this.#columns, this.#rows, changes);
    else if (members) this.#slice.visitChanges({ members, sets }, this.#view ? null : this.#columns, changes);
    else if (sets.some((set) => set !== null)) throw new Error('BUG: a diff of a slice, its rows unknown');
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
        members: this.#slice?.members ?? null,
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
    const head = this.#columns.reduce((sum, column) => sum + this.#names[column]!.length, HEAD_BYTES);
    return head + this.#rowCount * (key + 3 + this.#columns.length * (value + 1));
  }
}

/** Selected rows. */
function countRows(table: Table, rows: RowSelector | null): number {
  return rows ? visitSlice(table, { ...ALL_ROWS, rows }, () => {}) : table.rowsTotal;
}

/** No selection has more rows. */
function rowsMost(table: Table, rows: RowSelector | null): number {
  return rows && rows.prefixes.length === 0 ? rows.exact.length : table.rowsTotal;
}

function byteLengthOf({ parts }: EncodedFrame): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
