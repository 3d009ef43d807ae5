/**
 * Counters that stand below the version before: cleared, run over, or an older sample. Which of these it
 * was is what a delta says (rate.ts); here they are only counted, while changes.ts has the cells at hand.
 */
import { TAG_F64, TAG_I64, type ColumnKind } from '../model/schema.js';
import { lowestBit } from './bits.js';
import type { BankLayout, SegmentViews } from './layout.js';

const TWO_32 = 4294967296;

/**
 * How many of the cells `bits` of word `w` are counters below the version before. The cells hold a value
 * in both banks. One below zero counts nothing: it says that there is no count.
 */
export function countResets(
  { i32, f64 }: SegmentViews,
  kind: ColumnKind,
  column: number,
  banks: { readonly now: BankLayout; readonly old: BankLayout },
  w: number,
  bits: number,
): number {
  const { now, old } = banks;
  const a = now.cell0[column]! + w * 32;
  const b = old.cell0[column]! + w * 32;
  if (kind === 'i64' || kind === 'u64') return countLower(i32, kind === 'i64' ? -1 : 0, a, b, bits);
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) {
    const k = lowestBit(rest);
    const slot = w * 32 + k;
    current.load(i32, f64, kind, now.tagWord[column]!, a + k, slot);
    previous.load(i32, f64, kind, old.tagWord[column]!, b + k, slot);
    if (current.double >= 0 && current.isBelow(previous)) count++;
  }
  return count;
}

/** Integers. `signMask`: of the high words, what makes a cell no count. Hardly any cell is lower: branches are foreseen. */
function countLower(i32: Int32Array, signMask: number, a: number, b: number, bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) {
    const k = lowestBit(rest);
    const x = ((a + k) * 2) | 0;
    const y = ((b + k) * 2) | 0;
    const high = i32[(x + 1) | 0]!;
    const highOld = i32[(y + 1) | 0]!;
    if (((high | highOld) & signMask) < 0) continue;
    if (high === highOld ? i32[x]! >>> 0 < i32[y]! >>> 0 : high >>> 0 < highOld >>> 0) count++;
  }
  return count;
}

/** A cell of an f64 or mixed column: as a double, and as the two words it is. Reused from cell to cell. */
class Operand {
  isInteger = false;
  double = 0;
  high = 0;
  low = 0;

  load(
    i32: Int32Array,
    f64: Float64Array,
    kind: ColumnKind,
    tagWord: number,
    cell: number,
    slot: number,
  ): this {
    const tag = kind === 'f64' ? TAG_F64 : (i32[tagWord + (slot >> 4)]! >>> ((slot & 15) * 2)) & 3;
    const high = i32[cell * 2 + 1]!;
    this.isInteger = tag !== TAG_F64;
    this.high = tag === TAG_I64 ? high : high >>> 0;
    this.low = i32[cell * 2]! >>> 0;
    this.double = this.isInteger ? this.high * TWO_32 + this.low : f64[cell]!;
    return this;
  }

  /** Integers beyond 2^53 may round to the same double. */
  isBelow(other: Operand): boolean {
    if (this.double !== other.double || !this.isInteger || !other.isInteger)
      return this.double < other.double;
    return this.high === other.high ? this.low < other.low : this.high < other.high;
  }
}

const current = new Operand();
const previous = new Operand();
