/** The two lists of /telemetry/coverage as bytes, and what was counted on the way. Any thread. */
import type { RowAddress, Table, TableRef } from '../fabric/table.js';
import { WeftError, type ErrorCode } from '../model/errors.js';
import { surveyCoverage, type CoverageTotals } from '../query/coverage.js';
import type { CoverageQuery } from '../query/coverage-query.js';
import { ByteWriter } from './bytes.js';
import { writeCsvText, writeJsonText } from './text.js';
import { writeIsoTime } from './time.js';

export interface CoverageOrder {
  readonly query: CoverageQuery;
  /** MAX_LIST_BYTES. */
  readonly listBytesMax: number;
}

/** The task of the job `encodeCoverage`. The table's banks are pinned while it runs. */
export interface CoverageTask extends CoverageOrder {
  readonly table: TableRef;
}

/** Nothing in it moves while the snapshot stays: ages are added for each response. */
export interface EncodedCoverage {
  readonly totals: CoverageTotals;
  /** A JSON array; with `format=csv` the whole body. */
  readonly missing: Uint8Array<ArrayBuffer>;
  /** A JSON array. */
  readonly shared: Uint8Array<ArrayBuffer>;
}

/** Errors cross threads as values. */
export type CoverageResult =
  | { readonly ok: true; readonly coverage: EncodedCoverage }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const COMMA = 44;
const ADVICE = "; ask for fewer rows with 'limit'";

interface Lost {
  readonly part: number;
  readonly slot: number;
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** What went last stands first; what went together in the table's order. */
function byLoss(a: Lost, b: Lost): number {
  return b.sinceMs - a.sinceMs || a.part - b.part || a.slot - b.slot;
}

class CoverageEncoder {
  readonly #table: Table;
  readonly #query: CoverageQuery;
  readonly #listBytesMax: number;
  readonly #shared: ByteWriter;
  readonly #lost: Lost[] = [];
  /** Part of the one source asked for, -1 for all. */
  readonly #only: number;
  #sharedSeen = 0;

  constructor(table: Table, { query, listBytesMax }: CoverageOrder) {
    this.#table = table;
    this.#query = query;
    this.#listBytesMax = listBytesMax;
    this.#shared = this.#writer();
    this.#only = table.parts.findIndex(({ ref }) => ref.sourceId === query.source);
  }

  #writer(): ByteWriter {
    return new ByteWriter(this.#listBytesMax, 'MAX_LIST_BYTES', ADVICE, 1024);
  }

  encode(): EncodedCoverage {
    const { source, format } = this.#query;
    const shared = this.#shared;
    shared.byte(91);
    const totals = surveyCoverage(this.#table, {
      shared: (holders, served) => this.#takeShared(holders, served),
      missing: (part, slot, sinceMs, lastMs) => {
        if (source === null || part === this.#only) this.#lost.push({ part, slot, sinceMs, lastMs });
      },
    });
    shared.byte(93);
    const missing = format === 'csv' ? this.#missingCsv() : this.#missingJson();
    return { totals, missing: missing.copy(), shared: shared.copy() };
  }

  #takeShared(holders: readonly RowAddress[], served: RowAddress): void {
    const { source, limit, offset } = this.#query;
    if (source !== null && !holders.some(({ part }) => part === this.#only)) return;
    const index = this.#sharedSeen++;
    if (index < offset || index >= offset + limit) return;
    const { parts } = this.#table;
    const out = this.#shared;
    if (index > offset) out.byte(COMMA);
    out.ascii('{"switch_id":');
    this.#writeKey(out, served);
    // Source ids are of [A-Za-z0-9._-]: nothing to escape.
    const ids = holders.map(({ part }) => `"${parts[part]!.ref.sourceId}"`);
    out.ascii(
      `,"sources":[${ids.join(',')}],"served_by":"${parts[served.part]!.ref.sourceId}","timestamps":[`,
    );
    holders.forEach(({ part, slot }, i) => {
      if (i > 0) out.byte(COMMA);
      const { reader, bank } = parts[part]!;
      writeIsoTime(out, reader.rowTimeMs(bank, slot), true);
    });
    out.ascii(']}');
  }

  #writeKey(out: ByteWriter, { part, slot }: RowAddress): void {
    const { reader } = this.#table.parts[part]!;
    writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
  }

  #page(): Lost[] {
    const { offset, limit } = this.#query;
    return this.#lost.sort(byLoss).slice(offset, offset + limit);
  }

  #missingJson(): ByteWriter {
    const out = this.#writer();
    out.byte(91);
    this.#page().forEach((lost, i) => {
      if (i > 0) out.byte(COMMA);
      out.ascii('{"switch_id":');
      this.#writeKey(out, lost);
      out.ascii(`,"source":"${this.#table.parts[lost.part]!.ref.sourceId}","since":`);
      writeIsoTime(out, lost.sinceMs, true);
      out.ascii(',"last_timestamp":');
      writeIsoTime(out, lost.lastMs, true);
      out.byte(125);
    });
    out.byte(93);
    return out;
  }

  #missingCsv(): ByteWriter {
    const out = this.#writer();
    out.ascii('switch_id,source,since,last_timestamp\r\n');
    for (const { part, slot, sinceMs, lastMs } of this.#page()) {
      const { reader, ref } = this.#table.parts[part]!;
      writeCsvText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      out.ascii(`,${ref.sourceId},`);
      writeIsoTime(out, sinceMs, false);
      out.byte(COMMA);
      writeIsoTime(out, lastMs, false);
      out.ascii('\r\n');
    }
    return out;
  }
}

/** Throws too_large. */
export function encodeCoverage(table: Table, order: CoverageOrder): EncodedCoverage {
  return new CoverageEncoder(table, order).encode();
}

/** The same with errors as values. */
export function tryEncodeCoverage(table: Table, order: CoverageOrder): CoverageResult {
  try {
    return { ok: true, coverage: encodeCoverage(table, order) };
  } catch (error) {
    if (error instanceof WeftError) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: 'internal', message: `cannot encode the coverage: ${String(error)}` };
  }
}
