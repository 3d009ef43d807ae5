/**
 * All slots of a table in the order of their keys' UTF-8 bytes. Slots keep their key for a whole
 * generation, so one sort serves every version until new keys appear.
 */
import { parseSnapshotId } from '../model/ids.js';
import type { Table } from '../fabric/table.js';
import { compareBytes } from './text-tests.js';

/** One entry for each key, whether its row is present or not; equal keys of several parts once. */
export interface KeyOrder {
  readonly parts: Uint16Array;
  readonly slots: Int32Array;
}

/** Sorted orders kept by a thread: a few tables' worth. */
const ORDERS_MAX = 4;
const orders = new Map<string, KeyOrder>();

function compareKeys(table: Table, partA: number, slotA: number, partB: number, slotB: number): number {
  const a = table.parts[partA]!.reader;
  const b = table.parts[partB]!.reader;
  const lengthA = a.keyLength(slotA);
  const lengthB = b.keyLength(slotB);
  return compareBytes(a.u8, a.keyStart(slotA), lengthA, b.u8, b.keyStart(slotB), lengthB);
}

function sort(table: Table): KeyOrder {
  const slotsOf = table.parts.map((part) => part.bank.slots);
  const count = slotsOf.reduce((sum, slots) => sum + slots, 0);
  const part = new Uint16Array(count);
  const slot = new Int32Array(count);
  let at = 0;
  slotsOf.forEach((slots, p) => {
    for (let s = 0; s < slots; s++, at++) {
      part[at] = p;
      slot[at] = s;
    }
  });
  const compare = (a: number, b: number): number =>
    compareKeys(table, part[a]!, slot[a]!, part[b]!, slot[b]!) || a - b;
  const sorted = Uint32Array.from(part.keys()).sort(compare);
  const kept = sorted.filter((one, i) => {
    const before = sorted[i - 1];
    return (
      before === undefined || compareKeys(table, part[before]!, slot[before]!, part[one]!, slot[one]!) !== 0
    );
  });
  return {
    parts: Uint16Array.from(kept, (one) => part[one]!),
    slots: Int32Array.from(kept, (one) => slot[one]!),
  };
}

/** The order of `table`, sorted only when this thread has not seen these keys yet. */
export function keyOrder(table: Table): KeyOrder {
  const boot = parseSnapshotId(table.snapshotId)?.boot ?? '';
  const key = [boot, ...table.parts.map((part) => `${part.ref.generation}:${part.bank.slots}`)].join(' ');
  const order = orders.get(key) ?? sort(table);
  orders.delete(key);
  orders.set(key, order);
  if (orders.size > ORDERS_MAX) {
    const oldest = orders.keys().next();
    if (!oldest.done) orders.delete(oldest.value);
  }
  return order;
}
