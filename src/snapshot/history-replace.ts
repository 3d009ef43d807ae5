/**
 * Larger or tidier tables for a history whose tables ran full. Slots keep their numbers, so frames
 * stay as they are; slots of rows that are gone and left no sample in any frame serve new rows.
 */
import { CONTROL_FREE, CONTROL_SLOTS, type HistoryTables } from './history-layout.js';
import type { BankView, SegmentReader } from './reader.js';

/** Copies what lives from `old` to the empty tables `into`. `parity`: the bank of the published version. */
export function replaceTables(
  old: HistoryTables,
  into: HistoryTables,
  parity: number,
  oldestFrame: number,
  reader: SegmentReader,
  bank: BankView,
): void {
  const slots = old.i32[CONTROL_SLOTS]!;
  into.i32[CONTROL_SLOTS] = slots;
  copyBank(old, into, parity, slots);
  const lives = new Uint8Array(slots);
  forEachLiving(old, oldestFrame, reader, bank, (slot, start, end) => {
    lives[slot] = 1;
    into.i32[into.slotOfEntry + into.keys.count] = slot;
    into.keys.insert(old.u8, start, end);
    into.i32[into.lastFrame + slot] = old.i32[old.lastFrame + slot]!;
  });
  let free = 0;
  for (let slot = slots - 1; slot >= 0; slot--) {
    if (lives[slot]) continue;
    into.i32[into.freeSlot + free++] = slot;
    clearSlot(into, parity, slot);
  }
  into.i32[CONTROL_FREE] = free;
}

/** Visits the slots that must keep their numbers, with where their keys lie. */
function forEachLiving(
  { i32, u8, keys, slotOfEntry, lastFrame }: HistoryTables,
  oldestFrame: number,
  reader: SegmentReader,
  bank: BankView,
  visit: (slot: number, start: number, end: number) => void,
): void {
  for (let entry = 0; entry < keys.count; entry++) {
    const slot = i32[slotOfEntry + entry]!;
    const start = keys.startOf(entry);
    const end = start + keys.lengthOf(entry);
    // What a dying writer had claimed is in no index.
    if (end === start || keys.find(u8, start, end) !== entry) continue;
    const row = reader.findBytes(u8, start, end);
    const present = row >= 0 && reader.isPresent(bank, row);
    if (present || i32[lastFrame + slot]! >= oldestFrame) visit(slot, start, end);
  }
}

/** Rows and bytes of keys that tables must hold: what lives in `tables`, and what the bank brings. */
export function roomNeeded(
  tables: HistoryTables,
  oldestFrame: number,
  reader: SegmentReader,
  bank: BankView,
): { rows: number; keyBytes: number } {
  let rows = 0;
  let keyBytes = 0;
  forEachLiving(tables, oldestFrame, reader, bank, (_, start, end) => {
    rows++;
    keyBytes += end - start;
  });
  for (let row = 0; row < bank.slots; row++) {
    if (!reader.isPresent(bank, row)) continue;
    const start = reader.keyStart(row);
    const length = reader.keyLength(row);
    if (tables.keys.find(reader.u8, start, start + length) >= 0) continue;
    rows++;
    keyBytes += length;
  }
  return { rows, keyBytes };
}

function copyBank(old: HistoryTables, into: HistoryTables, parity: number, slots: number): void {
  const from = old.banks[parity & 1]!;
  const to = into.banks[parity & 1]!;
  const bitmap = Math.ceil(slots / 64) * 2;
  for (let c = 0; c < from.valueWord.length; c++) {
    into.i32.set(old.i32.subarray(from.valueWord[c], from.valueWord[c]! + slots * 2), to.valueWord[c]);
    into.i32.set(old.i32.subarray(from.validWord[c], from.validWord[c]! + bitmap), to.validWord[c]);
    into.i32.set(old.i32.subarray(from.tagWord[c], from.tagWord[c]! + bitmap * 2), to.tagWord[c]);
  }
}

/** A slot as no row has ever had it: a new row's series ends at its first sample. */
function clearSlot({ i32, banks }: HistoryTables, parity: number, slot: number): void {
  const { valueWord, validWord, tagWord } = banks[parity & 1]!;
  const keep = ~(1 << (slot & 31));
  for (let c = 0; c < valueWord.length; c++) {
    i32[valueWord[c]! + slot * 2] = 0;
    i32[valueWord[c]! + slot * 2 + 1] = 0;
    i32[validWord[c]! + (slot >> 5)]! &= keep;
    const group = tagWord[c]! + (slot >> 6) * 4 + ((slot >> 5) & 1);
    i32[group]! &= keep;
    i32[group + 2]! &= keep;
  }
}
