/** How much memory the history of chosen columns needs at most: what config/ refuses and the ring obeys. */

/** Slots that are packed together; one directory entry each. */
export const HISTORY_GROUP_SLOTS = 64;
/** A group at its worst: directory entry, validity and tag changes, base, and 8 bytes a cell. */
export const HISTORY_GROUP_BYTES_MAX = 4 + 8 + 16 + 8 + 8 * HISTORY_GROUP_SLOTS;
/** Frames that a block of the ring holds at least. */
export const HISTORY_BLOCK_FRAMES = 8;
/** Frames beyond the window: those of the block that is filled, of the oldest one, and two for the edges. */
const HISTORY_SPARE_FRAMES = 2 * HISTORY_BLOCK_FRAMES + 2;
/** Shared buffers are made in multiples of this. */
export const HISTORY_GRAIN_BYTES = 64 * 1024;
/** Tables are made for so many times the rows seen. */
export const HISTORY_ROW_SLACK = 1.25;
/** A row's key with its index, and what is known of the row itself. */
const ROW_BYTES = 64 + 32;
/** Two banks of a cell's last value, with its validity and tag bits. */
const LAST_VALUE_BYTES = 2 * (8 + 3 / 8);

export interface HistoryNeed {
  /** Tracked columns and the row time. */
  readonly cellsPerRow: number;
  readonly samples: number;
  readonly bytesPerSample: number;
  readonly frameBytes: number;
  readonly tableBytes: number;
  readonly totalBytes: number;
}

/** Bytes of one frame when every cell of `rows` rows changed beyond all packing. */
export function worstFrameBytes(columns: number, rows: number): number {
  const groups = Math.ceil(rows / HISTORY_GROUP_SLOTS);
  const perColumn = groups * HISTORY_GROUP_BYTES_MAX + 16;
  return Math.ceil(((columns + 1) * perColumn + 16) / 8) * 8;
}

/**
 * What `rows` rows of all sources together need at most, when each source brings a sample every
 * `intervalMs`. Tables count twice: growing ones are copied.
 */
export function historyNeed(
  columns: number,
  rows: number,
  windowMs: number,
  intervalMs: number,
  sources: number,
): HistoryNeed {
  const cellsPerRow = columns + 1;
  const samples = Math.ceil(windowMs / intervalMs);
  // Each source rounds its rows up to whole groups.
  const allRows = rows + (sources - 1) * HISTORY_GROUP_SLOTS;
  const frameBytes = worstFrameBytes(columns, allRows);
  const slots = allRows * HISTORY_ROW_SLACK;
  const tableBytes = Math.ceil(2 * slots * (ROW_BYTES + cellsPerRow * LAST_VALUE_BYTES));
  const grains = sources * 4 * HISTORY_GRAIN_BYTES;
  const totalBytes = frameBytes * (samples + HISTORY_SPARE_FRAMES) + tableBytes + grains;
  const bytesPerSample = HISTORY_GROUP_BYTES_MAX / HISTORY_GROUP_SLOTS;
  return { cellsPerRow, samples, bytesPerSample, frameBytes, tableBytes, totalBytes };
}
