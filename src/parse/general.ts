/**
 * The way of bodies that the scanner does not follow: line breaks inside quotes, delimiters of several
 * bytes. csv-parse finds the cells, the same CellWriter writes them. Far slower, same table.
 */
import { CsvError, parse } from 'csv-parse/sync';
import type { BankSink } from '../model/bank.js';
import { RECORD_BYTES_MAX } from '../model/limits.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { CellWriter } from './cells.js';
import { Facts } from './facts.js';
import { lineAt, ParseStop } from './failure.js';
import { isControl, refuseControl } from './header-cells.js';
import type { HeaderPlan, KeyPlan } from './plan.js';
import { isAggregated } from './row-key.js';
import { DROPPED, Rows } from './rows.js';
import { decodeText } from './utf8.js';

/** Reads the rows of body[start, …). The sink may hold rows of an earlier, unfinished pass. */
export class GeneralReader {
  readonly facts: Facts;
  readonly cells: CellWriter;
  readonly #body: Uint8Array;
  readonly #plan: HeaderPlan;
  readonly #sink: BankSink;
  readonly #isSurvey: boolean;
  readonly #rows: Rows;
  /** Slots taken in this pass: presence in the sink may stem from the one before. */
  #taken = new Uint8Array(4096);
  /** A record's cells, one behind the other; plain bytes, as everywhere else in the scan. */
  #bytes = new Uint8Array(4096);
  #ends = new Int32Array(64);

  constructor(body: Uint8Array, plan: HeaderPlan, sink: BankSink, policy: ParsePolicy, isSurvey: boolean) {
    this.facts = new Facts(plan.fields.length);
    this.cells = new CellWriter(plan, sink, policy, this.facts, isSurvey);
    this.#body = body;
    this.#plan = plan;
    this.#sink = sink;
    this.#isSurvey = isSurvey;
    this.#rows = new Rows(plan, sink, policy, this.facts);
    this.cells.rejectedCell = (column, bytes, start, end) => this.#rows.showCell(column, bytes, start, end);
  }

  /** Throws ParseStop or SinkFull. */
  read(start: number): void {
    const body = this.#body;
    for (let p = start; p < body.length; p++) if (isControl(body[p]!)) refuseControl(body[p]!, p);
    const linesBefore = lineAt(body, start) - 1;
    try {
      // A body that may lack its last line break gets one: a CR before it is part of the line end.
      const lastBreak = body.at(-1) === 10 ? [] : [Buffer.from('\n')];
      parse(Buffer.concat([body.subarray(start), ...lastBreak]), {
        bom: false,
        columns: false,
        delimiter: this.#plan.delimiter,
        encoding: null,
        escape: '"',
        max_record_size: RECORD_BYTES_MAX,
        quote: '"',
        record_delimiter: ['\n', '\r\n'],
        relax_column_count: true,
        relax_quotes: true,
        skip_empty_lines: true,
        on_record: (record: unknown, context) => {
          this.#rows.line = linesBefore + context.lines;
          this.#readRecord(record as Buffer[]);
          return null;
        },
      });
    } catch (error) {
      if (error instanceof CsvError) throw stopOf(error, linesBefore);
      throw error;
    }
  }

  #readRecord(cells: readonly Buffer[]): void {
    if (this.#isHeader(cells)) {
      this.facts.headerRepeats++;
      return;
    }
    if (!this.#rows.fits(cells.length)) return;
    this.#gather(cells);
    const { key } = this.#rows;
    const keyPlan = this.#keyPlan();
    key.begin(keyPlan);
    for (const column of keyPlan.columns)
      key.add(this.#bytes, this.#startOf(column), this.#ends[column]!, false);
    const slot = this.#rows.place();
    if (slot === DROPPED) return;
    if (!this.#isSurvey) this.#take(slot);
    for (let c = 0; c < cells.length; c++) {
      this.cells.write(this.#bytes, this.#startOf(c), this.#ends[c]!, c, slot, false);
    }
    this.#rows.accept(slot);
  }

  #keyPlan(): KeyPlan {
    const { key, xdr } = this.#plan;
    if (!xdr) return key;
    const { typeColumn } = xdr;
    return isAggregated(this.#bytes, this.#startOf(typeColumn), this.#ends[typeColumn]!) ? xdr.key : key;
  }

  /** Notes that the slot is this pass's; what an earlier row or pass wrote there is forgotten. */
  #take(slot: number): void {
    if (slot >= this.#taken.length) {
      const bigger = new Uint8Array(2 * slot + 1);
      bigger.set(this.#taken);
      this.#taken = bigger;
    }
    if (this.#taken[slot] === 1) this.#rows.repeat(slot);
    else this.#sink.clearMissing(slot);
    this.#taken[slot] = 1;
  }

  #isHeader(cells: readonly Buffer[]): boolean {
    const { header } = this.#plan;
    return cells.length === header.length && cells.every((cell, i) => decodeText(cell) === header[i]);
  }

  #gather(cells: readonly Buffer[]): void {
    let length = 0;
    for (const cell of cells) length += cell.length;
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(2 * length);
    if (this.#ends.length < cells.length) this.#ends = new Int32Array(2 * cells.length);
    let at = 0;
    cells.forEach((cell, i) => {
      this.#bytes.set(cell, at);
      at += cell.length;
      this.#ends[i] = at;
    });
  }

  #startOf(column: number): number {
    return column === 0 ? 0 : this.#ends[column - 1]!;
  }
}

function stopOf(error: CsvError, linesBefore: number): ParseStop {
  const lines = (error as unknown as { lines?: number }).lines;
  const place = lines === undefined ? {} : { line: linesBefore + lines };
  const where = lines === undefined ? 'the body' : `line ${linesBefore + lines}`;
  const what: Readonly<Record<string, string>> = {
    CSV_MAX_RECORD_SIZE: `a record has more than ${RECORD_BYTES_MAX} bytes: is a quote not closed?`,
    CSV_QUOTE_NOT_CLOSED: 'a quote is not closed before the end of the body',
  };
  return new ParseStop('parse', `cannot read ${where}: ${what[error.code] ?? error.code}`, place);
}
