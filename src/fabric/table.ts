/**
 * One fabric version as a table: the pinned banks of all sources, merged. Immutable; main makes one
 * at each publish, a worker makes one for a job. Rows are addressed by part (a source's segment)
 * and slot.
 *
 * A key held by several parts is one row, served from the newest sample (ties: the earlier part),
 * and stands where the first part that holds it stands. Columns are the union, in part order; a
 * column absent from a row's part is missing there.
 */
import { bug } from '../model/errors.js';
import type { SourceNames } from '../model/guid.js';
import { widerKind, type ColumnKind } from '../model/schema.js';
import type { SegmentRef } from '../snapshot/layout.js';
import { MergeIndex, type MergeRef } from '../snapshot/merge-index.js';
import { SegmentReader, type BankView, type ColumnView } from '../snapshot/reader.js';
import { newestOf, standsIn, type ReadBank, type RowAddress } from './newest.js';

/** One source's published bank, as it crosses threads. */
export interface PartRef {
  readonly sourceId: string;
  /** Unique among all generations of all sources of this boot. */
  readonly generation: number;
  readonly segment: SegmentRef;
  readonly version: number;
  /** Key columns of the source, for /telemetry/schema. */
  readonly keyColumns: readonly string[];
  /** Other names of columns and how row keys are spelled; absent: neither is configured. */
  readonly names?: SourceNames;
}

export type { RowAddress } from './newest.js';

/** How the rows of several parts are one table; counted when the version was settled. */
export interface MergedRef {
  readonly index: MergeRef;
  /** Rows of the table, exactly. */
  readonly rowsTotal: number;
  /** Rows that more than one part holds. */
  readonly sharedRows: number;
}

export interface TableRef {
  readonly snapshotId: string;
  readonly parts: readonly PartRef[];
  /** Null with one part. */
  readonly merged: MergedRef | null;
}

export interface Part extends ReadBank {
  readonly ref: PartRef;
  readonly reader: SegmentReader;
  readonly bank: BankView;
}

export interface TableColumn {
  readonly name: string;
  /** The widest kind among the parts that have it. */
  readonly kind: ColumnKind;
  /** Column index in each part, -1 where the part lacks it. */
  readonly inPart: readonly number[];
}

/** The union of the parts' columns. Depends only on generations: kept between versions. */
export interface TableSchema {
  readonly columns: readonly TableColumn[];
  /** Aliases included: these are in no list of all columns. */
  readonly byName: ReadonlyMap<string, number>;
  readonly generations: readonly number[];
}

export function unionSchema(parts: readonly PartRef[]): TableSchema {
  const columns: { name: string; kind: ColumnKind; inPart: number[] }[] = [];
  const byName = new Map<string, number>();
  parts.forEach((part, p) => {
    part.segment.spec.columns.forEach((column, c) => {
      let at = byName.get(column.name);
      if (at === undefined) {
        at = columns.length;
        byName.set(column.name, at);
        columns.push({
          name: column.name,
          kind: column.kind,
          inPart: new Array<number>(parts.length).fill(-1),
        });
      }
      const known = columns[at]!;
      known.kind = widerKind(known.kind, column.kind);
      known.inPart[p] = c;
    });
  });
  addAliases(parts, byName);
  return { columns, byName, generations: parts.map((part) => part.generation) };
}

/** Other names of columns. A column's own name wins, then the first source that has the alias. */
function addAliases(parts: readonly PartRef[], byName: Map<string, number>): void {
  const columns = new Map(byName);
  for (const part of parts) {
    for (const [alias, name] of Object.entries(part.names?.aliases ?? {})) {
      const at = columns.get(name);
      if (at !== undefined && !byName.has(alias)) byName.set(alias, at);
    }
  }
}

export class Table {
  readonly snapshotId: string;
  readonly parts: readonly Part[];
  readonly schema: TableSchema;
  /** Rows of several parts by key; null with one part. */
  readonly index: MergeIndex | null;
  readonly #merged: MergedRef | null;

  constructor(
    snapshotId: string,
    parts: readonly Part[],
    schema: TableSchema,
    merged: MergedRef | null,
    index: MergeIndex | null = merged && new MergeIndex(merged.index, readersOf(parts)),
  ) {
    if (parts.length > 1 !== (merged !== null)) bug('several parts without a merge index, or one with');
    this.snapshotId = snapshotId;
    this.parts = parts;
    this.schema = schema;
    this.index = index;
    this.#merged = merged;
  }

  /** In a worker: opens what a job names. The banks must be pinned by main. `schema`: that of its parts, if known. */
  static open(ref: TableRef, schema = unionSchema(ref.parts)): Table {
    return new Table(ref.snapshotId, openParts(ref.parts), schema, ref.merged);
  }

  /** What a job needs to open the same table. */
  ref(): TableRef {
    return { snapshotId: this.snapshotId, parts: this.parts.map((part) => part.ref), merged: this.#merged };
  }

  /** The column's view in a part, or undefined where the part lacks it. */
  columnView(column: number, part: number): ColumnView | undefined {
    const c = this.schema.columns[column]!.inPart[part]!;
    return c < 0 ? undefined : this.parts[part]!.bank.columns[c]!;
  }

  /** Finds the row of a key; false when no part holds it. Fills `into` with the newest sample. */
  find(key: string, into: RowAddress): boolean {
    if (this.index) {
      const row = this.index.findKey(key);
      into.slot = -1;
      if (row >= 0) newestOf(this.index, this.parts, row, into);
      return into.slot >= 0;
    }
    return this.seek(key, into) && this.#isPresent(into.part, into.slot);
  }

  /** Where a key was ever seen, whether its row is there or not: the first part that knows it. */
  seek(key: string, into: RowAddress): boolean {
    into.part = 0;
    into.slot = -1;
    if (this.index) {
      const row = this.index.findKey(key);
      if (row < 0) return false;
      into.part = this.index.firstPart(row);
      into.slot = this.index.slotOf(row, into.part);
    } else if (this.parts.length > 0) into.slot = this.parts[0]!.reader.findKey(key);
    return into.slot >= 0;
  }

  /** Moves `into`, a slot that a part knows, to the first part that knows its key. */
  home(into: RowAddress): void {
    if (!this.index?.isShared(into.part, into.slot)) return;
    const row = this.index.rowOf(into.part, into.slot);
    into.part = this.index.firstPart(row);
    into.slot = this.index.slotOf(row, into.part);
  }

  /** As `find`, for the key of a row that `part` holds or held. `into` may be that very row. */
  findSame(part: number, slot: number, into: RowAddress): boolean {
    if (this.index?.isShared(part, slot)) {
      newestOf(this.index, this.parts, this.index.rowOf(part, slot), into);
      return into.slot >= 0;
    }
    into.part = part;
    into.slot = this.#isPresent(part, slot) ? slot : -1;
    return into.slot >= 0;
  }

  #isPresent(part: number, slot: number): boolean {
    const { reader, bank } = this.parts[part]!;
    return reader.isPresent(bank, slot);
  }

  /** The part in which the row of a key that `part` knows stands; -1 when no part holds it. */
  standingPart(part: number, slot: number): number {
    if (this.index?.isShared(part, slot)) {
      return standsIn(this.index, this.parts, this.index.rowOf(part, slot));
    }
    return this.#isPresent(part, slot) ? part : -1;
  }

  /** True when another part has ever seen this key: its row may be served from there. */
  isShared(part: number, slot: number): boolean {
    return this.index?.isShared(part, slot) ?? false;
  }

  /** Calls `visit` for each row in the table's order; `visit` returns false to stop. */
  forEachRow(visit: (part: number, slot: number) => boolean): void {
    const owner: RowAddress = { part: 0, slot: -1 };
    for (let p = 0; p < this.parts.length; p++) {
      const { reader, bank } = this.parts[p]!;
      for (let slot = 0; slot < bank.slots; slot++) {
        if (!reader.isPresent(bank, slot)) continue;
        if (this.index?.isShared(p, slot)) {
          const row = this.index.rowOf(p, slot);
          if (p > 0 && standsIn(this.index, this.parts, row) < p) continue;
          newestOf(this.index, this.parts, row, owner);
          if (!visit(owner.part, owner.slot)) return;
        } else if (!visit(p, slot)) return;
      }
    }
  }

  keyText(part: number, slot: number): string {
    return this.parts[part]!.reader.keyText(slot);
  }

  /** Rows of the table, each key once. */
  get rowsTotal(): number {
    return this.#merged?.rowsTotal ?? this.parts[0]?.bank.rows ?? 0;
  }

  /** Rows that more than one part holds. */
  get sharedRows(): number {
    return this.#merged?.sharedRows ?? 0;
  }
}

/** The parts that references name, in their order. */
export function openParts(refs: readonly PartRef[]): Part[] {
  return refs.map((ref) => {
    const reader = new SegmentReader(ref.segment);
    return { ref, reader, bank: reader.bank(ref.version) };
  });
}

const readersOf = (parts: readonly Part[]): SegmentReader[] => parts.map(({ reader }) => reader);
