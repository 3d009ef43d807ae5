/**
 * Which of the parts that hold a key serves its row: the one with the newest sample. On a tie one
 * that has it from its source now, not held from before; then the earlier part. Any thread.
 */
import type { MergeIndex } from '../snapshot/merge-index.js';
import type { BankView, SegmentReader } from '../snapshot/reader.js';

/** A bank of a segment, as much of a part as the choice needs. */
export interface ReadBank {
  readonly reader: SegmentReader;
  readonly bank: BankView;
}

/** A row's address; `slot` is -1 when there is none. Reused by the calls that fill it. */
export interface RowAddress {
  part: number;
  slot: number;
}

/**
 * Fills `into` with the address that serves `row`, and returns its sample time (epoch ms); slot -1
 * and -Infinity when no part holds it.
 */
export function newestOf(
  index: MergeIndex,
  parts: readonly ReadBank[],
  row: number,
  into: RowAddress,
): number {
  const { i32 } = index;
  const base = index.slotWord + row * index.parts;
  let newestMs = -Infinity;
  let newestHeld = false;
  into.slot = -1;
  for (let p = 0; p < parts.length; p++) {
    const slot = i32[base + p]!;
    if (slot < 0) continue;
    const { reader, bank } = parts[p]!;
    if (!reader.isPresent(bank, slot)) continue;
    const sampleMs = reader.sampleMs(bank, slot);
    const held = reader.isHeld(bank, slot);
    if (sampleMs < newestMs || (sampleMs === newestMs && (held || !newestHeld))) continue;
    into.part = p;
    into.slot = slot;
    newestMs = sampleMs;
    newestHeld = held;
  }
  return newestMs;
}

/** The first part that holds the row: where it stands in the table. -1 when none does. */
export function standsIn(index: MergeIndex, parts: readonly ReadBank[], row: number): number {
  for (let p = 0; p < parts.length; p++) {
    const slot = index.slotOf(row, p);
    if (slot >= 0 && parts[p]!.reader.isPresent(parts[p]!.bank, slot)) return p;
  }
  return -1;
}
