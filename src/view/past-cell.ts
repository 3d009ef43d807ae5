/** A cell of the history as a value and as digits. */
import { TAG_F64, TAG_I64 } from '../model/schema.js';
import type { HistoryWalk } from '../snapshot/history-reader.js';
import type { ByteWriter } from './bytes.js';
import { isBeyondDouble, NUMBER_BYTES_MAX, putF64, putI64, putU64 } from './digits.js';

const QUOTE = 34;
const bits = new Int32Array(2);
const double = new Float64Array(bits.buffer);

/** 64 bits and what they mean. Plain numbers: kept for many samples at once. */
export interface PastCell {
  readonly lo: number;
  readonly hi: number;
  /** TAG_* of model/schema.ts, -1 for a missing cell. */
  readonly tag: number;
}

/** The cell of place `i` where the walk stands. */
export function pastCell(walk: HistoryWalk, i: number): PastCell {
  return { lo: walk.lo[i]!, hi: walk.hi[i]!, tag: walk.valid[i] === 1 ? walk.tag[i]! : -1 };
}

/** As a double; exact for doubles and for integers up to 2^53. NaN when missing. */
export function pastNumber({ lo, hi, tag }: PastCell): number {
  if (tag < 0) return NaN;
  if (tag !== TAG_F64) return (tag === TAG_I64 ? hi : hi >>> 0) * 4294967296 + (lo >>> 0);
  bits[0] = lo;
  bits[1] = hi;
  return double[0]!;
}

/** True for integers, also for those that a column of fractions keeps as doubles. */
export function isWhole(cell: PastCell): boolean {
  if (cell.tag !== TAG_F64) return cell.tag >= 0;
  const value = pastNumber(cell);
  return Number.isInteger(value) && Math.abs(value) <= 2 ** 53;
}

/** A whole cell, exactly. */
export function pastInteger(cell: PastCell): bigint {
  const { lo, hi, tag } = cell;
  if (tag === TAG_F64) return BigInt(pastNumber(cell));
  return (BigInt(tag === TAG_I64 ? hi : hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** Digits of a cell; `missing` where there is none. `quoteBig`: integers beyond 2^53 in quotes. */
export function writePastCell(out: ByteWriter, cell: PastCell, missing: string, quoteBig: boolean): void {
  const { lo, hi, tag } = cell;
  if (tag < 0) return out.ascii(missing);
  out.reserve(NUMBER_BYTES_MAX);
  if (tag === TAG_F64) {
    out.at = putF64(out.u8, out.at, pastNumber(cell));
    return;
  }
  const signed = tag === TAG_I64;
  const quoted = quoteBig && isBeyondDouble(hi, lo, signed);
  const { u8 } = out;
  if (quoted) u8[out.at++] = QUOTE;
  out.at = signed ? putI64(u8, out.at, hi, lo) : putU64(u8, out.at, hi >>> 0, lo >>> 0);
  if (quoted) u8[out.at++] = QUOTE;
}
