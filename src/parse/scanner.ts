/**
 * From the bytes of a body to the cells of a bank: rows are found, named by their key, given a slot and
 * written cell by cell. The shape of a row is followed here; number-run.ts reads most of it: the numbers.
 */
import type { BankSink } from '../model/bank.js';
import { RECORD_BYTES_MAX } from '../model/limits.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { byteView } from '../snapshot/byte-view.js';
import { Blocks } from './blocks.js';
import { CellWriter, OP_SKIP } from './cells.js';
import { Facts } from './facts.js';
import { Lexer } from './lexer.js';
import { KIND_STOP, MARGIN_BEFORE, NumberRun, RUN_STRIDE } from './run-state.js';
import type { HeaderPlan, KeyPlan } from './plan.js';
import { readNumbers } from './number-run.js';
import type { Region } from './regions.js';
import { isAggregated, keyPrefix } from './row-key.js';
import { writeSpan, type RowPath } from './row-path.js';
import { DROPPED, Rows } from './rows.js';
import { collectRun, runColumns, stopsAtMinus } from './run-columns.js';

const LF = 10;
const CR = 13;
/** Up to this many cells, the spans found while looking for the key are kept and used. */
const PREFIX_MAX = 16;

export class Scanner {
  readonly facts: Facts;
  readonly cells: CellWriter;
  readonly #plan: HeaderPlan;
  readonly #sink: BankSink;
  readonly #lexer: Lexer;
  readonly #path: RowPath;
  readonly #rows: Rows;
  readonly #run: NumberRun;
  readonly #delimiter: number;
  readonly #dropsRagged: boolean;
  /** Cells up to the last key column: their spans are found before the row has a slot. */
  readonly #prefix: number;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #ascii: Uint8Array;
  /** Null for a survey, whose rows are all one. */
  readonly #blocks: Blocks | null;
  #bytes: Uint8Array;

  constructor(body: Uint8Array, plan: HeaderPlan, sink: BankSink, policy: ParsePolicy, isSurvey: boolean) {
    this.#bytes = body;
    this.#plan = plan;
    this.#sink = sink;
    this.#delimiter = plan.delimiter.charCodeAt(0);
    this.#dropsRagged = policy.ragged === 'drop';
    this.facts = new Facts(plan.fields.length);
    this.cells = new CellWriter(plan, sink, policy, this.facts, isSurvey);
    const view = byteView(body);
    this.#lexer = new Lexer(body, view, this.#delimiter);
    this.#rows = new Rows(plan, sink, policy, this.facts);
    this.cells.rejectedCell = (column, bytes, start, end) => this.#rows.showCell(column, bytes, start, end);
    this.#prefix = keyPrefix(plan);
    this.#starts = new Int32Array(this.#prefix);
    this.#ends = new Int32Array(this.#prefix);
    this.#ascii = new Uint8Array(this.#prefix);
    this.#path = { facts: this.facts, cells: this.cells, rows: this.#rows, lexer: this.#lexer };
    this.#blocks = isSurvey ? null : new Blocks(plan, sink, policy, this.#path);
    const columns = runColumns(plan, sink, this.cells, policy);
    this.#run = new NumberRun(view, columns, sink, this.#delimiter, stopsAtMinus(policy));
  }

  /** Reads the rows of regions, which begin in `line`. Throws ParseStop, SinkFull or NeedsGeneral. */
  scan(regions: readonly Region[], line: number): void {
    this.#rows.line = line;
    for (const region of regions) this.#scanRegion(region);
    this.facts.lineBehind = this.#rows.line;
    this.#blocks?.collect();
    collectRun(this.#plan, this.#run.columns, this.facts);
  }

  #scanRegion(region: Region): void {
    const { bytes, start, end } = region;
    if (region.line !== undefined) this.#rows.line = region.line;
    this.#bytes = bytes;
    this.#blocks?.begin(region);
    this.#run.view = region.view;
    this.#lexer.view = region.view;
    this.#lexer.bias = region.bias;
    const headerFirst = this.#plan.bytes[0];
    // Line breaks inside quotes are the general path's: here a row is a line.
    for (let p = start; p < end; this.#rows.line++) {
      if (this.#blocks) p = this.#blocks.read(p);
      if (p === end) break;
      const first = bytes[p]!;
      if (first === LF) {
        p += 1;
      } else if (first === CR && bytes[p + 1] === LF) {
        p += 2;
      } else if (first === headerFirst && this.#isHeader(p)) {
        this.facts.headerRepeats++;
        p = this.#lexer.behindRow(this.#bytes, p);
      } else {
        p = this.#scanRow(p);
      }
    }
  }

  /** A header row inside the data: files that were appended to have one for each run. */
  #isHeader(p: number): boolean {
    const header = this.#plan.bytes;
    const bytes = this.#bytes;
    for (let i = 1; i < header.length; i++) if (bytes[p + i] !== header[i]) return false;
    const end = p + header.length;
    return bytes[end] === LF || (bytes[end] === CR && bytes[end + 1] === LF);
  }

  /** Reads the row at `p`; returns where the next line begins. */
  #scanRow(p: number): number {
    // Counted before anything is stored, so that a dropped row leaves no trace in a row before it.
    if (this.#dropsRagged && !this.#rows.fits(this.#lexer.countCells(this.#bytes, p)))
      return this.#lexer.behindRow(this.#bytes, p);
    this.#rows.offset = p + this.#lexer.bias;
    const slot = this.#place(p);
    if (slot === DROPPED) return this.#lexer.behindRow(this.#bytes, p);
    const end = this.#writeRow(p, slot);
    const next = this.#bytes[end] === CR ? end + 2 : end + 1;
    if (next - p > RECORD_BYTES_MAX) this.#rows.stop(`the row has more than ${RECORD_BYTES_MAX} bytes`);
    this.#rows.accept(slot);
    return next;
  }

  /** The slot of the row at `from`, or DROPPED. Leaves the spans of the cells up to the last key cell. */
  #place(from: number): number {
    const bytes = this.#bytes;
    const lexer = this.#lexer;
    const last = this.#prefix - 1;
    let p = from;
    for (let column = 0; column <= last; column++) {
      const end = lexer.cellEnd(bytes, p);
      this.#starts[column] = p;
      this.#ends[column] = end;
      this.#ascii[column] = lexer.isAscii ? 1 : 0;
      if (column < last && bytes[end] !== this.#delimiter) this.#rows.fits(column + 1);
      p = end + 1;
    }
    const { key } = this.#rows;
    const plan = this.#keyPlan();
    key.begin(plan);
    for (const column of plan.columns) {
      lexer.unquote(bytes, this.#starts[column]!, this.#ends[column]!);
      key.add(lexer.bytes, lexer.start, lexer.end, this.#ascii[column] === 1);
    }
    const slot = this.#rows.place();
    if (slot !== DROPPED && this.#sink.isPresent(slot)) this.#rows.repeat(slot);
    return slot;
  }

  /** Which key the row has whose first cells were found. */
  #keyPlan(): KeyPlan {
    const { key, xdr } = this.#plan;
    if (!xdr) return key;
    const lexer = this.#lexer;
    lexer.unquote(this.#bytes, this.#starts[xdr.typeColumn]!, this.#ends[xdr.typeColumn]!);
    return isAggregated(lexer.bytes, lexer.start, lexer.end) ? xdr.key : key;
  }

  /** Writes the cells of the row at `from`; returns the index of the row's LF or CR. */
  #writeRow(from: number, slot: number): number {
    const prefix = this.#prefix;
    if (prefix > PREFIX_MAX) return this.#writeCells(from, 0, slot);
    const { view } = this.#run;
    for (let c = 0; c < prefix; c++) {
      const start = this.#starts[c]!;
      const end = this.#ends[c]!;
      if (this.cells.repeat(view, start, this.#delimiter, c, slot) === end) continue;
      this.#writeCell(start, end, c, slot, this.#ascii[c] === 1);
    }
    const end = this.#ends[prefix - 1]!;
    if (this.#bytes[end] === this.#delimiter) return this.#writeCells(end + 1, prefix, slot);
    this.#rows.fits(prefix);
    return end;
  }

  /** Writes the cells from column `from` on, the first at `p`; returns the index of the row's LF or CR. */
  #writeCells(start: number, from: number, slot: number): number {
    const bytes = this.#bytes;
    const run = this.#run;
    const kinds = run.columns;
    const delimiter = this.#delimiter;
    const { ops } = this.cells;
    const count = this.#plan.header.length;
    let p = start;
    let column = from;
    for (;;) {
      // Between two columns that the loop would not take, its call is saved.
      if (p >= MARGIN_BEFORE && kinds[column * RUN_STRIDE] !== KIND_STOP) {
        p = readNumbers(run, p, column, slot);
        column = run.column;
        if (column < 0) {
          column = ~column;
          break;
        }
      }
      if (column >= count) {
        column += this.#lexer.countCells(this.#bytes, p);
        break;
      }
      if (ops[column] === OP_SKIP) {
        p = this.#lexer.cellEnd(bytes, p);
        column++;
        if (bytes[p] !== delimiter) break;
        p++;
        continue;
      }
      if (bytes[p] === delimiter) {
        this.cells.write(bytes, p, p, column, slot, true);
        column++;
        p++;
        continue;
      }
      const repeated = this.cells.repeat(run.view, p, delimiter, column, slot);
      if (repeated >= 0) {
        column++;
        p = repeated;
        if (bytes[p] !== delimiter) break;
        p++;
        continue;
      }
      const end = this.#lexer.cellEnd(bytes, p);
      this.#writeCell(p, end, column, slot, this.#lexer.isAscii);
      column++;
      p = end;
      if (bytes[p] !== delimiter) break;
      p++;
    }
    this.#rows.fits(column);
    return p;
  }

  #writeCell(start: number, end: number, column: number, slot: number, isAscii: boolean): void {
    writeSpan(this.#path, this.#bytes, start, end, column, slot, isAscii);
  }
}
