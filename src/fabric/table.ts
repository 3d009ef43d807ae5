/**
 * One fabric version as a table: the pinned banks of all sources, merged. Immutable; main makes one
 * at each publish, a worker makes one for a job. Rows are addressed by part (a source's segment)
 * and slot.
 *
 * A key held by several parts is one row, served from the newest sample (ties: the earlier part),
 * and stands where the first part that holds it stands. Columns are the union, in part order; a
 * column absent from a row's part is missing there.
 */
import type { SourceNames } from '../model/guid.js';
import { widerKind, type ColumnKind } from '../model/schema.js';
import type { SegmentRef } from '../snapshot/layout.js';
import { SegmentReader, type BankView, type ColumnView } from '../snapshot/reader.js';

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

export interface TableRef {
  readonly snapshotId: string;
  readonly parts: readonly PartRef[];
}

export interface Part {
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

/** A row's address; `slot` is -1 when there is none. Reused by the calls that fill it. */
export interface RowAddress {
  part: number;
  slot: number;
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

  constructor(snapshotId: string, parts: readonly Part[], schema: TableSchema) {
    this.snapshotId = snapshotId;
    this.parts = parts;
    this.schema = schema;
  }

  /** In a worker: opens what a job names. The banks must be pinned by main. */
  static open(ref: TableRef): Table {
    const parts = ref.parts.map((part) => {
      const reader = new SegmentReader(part.segment);
      return { ref: part, reader, bank: reader.bank(part.version) };
    });
    return new Table(ref.snapshotId, parts, unionSchema(ref.parts));
  }

  /** What a job needs to open the same table. */
  ref(): TableRef {
    return { snapshotId: this.snapshotId, parts: this.parts.map((part) => part.ref) };
  }

  /** The column's view in a part, or undefined where the part lacks it. */
  columnView(column: number, part: number): ColumnView | undefined {
    const c = this.schema.columns[column]!.inPart[part]!;
    return c < 0 ? undefined : this.parts[part]!.bank.columns[c]!;
  }

  /** Finds the row of a key; false when no part holds it. Fills `into` with the newest sample. */
  find(key: string, into: RowAddress): boolean {
    into.slot = -1;
    let newestMs = 0;
    for (let p = 0; p < this.parts.length; p++) {
      const { reader, bank } = this.parts[p]!;
      const slot = reader.findKey(key);
      if (slot < 0 || !reader.isPresent(bank, slot)) continue;
      const timeMs = reader.rowTimeMs(bank, slot);
      if (into.slot >= 0 && timeMs <= newestMs) continue;
      into.part = p;
      into.slot = slot;
      newestMs = timeMs;
    }
    return into.slot >= 0;
  }

  /** The same for the key of a row that `part` holds or held. */
  findSame(part: number, slot: number, into: RowAddress): boolean {
    const own = this.parts[part]!.reader;
    const start = own.keyStart(slot);
    const end = start + own.keyLength(slot);
    into.slot = -1;
    let newestMs = 0;
    for (let p = 0; p < this.parts.length; p++) {
      const { reader, bank } = this.parts[p]!;
      const found = p === part ? slot : reader.findBytes(own.u8, start, end);
      if (found < 0 || !reader.isPresent(bank, found)) continue;
      const timeMs = reader.rowTimeMs(bank, found);
      if (into.slot >= 0 && timeMs <= newestMs) continue;
      into.part = p;
      into.slot = found;
      newestMs = timeMs;
    }
    return into.slot >= 0;
  }

  /** True when a part before `part` holds this key (present): the row stands there. */
  standsEarlier(part: number, slot: number): boolean {
    const own = this.parts[part]!.reader;
    const start = own.keyStart(slot);
    const end = start + own.keyLength(slot);
    for (let p = 0; p < part; p++) {
      const { reader, bank } = this.parts[p]!;
      const found = reader.findBytes(own.u8, start, end);
      if (found >= 0 && reader.isPresent(bank, found)) return true;
    }
    return false;
  }

  /** True when another part has ever seen this key: its row may be served from there. */
  isShared(part: number, slot: number): boolean {
    if (this.parts.length === 1) return false;
    const own = this.parts[part]!.reader;
    const start = own.keyStart(slot);
    const end = start + own.keyLength(slot);
    for (let p = 0; p < this.parts.length; p++) {
      if (p !== part && this.parts[p]!.reader.findBytes(own.u8, start, end) >= 0) return true;
    }
    return false;
  }

  /**
   * Calls `visit` for each row in the table's order; `visit` returns false to stop. With several
   * parts each row costs a lookup in every other one: not for the main thread on big tables.
   */
  forEachRow(visit: (part: number, slot: number) => boolean): void {
    const several = this.parts.length > 1;
    const owner: RowAddress = { part: 0, slot: -1 };
    for (let p = 0; p < this.parts.length; p++) {
      const { reader, bank } = this.parts[p]!;
      for (let slot = 0; slot < bank.slots; slot++) {
        if (!reader.isPresent(bank, slot)) continue;
        if (several) {
          if (p > 0 && this.standsEarlier(p, slot)) continue;
          this.findSame(p, slot, owner);
          if (!visit(owner.part, owner.slot)) return;
        } else if (!visit(p, slot)) return;
      }
    }
  }

  keyText(part: number, slot: number): string {
    return this.parts[part]!.reader.keyText(slot);
  }

  /** Sum of the parts' rows: exact with one part, an upper bound with overlapping ones. */
  get rowsMax(): number {
    let rows = 0;
    for (const part of this.parts) rows += part.bank.rows;
    return rows;
  }
}
