/**
 * The samples before of a row that is kept as it is: from one bank to another, of the same segment or
 * of the one that replaces it.
 */
import { copyBit, copyTag } from './bits.js';
import type { SegmentViews } from './layout.js';

/** A row of one version of a segment. */
export interface RowPlace {
  readonly views: SegmentViews;
  readonly version: number;
  readonly slot: number;
}

/**
 * Call it beside the copying of a row's cells: afterwards the row's deltas in `to` are those that it
 * has in `from`, once its own time is, too. `source`: by column of `to`, the column of `from` with
 * the same name and kind, -1 where there is none; null: the same segment. A segment that keeps no
 * samples has none to give: the row is then as a new one.
 */
export function copyPrevious(from: RowPlace, to: RowPlace, source: readonly number[] | null): void {
  const target = to.views.layout.banks[(to.version & 1) as 0 | 1].previous;
  if (!target) return;
  const origin = from.views.layout.banks[(from.version & 1) as 0 | 1].previous;
  const [a, b] = [from.views, to.views];
  b.f64[target.prevTime0 + to.slot] = origin ? a.f64[origin.prevTime0 + from.slot]! : NaN;
  b.f64[target.olderTime0 + to.slot] = origin ? a.f64[origin.olderTime0 + from.slot]! : NaN;
  target.cell0.forEach((cell0, column) => {
    if (cell0 < 0) return;
    const c = source ? source[column]! : column;
    const had = origin && c >= 0 && origin.cell0[c]! >= 0 ? origin : null;
    if (!had) {
      const mask = ~(1 << (to.slot & 31));
      b.i32[target.validWord[column]! + (to.slot >> 5)]! &= mask;
      b.i32[target.keptWord[column]! + (to.slot >> 5)]! &= mask;
      return;
    }
    copyBit(a.i32, had.validWord[c]!, from.slot, b.i32, target.validWord[column]!, to.slot);
    copyBit(a.i32, had.keptWord[c]!, from.slot, b.i32, target.keptWord[column]!, to.slot);
    const [x, y] = [(had.cell0[c]! + from.slot) * 2, (cell0 + to.slot) * 2];
    b.i32[y] = a.i32[x]!;
    b.i32[y + 1] = a.i32[x + 1]!;
    if (target.tagWord[column]! < 0) return;
    copyTag(a.i32, had.tagWord[c]!, from.slot, b.i32, target.tagWord[column]!, to.slot);
  });
}
