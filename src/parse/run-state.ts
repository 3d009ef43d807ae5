/** What the hot loop (number-run.ts) works on: its columns, its memory, where it stopped. */
import type { BankSink } from '../model/bank.js';

/** Entries of a column in `NumberRun.columns`. */
export const RUN_KIND = 0;
export const RUN_CELL0 = 1;
export const RUN_MISSING0 = 2;
export const RUN_MISSING = 3;
export const RUN_SEEN = 4;
export const RUN_STRIDE = 8;

export const KIND_I64 = 0;
export const KIND_U64 = 1;
export const KIND_F64 = 2;
/** Every other kind of column, and the end of the row: the loop stops before the cell. */
export const KIND_STOP = 3;

/** Bytes that must exist before and behind a cell that the loop looks at. */
export const MARGIN_BEFORE = 8;
export const MARGIN_BEHIND = 32;

/** What a run works on. One class, and fields that never change type, keep the loop's code fast. */
export class NumberRun {
  view: DataView;
  readonly columns: Int32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly delimiter: number;
  /** Cells that begin with '-' stop the loop: a configured missing value may look like that. */
  readonly stopsAtMinus: boolean;
  /** 10^n, n from 0 to 22 as doubles, all of them exact, and n from 0 to 9 as integers. */
  readonly powers = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
  readonly intPowers = Int32Array.from({ length: 10 }, (_, i) => 10 ** i);
  /** After `readExponent`: the index behind the exponent. */
  stop = 0;
  /** After a run: the column it stopped at, or ~(number of cells) when the row ended. */
  column = 0;

  constructor(view: DataView, columns: Int32Array, sink: BankSink, delimiter: number, stopsAtMinus: boolean) {
    this.view = view;
    this.columns = columns;
    this.i32 = sink.i32;
    this.f64 = sink.f64;
    this.delimiter = delimiter;
    this.stopsAtMinus = stopsAtMinus;
  }
}
