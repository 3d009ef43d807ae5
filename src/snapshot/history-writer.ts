/**
 * Records one published bank into a source's history. Runs in a worker, start to end. Nothing that a
 * reader of the published version looks at is written: a job that dies is simply run again.
 */
import { HISTORY_GROUP_SLOTS } from '../model/history.js';
import { TAG_F64, TAG_I64, TAG_U64 } from '../model/schema.js';
import {
  CONTROL_FREE,
  CONTROL_SLOTS,
  openBlock,
  openHistoryTables,
  type HistoryBank,
  type HistoryTables,
} from './history-layout.js';
import { FramePacker } from './history-pack.js';
import type { RecordAnswer, RecordTask } from './history-task.js';
import { replaceTables, roomNeeded } from './history-replace.js';
import { SegmentReader, type BankView, type ColumnView } from './reader.js';

const NO_ROW = -1;

/** Where a sample comes from: a row of a bank. */
interface Sampled {
  readonly reader: SegmentReader;
  readonly bank: BankView;
  /** By slot of the history: the bank's slot, or NO_ROW without a new sample. */
  readonly rowOf: Int32Array;
}

export function recordHistory(task: RecordTask): RecordAnswer {
  const reader = new SegmentReader(task.segment);
  const bank = reader.bank(task.bankVersion);
  const tables = openHistoryTables(task.tables);
  const old = task.version & 1;
  if (task.replaced)
    replaceTables(openHistoryTables(task.replaced), tables, old, task.oldestFrame, reader, bank);
  const rowOf = new Int32Array(tables.spec.slotCapacity).fill(NO_ROW);
  if (!mapRows(tables, reader, bank, rowOf)) {
    return { kind: 'full', ...roomNeeded(tables, task.oldestFrame, reader, bank) };
  }
  const slots = tables.i32[CONTROL_SLOTS]!;
  const columns = task.columns.length;
  const packer = new FramePacker(openBlock(task.block), task.start8, task.end8, columns + 1);
  const from = tables.banks[old]!;
  const to = tables.banks[old ^ 1]!;
  const sample = { reader, bank, rowOf };
  const sampled = recordTimes(tables, from, to, packer, sample, slots, task.frame);
  for (let c = 0; c < columns && !packer.full; c++) {
    const view = bank.columns.find(({ name, kind }) => name === task.columns[c] && kind !== 'text');
    recordColumn(tables, from, to, packer, sample, slots, c + 1, view);
  }
  if (packer.full) return { kind: 'no_room' };
  if (sampled === 0) return { kind: 'nothing' };
  return { kind: 'recorded', slots, length8: packer.length8, sampled };
}

/** Finds or makes the history's slot of each present row. False when the tables are full. */
function mapRows(tables: HistoryTables, reader: SegmentReader, bank: BankView, rowOf: Int32Array): boolean {
  const { keys, i32, slotOfEntry } = tables;
  let last = -1;
  for (let row = 0; row < bank.slots; row++) {
    if (!reader.isPresent(bank, row)) continue;
    const start = reader.keyStart(row);
    const end = start + reader.keyLength(row);
    // Rows keep their order: the next entry is nearly always the right one.
    let entry = last + 1;
    if (entry >= keys.count || !keys.equals(entry, reader.u8, start, end)) {
      entry = keys.find(reader.u8, start, end);
      if (entry < 0) entry = insertRow(tables, reader.u8, start, end);
      if (entry < 0) return false;
    }
    last = entry;
    rowOf[i32[slotOfEntry + entry]!] = row;
  }
  return true;
}

/** A new key's entry; negative when the tables are full. */
function insertRow(tables: HistoryTables, bytes: Uint8Array, start: number, end: number): number {
  const { keys, i32, slotOfEntry, freeSlot, spec } = tables;
  if (keys.count >= spec.slotCapacity) return -1;
  let slot: number;
  if (i32[CONTROL_FREE]! > 0) slot = i32[freeSlot + --i32[CONTROL_FREE]!]!;
  else if (i32[CONTROL_SLOTS]! < spec.slotCapacity) slot = i32[CONTROL_SLOTS]!++;
  else return -1;
  // Before the insertion, which makes the entry visible.
  i32[slotOfEntry + keys.count] = slot;
  return keys.insert(bytes, start, end);
}

/** Writes row times; rows whose time did not move leave `rowOf`. Returns how many moved. */
function recordTimes(
  tables: HistoryTables,
  from: HistoryBank,
  to: HistoryBank,
  packer: FramePacker,
  { reader, bank, rowOf }: Sampled,
  slots: number,
  frame: number,
): number {
  const { i32, lastFrame } = tables;
  const oldWord = from.valueWord[0]!;
  const newWord = to.valueWord[0]!;
  const bits = new Int32Array(2);
  const time = new Float64Array(bits.buffer);
  let sampled = 0;
  packer.valid.fill(0);
  packer.tags.fill(0);
  const groups = Math.ceil(slots / HISTORY_GROUP_SLOTS);
  if (!packer.beginColumn(0, groups)) return 0;
  for (let group = 0, slot = 0; group < groups; group++) {
    const count = Math.min(HISTORY_GROUP_SLOTS, slots - slot);
    for (let k = 0; k < count; k++, slot++) {
      const oldLo = i32[oldWord + slot * 2]!;
      const oldHi = i32[oldWord + slot * 2 + 1]!;
      let lo = oldLo;
      let hi = oldHi;
      const row = rowOf[slot]!;
      if (row !== NO_ROW) {
        time[0] = reader.rowTimeMs(bank, row);
        lo = bits[0]!;
        hi = bits[1]!;
        if (lo === oldLo && hi === oldHi) rowOf[slot] = NO_ROW;
        else {
          sampled++;
          i32[lastFrame + slot] = frame;
        }
      }
      i32[newWord + slot * 2] = lo;
      i32[newWord + slot * 2 + 1] = hi;
      packer.lo[k] = (lo - oldLo) | 0;
      packer.hi[k] = (hi - oldHi - (lo >>> 0 < oldLo >>> 0 ? 1 : 0)) | 0;
    }
    if (!packer.putGroup(group, count)) return sampled;
  }
  packer.endColumn();
  return sampled;
}

/** Tags of 32 cells of a column that has one kind, as two bitmaps. */
function tagBits(kind: string): readonly [number, number] {
  const tag = kind === 'i64' ? TAG_I64 : kind === 'u64' ? TAG_U64 : TAG_F64;
  return [tag & 1, tag >> 1];
}

/**
 * Writes one tracked column; `view` undefined: the bank lacks it, or it is text. A missing cell keeps
 * its last value and loses its validity bit: then nothing has to be stored for it.
 */
function recordColumn(
  tables: HistoryTables,
  from: HistoryBank,
  to: HistoryBank,
  packer: FramePacker,
  { rowOf }: Sampled,
  slots: number,
  column: number,
  view: ColumnView | undefined,
): void {
  const { i32 } = tables;
  const oldWord = from.valueWord[column]!;
  const newWord = to.valueWord[column]!;
  const fixed = tagBits(view?.kind ?? 'f64');
  const { lo: diffLo, hi: diffHi, valid, tags } = packer;
  const groups = Math.ceil(slots / HISTORY_GROUP_SLOTS);
  if (!packer.beginColumn(column, groups)) return;
  for (let group = 0, slot = 0; group < groups; group++) {
    const count = Math.min(HISTORY_GROUP_SLOTS, slots - slot);
    copyBits(i32, from, to, column, group);
    valid.fill(0);
    tags.fill(0);
    for (let k = 0; k < count; k++, slot++) {
      const oldLo = i32[oldWord + slot * 2]!;
      const oldHi = i32[oldWord + slot * 2 + 1]!;
      let lo = oldLo;
      let hi = oldHi;
      const row = rowOf[slot]!;
      if (row !== NO_ROW) {
        const bit = 1 << (slot & 31);
        const word = slot >> 5;
        const had = i32[to.validWord[column]! + word]! & bit;
        if (view && (view.i32[view.validityWord + (row >> 5)]! >>> (row & 31)) & 1) {
          const cell = (view.cell0 + row) * 2;
          lo = view.i32[cell]!;
          hi = view.i32[cell + 1]!;
          if (!had) flip(i32, to.validWord[column]! + word, bit, valid, k >> 5);
          const tag = view.tagWord < 0 ? -1 : (view.i32[view.tagWord + (row >> 4)]! >>> ((row & 15) * 2)) & 3;
          for (let b = 0; b < 2; b++) {
            const wanted = tag < 0 ? fixed[b as 0 | 1] : (tag >> b) & 1;
            const at = to.tagWord[column]! + (group * 2 + b) * 2 + (k >> 5);
            if (((i32[at]! & bit) !== 0) !== (wanted === 1)) flip(i32, at, bit, tags, b * 2 + (k >> 5));
          }
        } else if (had) flip(i32, to.validWord[column]! + word, bit, valid, k >> 5);
      }
      i32[newWord + slot * 2] = lo;
      i32[newWord + slot * 2 + 1] = hi;
      diffLo[k] = (lo - oldLo) | 0;
      diffHi[k] = (hi - oldHi - (lo >>> 0 < oldLo >>> 0 ? 1 : 0)) | 0;
    }
    if (!packer.putGroup(group, count)) return;
  }
  packer.endColumn();
}

/** Validity and tags of a group as they were: two words and four. */
function copyBits(i32: Int32Array, from: HistoryBank, to: HistoryBank, column: number, group: number): void {
  for (let w = 0; w < 2; w++) {
    i32[to.validWord[column]! + group * 2 + w] = i32[from.validWord[column]! + group * 2 + w]!;
  }
  for (let w = 0; w < 4; w++) {
    i32[to.tagWord[column]! + group * 4 + w] = i32[from.tagWord[column]! + group * 4 + w]!;
  }
}

function flip(i32: Int32Array, at: number, bit: number, changes: Int32Array, word: number): void {
  i32[at]! ^= bit;
  changes[word]! |= bit;
}
