/**
 * Room in a new segment for rows that are gone: its first fill takes them over from the generation
 * before. It comes on top of what a segment needs for its bodies, so that a generation is full when
 * it would have been full without.
 */
import { ROWS_MAX } from '../model/limits.js';
import { layoutOf, type SegmentSpec } from '../snapshot/layout.js';
import { MissingRows, type MissingOrder, type MissingRules } from '../snapshot/missing.js';
import type { Segment } from '../snapshot/segment.js';

export interface CarryRoom {
  readonly slots: number;
  readonly keyBytes: number;
}

/** As much of a Served as is needed here. */
interface Roomy {
  readonly segment: Segment;
  readonly keyColumns: readonly string[];
  readonly room: CarryRoom;
}

const NO_ROOM: CarryRoom = { slots: 0, keyBytes: 0 };
const GRAIN = 64;

function roundUp(value: number): number {
  return Math.ceil(value / GRAIN) * GRAIN;
}

/**
 * For all that may be gone once the first body is in: nobody knows yet which rows it lacks. Slots
 * that stay unused cost address space only. None for a source's first generation, and where other
 * key columns make other keys.
 */
export function carryRoom(
  before: Roomy | null,
  spec: SegmentSpec,
  keyColumns: readonly string[],
  rules: MissingRules,
): CarryRoom {
  if (!before || before.keyColumns.join('\n') !== keyColumns.join('\n')) return NO_ROOM;
  const { ref, reader, version } = before.segment;
  const { missing } = new MissingRows(ref, version).counts;
  const rows = Math.min(rules.rowsMax, reader.bank(version).rows + missing);
  const slots = Math.min(roundUp(rows), Math.max(0, roundUp(ROWS_MAX) - spec.slotCapacity));
  // Twice the length of an average key; what is longer still is forgotten, and counted.
  const keyBytes = Math.ceil(reader.keyByteCount / Math.max(1, reader.slotCount)) * 2 * slots;
  const room = { slots, keyBytes: roundUp(Math.min(keyBytes, reader.keyByteCount)) };
  return fits(withRoom(spec, room)) ? room : NO_ROOM;
}

/** Room for what is gone is no reason to refuse a body that fits without. */
function fits(spec: SegmentSpec): boolean {
  try {
    layoutOf(spec);
    return true;
  } catch {
    return false;
  }
}

export function withRoom(spec: SegmentSpec, { slots, keyBytes }: CarryRoom): SegmentSpec {
  return {
    ...spec,
    slotCapacity: spec.slotCapacity + slots,
    keyBytesCapacity: spec.keyBytesCapacity + keyBytes,
  };
}

/** What the segment was made with for its bodies: growth is reckoned from there. */
export function withoutRoom(spec: SegmentSpec, { slots, keyBytes }: CarryRoom): SegmentSpec {
  return withRoom(spec, { slots: -slots, keyBytes: -keyBytes });
}

/**
 * What the fill of `target` is told. The first fill of a new generation reads the one `before`, which
 * is neither refilled nor retired meanwhile: a source has one run at a time, and its next one waits
 * until no thread works for the last.
 */
export function missingOrder(rules: MissingRules, before: Roomy | null, target: Roomy | null): MissingOrder {
  if (!before || !target || target.segment === before.segment || target.room.slots === 0) {
    return { rules, carry: null };
  }
  const { ref: segment, version } = before.segment;
  const { slots: slotsMax, keyBytes: keyBytesMax } = target.room;
  return { rules, carry: { segment, version, slotsMax, keyBytesMax } };
}
