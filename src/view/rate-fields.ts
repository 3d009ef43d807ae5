/**
 * The fields of a list that stand for deltas or rates, and what is said beside their values: a
 * status for each cell whose status is not `ok`.
 */
import type { Table } from '../fabric/table.js';
import { RATE_STATUSES, type RateStatus, type RateView } from '../model/rates.js';
import { isTracked } from '../query/rates.js';
import { RateCell, rateAt } from '../snapshot/rate.js';
import { RateRun, runRates } from '../snapshot/rate-run.js';
import type { BlockRows } from './block-rows.js';
import type { BlockStrips } from './block-strips.js';
import type { ByteWriter } from './bytes.js';
import { BLOCK_ROWS_MAX } from './encode-kernel.js';
import { utf8Bytes } from './bytes.js';
import { writeInterval, writeRateJson, writeRatePlain } from './rate-cell.js';
import { writeCsvText, writeJsonText } from './text.js';

const COMMA = 44;
const SEMICOLON = 59;
const EQUALS = 61;
const BRACE_CLOSE = 125;
const TWO_31 = 2147483648;
const TWO_32 = 4294967296;

const CODES = new Map<RateStatus, number>(RATE_STATUSES.map((status, code) => [status, code]));
const JSON_STATUS = RATE_STATUSES.map((status) => utf8Bytes(JSON.stringify(status)));
const CSV_STATUS = RATE_STATUSES.map((status) => utf8Bytes(status));

/** A growing list of numbers. */
class Numbers {
  values = new Int32Array(256);
  count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const longer = new Int32Array(this.count * 2);
      longer.set(this.values);
      this.values = longer;
    }
    this.values[this.count++] = value;
  }
}

export class RateFields {
  readonly #table: Table;
  readonly #view: RateView;
  readonly #int64AsString: boolean;
  readonly #columns: readonly number[];
  readonly #isRate: readonly boolean[];
  readonly #names: readonly string[];
  readonly #cell = new RateCell();
  /** Of the cells written since statuses were written last: field, code, part, slot. */
  readonly #noted = new Numbers();
  #run: RateRun | null = null;

  /** `fields`: name and table column (-1: pseudo) of each field of the body. */
  constructor(
    table: Table,
    view: RateView,
    fields: readonly { readonly name: string; readonly column: number }[],
    int64AsString: boolean,
  ) {
    this.#table = table;
    this.#view = view;
    this.#int64AsString = int64AsString;
    this.#columns = fields.map(({ column }) => column);
    this.#isRate = this.#columns.map((column) => column >= 0 && isTracked(table, column));
    this.#names = fields.map(({ name }) => name);
  }

  /** True when the field stands for a delta or a rate; else its value is served as it is. */
  has(index: number): boolean {
    return this.#isRate[index]!;
  }

  /** Status of the one cell of a row that was just written. */
  takeStatus(): RateStatus {
    const { values, count } = this.#noted;
    this.#noted.count = 0;
    return count === 0 ? 'ok' : RATE_STATUSES[values[1]!]!;
  }

  #load(index: number, part: number, slot: number): void {
    const { reader, bank } = this.#table.parts[part]!;
    const view = this.#table.columnView(this.#columns[index]!, part);
    rateAt(reader, bank, view, slot, this.#view, this.#cell);
  }

  #read(index: number, part: number, slot: number): RateCell {
    this.#load(index, part, slot);
    const { status } = this.#cell;
    if (status !== 'ok') {
      const noted = this.#noted;
      noted.push(index);
      noted.push(CODES.get(status)!);
      noted.push(part);
      noted.push(slot);
    }
    return this.#cell;
  }

  /** Puts a delta or rate into a strip of a block, and notes what is to be said of it. */
  put(strips: BlockStrips, strip: number, index: number, lane: number, part: number, slot: number): void {
    const cell = this.#read(index, part, slot);
    if (cell.form === 'none') return;
    const { negative, high, low } = cell;
    if (cell.form === 'double') strips.putDouble(strip, lane, cell.double);
    else if (!negative && high < TWO_32) strips.putInteger(strip, lane, false, high, low);
    else if (negative && high < TWO_31)
      strips.putInteger(strip, lane, true, ~high + (low === 0 ? 1 : 0), -low);
    else {
      strips.texts.put((out) => writeRateJson(out, cell, this.#int64AsString));
      strips.putText(strip, lane);
    }
  }

  /** Puts a field of a block whose rows are together, where the status is plainly `ok`: 1 by row. */
  putTogether(strips: BlockStrips, strip: number, index: number, rows: BlockRows): Uint8Array {
    const part = rows.parts[0]!;
    const { reader, bank } = this.#table.parts[part]!;
    const run = (this.#run ??= new RateRun(BLOCK_ROWS_MAX));
    rows.setTimes(reader, bank);
    runRates(this.#table.columnView(this.#columns[index]!, part), this.#view, rows, run);
    const { plain, low, high, double, isDouble } = run;
    const { lanes } = rows;
    for (let r = 0; r < rows.count; r++) {
      if (plain[r] === 0) continue;
      if (isDouble) strips.putDouble(strip, lanes[r]!, double[r]!);
      else strips.putInteger(strip, lanes[r]!, true, high[r]!, low[r]!);
    }
    return plain;
  }

  /** A delta or rate that was put before. */
  write(out: ByteWriter, index: number, part: number, slot: number, csv: boolean): void {
    this.#load(index, part, slot);
    if (csv) writeRatePlain(out, this.#cell);
    else writeRateJson(out, this.#cell, this.#int64AsString);
  }

  writeJson(out: ByteWriter, index: number, part: number, slot: number): void {
    writeRateJson(out, this.#read(index, part, slot), this.#int64AsString);
  }

  /** Milliseconds since the row's previous sample; `null` or nothing when there is none. */
  writeInterval(out: ByteWriter, part: number, slot: number, json: boolean): void {
    const { reader, bank } = this.#table.parts[part]!;
    const sinceMs = reader.previousTimeMs(bank, slot);
    if (sinceMs === sinceMs || json) writeInterval(out, reader.rowTimeMs(bank, slot) - sinceMs);
  }

  /** `"@status":{"rx_bytes":"reset"}` of the row whose cells were just written; false: nothing to say. */
  writeRowStatuses(out: ByteWriter, before: Uint8Array): boolean {
    if (this.#noted.count === 0) return false;
    out.append(before);
    out.ascii('"@status":');
    this.writeRowStatus(out);
    return true;
  }

  /** `{"rx_bytes":"reset"}` of the row whose cells were just written; `null` when there is nothing to say. */
  writeRowStatus(out: ByteWriter): void {
    const { values, count } = this.#noted;
    if (count === 0) {
      out.ascii('null');
      return;
    }
    out.byte(123);
    for (let i = 0; i < count; i += 4) {
      if (i > 0) out.byte(COMMA);
      out.json(this.#names[values[i]!]);
      out.byte(58);
      out.append(JSON_STATUS[values[i + 1]!]!);
    }
    out.byte(BRACE_CLOSE);
    this.#noted.count = 0;
  }

  /** `rx_bytes=reset;symbol_errors=first` of the row whose cells were just written, as a CSV field. */
  writeCsvStatuses(out: ByteWriter): void {
    const { values, count } = this.#noted;
    const start = out.at;
    for (let i = 0; i < count; i += 4) {
      if (i > 0) out.byte(SEMICOLON);
      // What separates the pairs is not part of a name.
      out.utf8(this.#names[values[i]!]!.replace(/[%;=]/g, encodeURIComponent));
      out.byte(EQUALS);
      out.append(CSV_STATUS[values[i + 1]!]!);
    }
    this.#noted.count = 0;
    const bytes = out.u8.slice(start, out.at);
    out.at = start;
    writeCsvText(out, bytes, 0, bytes.length);
  }

  /** `{"rx_bytes":{"sw-000":"reset"}}` of all cells since, which were written column by column. */
  writeColumnStatuses(out: ByteWriter): void {
    const { values, count } = this.#noted;
    out.byte(123);
    let field = -1;
    for (let i = 0; i < count; i += 4) {
      if (values[i] !== field) {
        if (field >= 0) out.ascii('},');
        field = values[i]!;
        out.json(this.#names[field]);
        out.ascii(':{');
      } else out.byte(COMMA);
      const { reader } = this.#table.parts[values[i + 2]!]!;
      const slot = values[i + 3]!;
      writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
      out.byte(58);
      out.append(JSON_STATUS[values[i + 1]!]!);
    }
    out.ascii(field >= 0 ? '}}' : '}');
    this.#noted.count = 0;
  }
}
