/**
 * Who holds which rows: held by one source or by several, served from whom, gone since when. Looks at
 * every row of every source, so that large tables are for a worker. Any thread.
 */
import type { RowAddress, Table } from '../fabric/table.js';
import { MissingRows } from '../snapshot/missing.js';

/** Rows of one part, a source that has published. */
export interface PartCoverage {
  readonly sourceId: string;
  /** Held now: `ownRows` by this source alone, `sharedRows` by others too. */
  readonly rows: number;
  readonly ownRows: number;
  readonly sharedRows: number;
  /** Of its rows, those whose served sample is its. */
  readonly servedRows: number;
  /** Held without being reported now: kept because no other source's sample is as new. */
  readonly heldRows: number;
  /** Gone: nobody has them, and this source had them last. */
  readonly missingRows: number;
  /** Gone from this source, but another one has them, or had them later. */
  readonly movedRows: number;
  /** Gone, and no longer remembered. */
  readonly forgottenRows: number;
}

export interface CoverageTotals {
  /** Distinct rows served. */
  readonly rows: number;
  readonly sharedRows: number;
  readonly missingRows: number;
  readonly parts: readonly PartCoverage[];
}

/** Told of each row that is shared or missing, in the order of parts and slots. */
export interface CoverageVisitor {
  /** `holders`: address of the row in each part that holds it, in part order; valid for the call. */
  shared(holders: readonly RowAddress[], served: RowAddress): void;
  missing(part: number, slot: number, sinceMs: number, lastSampleMs: number): void;
}

/** One run over a table. */
class Survey {
  readonly #table: Table;
  readonly #visitor: CoverageVisitor;
  readonly #gone: readonly MissingRows[];
  readonly #counts: {
    own: number;
    shared: number;
    served: number;
    missing: number;
    moved: number;
  }[];
  readonly #owner: RowAddress = { part: 0, slot: -1 };
  #rows = 0;
  #shared = 0;
  #missing = 0;

  constructor(table: Table, visitor: CoverageVisitor) {
    this.#table = table;
    this.#visitor = visitor;
    this.#gone = table.parts.map(({ ref }) => new MissingRows(ref.segment, ref.version));
    this.#counts = table.parts.map(() => ({ own: 0, shared: 0, served: 0, missing: 0, moved: 0 }));
  }

  run(): CoverageTotals {
    const { parts } = this.#table;
    for (let p = 0; p < parts.length; p++) {
      const { reader, bank } = parts[p]!;
      for (let slot = 0; slot < bank.slots; slot++) if (reader.isPresent(bank, slot)) this.#present(p, slot);
      this.#gone[p]!.forEach((slot) => this.#absent(p, slot));
    }
    return {
      rows: this.#rows,
      sharedRows: this.#shared,
      missingRows: this.#missing,
      parts: parts.map(({ ref, bank }, p) => {
        const { own, shared, served, missing, moved } = this.#counts[p]!;
        return {
          sourceId: ref.sourceId,
          rows: bank.rows,
          ownRows: own,
          sharedRows: shared,
          servedRows: served,
          heldRows: bank.held,
          missingRows: missing,
          movedRows: moved,
          forgottenRows: this.#gone[p]!.counts.forgotten,
        };
      }),
    };
  }

  #present(part: number, slot: number): void {
    const holders = this.#holders(part, slot);
    // A row is looked at where it stands first.
    if (holders[0]!.part < part) return;
    this.#rows++;
    if (holders.length === 1) {
      this.#counts[part]!.own++;
      this.#counts[part]!.served++;
      return;
    }
    this.#shared++;
    this.#table.findSame(part, slot, this.#owner);
    for (const holder of holders) this.#counts[holder.part]!.shared++;
    this.#counts[this.#owner.part]!.served++;
    this.#visitor.shared(holders, this.#owner);
  }

  /** Where the row of a key that `part` knows is held, in part order. */
  #holders(part: number, slot: number): readonly RowAddress[] {
    const { index, parts } = this.#table;
    if (!index?.isShared(part, slot)) return [{ part, slot }];
    const row = index.rowOf(part, slot);
    const holders: RowAddress[] = [];
    for (let p = 0; p < parts.length; p++) {
      const found = index.slotOf(row, p);
      const { reader, bank } = parts[p]!;
      if (found >= 0 && reader.isPresent(bank, found)) holders.push({ part: p, slot: found });
    }
    return holders;
  }

  /** Nobody's row is listed once: under the source that had it last. */
  #absent(part: number, slot: number): void {
    const { index, parts } = this.#table;
    const counts = this.#counts[part]!;
    const sinceMs = this.#gone[part]!.sinceMs(slot);
    const lastMs = this.#gone[part]!.lastSampleMs(slot);
    const row = index?.isShared(part, slot) ? index.rowOf(part, slot) : -1;
    for (let p = 0; index && row >= 0 && p < parts.length; p++) {
      const found = index.slotOf(row, p);
      if (p === part || found < 0) continue;
      const isHeld = parts[p]!.reader.isPresent(parts[p]!.bank, found);
      if (isHeld || (this.#gone[p]!.has(found) && this.#hadLater(p, found, part, sinceMs, lastMs))) {
        counts.moved++;
        return;
      }
    }
    counts.missing++;
    this.#missing++;
    this.#visitor.missing(part, slot, sinceMs, lastMs);
  }

  /** Whether `p`, of two parts that lost a row, had it last: by loss, then by sample, then the earlier. */
  #hadLater(p: number, slot: number, part: number, sinceMs: number, lastMs: number): boolean {
    const gone = this.#gone[p]!;
    if (gone.sinceMs(slot) !== sinceMs) return gone.sinceMs(slot) > sinceMs;
    if (gone.lastSampleMs(slot) !== lastMs) return gone.lastSampleMs(slot) > lastMs;
    return p < part;
  }
}

/** Counts all rows of a table; `visitor` hears of those that are shared or missing. */
export function surveyCoverage(table: Table, visitor: CoverageVisitor): CoverageTotals {
  return new Survey(table, visitor).run();
}
