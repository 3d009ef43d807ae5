/** The whole body of one tick, from nothing but its shape: pure, and the same everywhere. */

import { bytesOf, CR, LF } from './digits.js';
import { fillOptions, shapeOf, type MatrixShape, type SimulatorDialect } from './options.js';
import type { RowWriter } from './row-writer.js';
import { switchColumns, switchRows } from './switch-rows.js';
import { ufmColumns, UFM_IDENTITY_COLUMNS } from './ufm-columns.js';
import { UfmRows } from './ufm-rows.js';

export interface MatrixRequest {
  readonly dialect: SimulatorDialect;
  readonly rows: number;
  /** Of `ufm`; the other dialects have their own. Default 120. */
  readonly columns?: number | undefined;
  readonly seed: number;
  readonly tick: number;
  /** Time of the tick, whole epoch milliseconds. Default 2026-01-01T00:00:00Z plus 10 s a tick. */
  readonly tsMs?: number | undefined;
  readonly firstRow?: number | undefined;
  readonly changePct?: number | undefined;
  readonly naPct?: number | undefined;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);
/** Room beyond the last body of the same shape: counters grow by a digit now and then. */
const SPARE_BYTES = 64 * 1024;

function rowWriter(dialect: SimulatorDialect, shape: MatrixShape): RowWriter {
  return dialect === 'ufm' ? new UfmRows(shape) : switchRows(dialect, shape);
}

/** The header row; `columns` matters only to `ufm`. */
export function columnNames(dialect: SimulatorDialect, columns: number): readonly string[] {
  return dialect === 'ufm' ? ufmColumns(columns).map((column) => column.name) : switchColumns(dialect);
}

/** Columns that are neither identity nor time. */
export function metricCount(dialect: SimulatorDialect, columns: number): number {
  const others = dialect === 'ufm' ? UFM_IDENTITY_COLUMNS : dialect === 'page' ? 2 : 1;
  return columnNames(dialect, columns).length - others;
}

/** Bodies of one dialect and shape, tick after tick. Not to be used by two threads at once. */
export class Matrix {
  readonly columns: number;
  readonly header: Uint8Array;
  readonly #rows: RowWriter;
  readonly #shape: MatrixShape;
  #bytesLast: number;

  constructor(dialect: SimulatorDialect, shape: MatrixShape) {
    this.#shape = shape;
    this.#rows = rowWriter(dialect, shape);
    this.columns = this.#rows.names.length;
    this.header = bytesOf(this.#rows.names.join(',') + this.#rows.eol);
    this.#bytesLast = this.header.length + shape.rows * this.columns * 8;
  }

  /** Bytes a buffer must have to be worth reusing: room for the last body and a little growth. */
  get bytesLeast(): number {
    return this.#bytesLast + (this.#bytesLast >>> 8);
  }

  /**
   * The body at `tick`, in `reuse` if that is large enough (which is overwritten then, and must not
   * be read by anybody), else in a new buffer. The view begins at offset 0 of its buffer.
   */
  build(tick: number, tsMs: number, reuse?: Uint8Array): Uint8Array {
    const rows = this.#rows;
    const crlf = rows.eol === '\r\n';
    const rowRoom = rows.rowBytesMax + 2;
    const end = this.#shape.firstRow + this.#shape.rows;
    let out = reuse && reuse.length >= this.bytesLeast ? reuse : new Uint8Array(this.#bytesNew());
    out.set(this.header);
    let pos = this.header.length;
    rows.begin(tick, tsMs);
    for (let row = this.#shape.firstRow; row < end; row++) {
      if (out.length - pos < rowRoom) out = grown(out, pos, rowRoom);
      pos = rows.write(out, pos, row);
      if (crlf) out[pos++] = CR;
      out[pos++] = LF;
    }
    this.#bytesLast = pos;
    return out.subarray(0, pos);
  }

  #bytesNew(): number {
    return this.#bytesLast + (this.#bytesLast >>> 6) + SPARE_BYTES;
  }
}

function grown(bytes: Uint8Array, used: number, room: number): Uint8Array {
  const larger = new Uint8Array(Math.ceil(used * 1.5) + room + SPARE_BYTES);
  larger.set(bytes.subarray(0, used));
  return larger;
}

/** One body, for benches and scripts. @throws Error that names a value out of its range. */
export function buildMatrix(request: MatrixRequest): Uint8Array {
  const { dialect, rows, columns, seed, tick, tsMs, firstRow, changePct, naPct } = request;
  const options = fillOptions({
    switches: rows,
    seed,
    dialect,
    ...(columns === undefined ? {} : { columns }),
    ...(firstRow === undefined ? {} : { firstSwitch: firstRow }),
    ...(changePct === undefined ? {} : { changePct }),
    ...(naPct === undefined ? {} : { naPct }),
  });
  if (!(Number.isInteger(tick) && tick >= 0 && tick < TICK_LIMIT)) {
    throw new Error(
      `cannot build a matrix: tick must be a whole number from 0 to ${TICK_LIMIT - 1}, got ${tick}`,
    );
  }
  return new Matrix(dialect, shapeOf(options)).build(tick, tsMs ?? EPOCH_MS + tick * 10_000);
}

/** Ticks beyond this would round the fastest counters: four days at 100 ticks a second. */
export const TICK_LIMIT = 2 ** 25;
