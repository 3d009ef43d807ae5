/** The end of a fill: what is written once the rows are. By one job, or by several for a range each. */
import {
  BANK_HELD,
  BANK_RECEIVED_TS_F64,
  BANK_ROWS,
  BANK_SLOTS,
  BANK_SNAPSHOT_TS_F64,
  BANK_STRINGS,
  type SegmentViews,
} from './layout.js';
import { carryPrevious } from './previous.js';
import { rowIndex, stringTable } from './tables.js';
import type { WordRange } from './word-range.js';

export interface BankFacts {
  readonly rows: number;
  /** Epoch ms. */
  readonly snapshotTsMs: number;
  readonly receivedAtMs: number;
}

/** Fills a bank's meta block, once all of its rows are there and before its ranges are finished. */
export function writeMeta(
  views: SegmentViews,
  version: number,
  { rows, snapshotTsMs, receivedAtMs }: BankFacts,
): void {
  const { i32, f64, layout } = views;
  const { metaWord } = layout.banks[version & 1]!;
  i32[metaWord + BANK_ROWS] = rows;
  i32[metaWord + BANK_STRINGS] = stringTable(views).count;
  i32[metaWord + BANK_SLOTS] = rowIndex(views).count;
  i32[metaWord + BANK_HELD] = 0;
  f64[metaWord / 2 + BANK_SNAPSHOT_TS_F64] = snapshotTsMs;
  f64[metaWord / 2 + BANK_RECEIVED_TS_F64] = receivedAtMs;
}

/** Turns missing bits into validity bits and takes over the samples before. */
export function finishRange(views: SegmentViews, version: number, range: WordRange): void {
  const { i32, layout } = views;
  const { presenceWord, validityWord } = layout.banks[version & 1]!;
  for (const word of validityWord) {
    for (let w = range.from; w < range.to; w++) i32[word + w] = i32[presenceWord + w]! & ~i32[word + w]!;
  }
  carryPrevious(views, version, range);
}
