/**
 * Writes one cell of any kind, given as the span of its content. The hot loop of numeric columns
 * (number-run.ts) does the same for plain numbers; whatever it does not take ends up here.
 */
import type { BankSink } from '../model/bank.js';
import { TEXT_BYTES_MAX } from '../model/limits.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { SEEN_BIG, SEEN_HUGE, TAG_F64, TAG_I64, TAG_U64 } from '../model/schema.js';
import { SinkFull } from './failure.js';
import type { Facts } from './facts.js';
import { GUID_BYTES, writeCanonicalGuid } from './guid-bytes.js';
import { NumberReader } from './numbers.js';
import type { HeaderPlan } from './plan.js';
import { TimeCache } from './row-time.js';
import { isUtf8, latin1ToUtf8 } from './utf8.js';

/** What is done with a body's column. */
export const OP_SKIP = 0;
export const OP_TIME = 1;
export const OP_TEXT = 2;
/** Text because most cells were: looked at in case they are all numbers now. */
export const OP_TEXT_BY_CONTENT = 3;
/** Text, and GUIDs get the spelling that they have in row keys. */
export const OP_GUID = 4;
export const OP_I64 = 5;
export const OP_U64 = 6;
export const OP_F64 = 7;
export const OP_MIXED = 8;

const NO_FIELD = -1;
const LF = 10;
const QUOTE = 34;

/** A rejected cell: where it is and what it holds, for the log. */
export type RejectedCell = (column: number, bytes: Uint8Array, start: number, end: number) => void;

export class CellWriter {
  /** OP_* of each column of the body. */
  readonly ops: Uint8Array;
  /** Field of each column of the body, -1 for none. */
  readonly fieldOf: Int32Array;
  /** Told of every rejected cell. */
  rejectedCell: RejectedCell = () => {};

  readonly #sink: BankSink;
  readonly #facts: Facts;
  readonly #missing: readonly Uint8Array[];
  readonly #units: readonly (Uint8Array | undefined)[];
  readonly #number = new NumberReader();
  readonly #times = new TimeCache();
  /** Hash of each field's last text: in a survey, runs of one text count once. */
  readonly #lastHash: Int32Array | null;
  #utf8 = new Uint8Array(1024);

  constructor(plan: HeaderPlan, sink: BankSink, policy: ParsePolicy, facts: Facts, isSurvey: boolean) {
    this.#sink = sink;
    this.#facts = facts;
    this.#missing = policy.missing.map((text) => Uint8Array.from(Buffer.from(text)));
    this.#units = plan.fields.map(({ unit }) =>
      unit === '' ? undefined : Uint8Array.from(Buffer.from(unit)),
    );
    this.#lastHash = isSurvey ? new Int32Array(plan.fields.length) : null;
    this.ops = new Uint8Array(plan.header.length);
    this.fieldOf = new Int32Array(plan.header.length).fill(NO_FIELD);
    if (plan.timeColumn >= 0) this.ops[plan.timeColumn] = OP_TIME;
    plan.fields.forEach((field, index) => {
      const kind = sink.kinds[index]!;
      const op = { i64: OP_I64, u64: OP_U64, f64: OP_F64, mixed: OP_MIXED, text: OP_TEXT }[kind];
      const isGuessed = op === OP_TEXT && !field.byName;
      this.ops[field.column] = isGuessed ? OP_TEXT_BY_CONTENT : field.isGuid ? OP_GUID : op;
      this.fieldOf[field.column] = index;
    });
  }

  /**
   * Takes the cell at `p` of `view` as the text that stood here in the version before, and returns the
   * index of the delimiter or LF behind it; -1 when it is another, or when a whole look at it is due.
   * What `write` does for such a cell is done then: nothing about it can have changed.
   */
  repeat(view: DataView, p: number, delimiter: number, column: number, slot: number): number {
    const op = this.ops[column]!;
    if (op < OP_TEXT || op > OP_GUID) return -1;
    const field = this.fieldOf[column]!;
    if (op === OP_TEXT_BY_CONTENT && this.#facts.hasText[field] === 0) return -1;
    const quoted = view.getUint8(p) === QUOTE;
    // Inside quotes a delimiter is text; a doubled quote is not looked through.
    const start = quoted ? p + 1 : p;
    const stop = this.#sink.repeatText(view, start, quoted ? QUOTE : delimiter, slot, field);
    if (stop < 0) return -1;
    if (quoted && view.getUint8(stop) !== QUOTE) return -1;
    const end = quoted ? stop + 1 : stop;
    const next = view.getUint8(end);
    if (next !== delimiter && next !== LF) return -1;
    this.#facts.textBytes[field]! += stop - start;
    return end;
  }

  isText(field: number): boolean {
    return this.#sink.kinds[field] === 'text';
  }

  /**
   * Stores the content bytes[start, end) of the body's column `column` in row `slot`. `isAscii`: known to
   * be; otherwise text is looked at.
   */
  write(bytes: Uint8Array, start: number, end: number, column: number, slot: number, isAscii: boolean): void {
    const op = this.ops[column]!;
    if (op === OP_SKIP) return;
    if (start === end || this.#isMissing(bytes, start, end)) this.#putMissing(column, slot);
    else if (op === OP_TIME) this.#putTime(bytes, start, end, column, slot);
    else if (op > OP_GUID) this.#putNumber(bytes, start, end, column, slot, op);
    else if (op === OP_GUID && writeCanonicalGuid(bytes, start, end, this.#utf8, 0))
      this.#putText(this.#utf8, 0, GUID_BYTES, column, slot, OP_TEXT);
    else if (isAscii || isUtf8(bytes, start, end)) this.#putText(bytes, start, end, column, slot, op);
    else this.#putLatin1(bytes, start, end, column, slot);
  }

  #isMissing(bytes: Uint8Array, start: number, end: number): boolean {
    for (const value of this.#missing) {
      if (value.length !== end - start) continue;
      let i = 0;
      while (i < value.length && value[i] === bytes[start + i]) i++;
      if (i === value.length) return true;
    }
    return false;
  }

  #putMissing(column: number, slot: number): void {
    const field = this.fieldOf[column]!;
    if (field === NO_FIELD) {
      this.#sink.f64[this.#sink.rowTime0 + slot] = NaN;
      return;
    }
    this.#facts.missing[field]!++;
    this.#setMissingBit(field, slot);
  }

  #setMissingBit(field: number, slot: number): void {
    this.#sink.i32[this.#sink.missing0[field]! + (slot >> 5)]! |= 1 << (slot & 31);
  }

  #putTime(bytes: Uint8Array, start: number, end: number, column: number, slot: number): void {
    const time = this.#times.read(bytes, start, end, this.#number);
    if (Number.isNaN(time)) {
      this.#facts.rejectedTimes++;
      this.rejectedCell(column, bytes, start, end);
    }
    this.#sink.f64[this.#sink.rowTime0 + slot] = time;
  }

  #reject(bytes: Uint8Array, start: number, end: number, column: number, slot: number): void {
    const field = this.fieldOf[column]!;
    this.#facts.rejected[field]!++;
    this.#setMissingBit(field, slot);
    this.rejectedCell(column, bytes, start, end);
  }

  #putText(bytes: Uint8Array, start: number, end: number, column: number, slot: number, op: number): void {
    if (end - start > TEXT_BYTES_MAX) return this.#reject(bytes, start, end, column, slot);
    const field = this.fieldOf[column]!;
    if (op === OP_TEXT_BY_CONTENT && this.#facts.hasText[field] === 0)
      this.#classify(bytes, start, end, field);
    this.#countText(bytes, start, end, field);
    const id = this.#sink.intern(bytes, start, end, slot, field);
    if (id < 0) throw new SinkFull(this.#sink);
    const word = 2 * (this.#sink.cell0[field]! + slot);
    this.#sink.i32[word] = id;
    this.#sink.i32[word + 1] = 0;
  }

  /** A text column turns numeric again when all its cells are numbers: one that is none settles it. */
  #classify(bytes: Uint8Array, start: number, end: number, field: number): void {
    if (this.#number.read(bytes, start, end)) {
      this.#facts.textNumbers[field]!++;
      this.#facts.seen[field]! |= this.#number.seen;
    } else {
      this.#facts.hasText[field] = 1;
    }
  }

  #putLatin1(bytes: Uint8Array, start: number, end: number, column: number, slot: number): void {
    this.#facts.latin1Cells++;
    if (this.#utf8.length < 2 * (end - start)) this.#utf8 = new Uint8Array(4 * (end - start));
    const length = latin1ToUtf8(bytes, start, end, this.#utf8);
    const field = this.fieldOf[column]!;
    this.#facts.hasText[field] = 1;
    this.#putText(this.#utf8, 0, length, column, slot, OP_TEXT);
  }

  #countText(bytes: Uint8Array, start: number, end: number, field: number): void {
    const last = this.#lastHash;
    if (last !== null) {
      let hash = 0x811c9dc5 | 0;
      for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
      if (last[field] === hash) return;
      last[field] = hash;
    }
    this.#facts.textBytes[field]! += end - start;
  }

  #putNumber(bytes: Uint8Array, start: number, end: number, column: number, slot: number, op: number): void {
    const number = this.#number;
    const field = this.fieldOf[column]!;
    if (!number.read(bytes, start, this.#unitStart(bytes, start, end, field))) {
      this.#countText(bytes, start, end, field);
      return this.#reject(bytes, start, end, column, slot);
    }
    if (number.rounded) this.#facts.roundedIntegers++;
    const { seen } = number;
    this.#facts.seen[field]! |= seen;
    const cell = this.#sink.cell0[field]! + slot;
    if (op === OP_F64) {
      this.#sink.f64[cell] = number.double;
    } else if (op === OP_MIXED) {
      this.#putMixed(field, slot, cell);
    } else {
      // What does not fit is told by `seen`; the bank will be discarded.
      this.#sink.i32[2 * cell] = number.low;
      this.#sink.i32[2 * cell + 1] = number.high;
    }
  }

  #putMixed(field: number, slot: number, cell: number): void {
    const { i32, f64, tag0 } = this.#sink;
    const { seen, low, high, double } = this.#number;
    const tag = seen & SEEN_BIG ? TAG_I64 : seen & SEEN_HUGE ? TAG_U64 : TAG_F64;
    const word = tag0[field]! + (slot >> 4);
    const shift = (slot & 15) * 2;
    i32[word] = (i32[word]! & ~(3 << shift)) | (tag << shift);
    if (tag === TAG_F64) {
      f64[cell] = double;
    } else {
      i32[2 * cell] = low;
      i32[2 * cell + 1] = high;
    }
  }

  /** Where the number of a cell ends: before its unit, if it has one. */
  #unitStart(bytes: Uint8Array, start: number, end: number, field: number): number {
    const unit = this.#units[field];
    if (unit === undefined || end - start <= unit.length) return end;
    for (let i = 0; i < unit.length; i++) if (bytes[end - unit.length + i] !== unit[i]) return end;
    return end - unit.length;
  }
}
