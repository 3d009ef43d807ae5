/** Rows as the policy wants them: placed by key, counted, refused or dropped. Used by both paths. */
import { SLOT_DEFERRED, type BankSink } from '../model/bank.js';
import { KEY_BYTES_MAX, ROWS_MAX } from '../model/limits.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { GaveUp, ParseStop, shown, SinkFull } from './failure.js';
import type { Facts } from './facts.js';
import type { HeaderPlan } from './plan.js';
import { RowKey } from './row-key.js';

export const DROPPED = -1;

/**
 * Rows that one part of a body may leave out: so many, and a share of those that it reads. A rack of new
 * ports is some; where more are of other slots the body has another order, and one job has to read it.
 */
const DEFERRED_MAX = 1024;
const DEFERRED_SHARE = 1 / 8;

export class Rows {
  readonly key: RowKey;
  /** Line of the body, from 1, that the row begins in. */
  line = 1;
  /** Where in the body the row begins. */
  offset = 0;

  readonly #plan: HeaderPlan;
  readonly #sink: BankSink;
  readonly #policy: ParsePolicy;
  readonly #facts: Facts;
  /** A header that ends in a delimiter: rows may do so, too. */
  readonly #lastIsNameless: boolean;

  constructor(plan: HeaderPlan, sink: BankSink, policy: ParsePolicy, facts: Facts) {
    this.key = new RowKey(plan, facts);
    this.#plan = plan;
    this.#sink = sink;
    this.#policy = policy;
    this.#facts = facts;
    this.#lastIsNameless = plan.header.at(-1) === '';
  }

  /** True when a row of `found` cells fits the header; false when it is to be dropped, and is counted. */
  fits(found: number): boolean {
    const expected = this.#plan.header.length;
    if (found === expected || (this.#lastIsNameless && found === expected - 1)) return true;
    return this.#refuse(`found ${found} cells where the header has ${expected}`, this.#plan.header[found]);
  }

  /** The slot of the row whose key cells have been added; DROPPED when it has no usable key or is left out. */
  place(): number {
    const { key } = this;
    const { bytes, start, end } = key;
    if (key.isEmpty || key.isTooLong) {
      const wrong = key.isEmpty ? 'empty' : `longer than ${KEY_BYTES_MAX} bytes`;
      this.#refuse(`its key is ${wrong}`, this.#plan.header[this.#plan.key.columns[0]!]);
      return DROPPED;
    }
    const slot = this.#sink.slotOf(bytes, start, end);
    if (slot === SLOT_DEFERRED) return this.#defer();
    if (slot < 0) throw new SinkFull(this.#sink);
    this.#facts.keyBytes += end - start;
    return slot;
  }

  /** Whoever reads the row later counts it. */
  #defer(): number {
    this.#facts.latin1Cells -= this.key.latin1Cells;
    const { deferred, rowsRead } = this.#facts;
    deferred.push({ offset: this.offset, line: this.line });
    if (deferred.length > DEFERRED_MAX + rowsRead * DEFERRED_SHARE)
      throw new GaveUp('too many rows are of other slots');
    return DROPPED;
  }

  /** A second row of one key: refused, or counted and the first one's cells forgotten. */
  repeat(slot: number): void {
    if (this.#policy.duplicateRows === 'reject') {
      const { bytes, start, end } = this.key;
      this.#stop(`a second row of key ${shown(bytes, start, end)} (\`duplicate_rows: last\` would take it)`);
    }
    this.#facts.duplicates++;
    this.#sink.clearMissing(slot);
  }

  /** The row is complete. */
  accept(slot: number): void {
    this.#sink.setPresent(slot);
    this.#count(1);
  }

  /** The same of rows that were placed otherwise, and are present. */
  acceptRun(rows: number, keyBytes: number): void {
    this.#facts.keyBytes += keyBytes;
    this.#count(rows);
  }

  #count(rows: number): void {
    this.#facts.rowsRead += rows;
    if (this.#facts.rowsRead <= ROWS_MAX) return;
    throw new ParseStop('cardinality', `cannot take more than ${ROWS_MAX} rows of one source`);
  }

  /** A cell that could not be read: the first few are shown in the log. */
  showCell(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#facts.example(() => {
      const name = this.#plan.header[column]!.slice(0, 64);
      return `line ${this.line}, ${name}: '${shown(bytes, start, end)}'`;
    });
  }

  /** Refuses the body because of this row. */
  stop(what: string): never {
    this.#stop(what);
  }

  #stop(what: string, column?: string): never {
    const { line } = this;
    const place = column === undefined ? { line } : { line, column };
    throw new ParseStop('parse', `cannot read line ${line}: ${what}`, place);
  }

  #refuse(what: string, column: string | undefined): false {
    if (this.#policy.ragged === 'reject')
      this.#stop(`${what} (\`ragged: drop\` would skip such rows)`, column);
    this.#facts.rejectedRows++;
    this.#facts.example(() => `line ${this.line}: ${what}`);
    return false;
  }
}
