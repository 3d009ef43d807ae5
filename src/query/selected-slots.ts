/**
 * Rows of a selection that is asked for again and again. A key keeps its slot for a whole generation:
 * a subscription looks its keys up, or compares its prefixes with every key, once, and later only
 * with keys that are new.
 */
import type { Table } from '../fabric/table.js';
import { prefixMatcher } from './prefixes.js';
import type { RowSelector } from './selector.js';

/** Of a table of one part. Whether a row is present, its bank says. */
export interface SelectedSlots {
  /** In the table's order. */
  readonly slots: Int32Array;
  /** In the order in which their keys were named; null: there are prefixes. */
  readonly named: Int32Array | null;
}

/** What a thread knows of one selection. */
interface Known extends SelectedSlots {
  readonly generation: number;
  /** Slots that were looked at. */
  readonly looked: number;
}

/** Of a thread. The selections used longest ago are looked up anew. */
const BYTES_MAX = 32 * 1024 * 1024;
const ENTRY_BYTES = 256;

const entries = new Map<string, Known>();
let bytes = 0;

function bytesOf({ slots, named }: Known): number {
  return ENTRY_BYTES + slots.byteLength + (named?.byteLength ?? 0);
}

function keep(key: string, known: Known): void {
  drop(key);
  entries.set(key, known);
  bytes += bytesOf(known);
  for (const oldest of entries.keys()) {
    if (bytes <= BYTES_MAX) return;
    drop(oldest);
  }
}

function drop(key: string): void {
  const known = entries.get(key);
  if (!known) return;
  entries.delete(key);
  bytes -= bytesOf(known);
}

/**
 * The slots that `selector` admits; null where they must be looked for each time: in a table of
 * several parts, and for keys that may be spelled in other ways. `key` names the selector among all
 * of this thread.
 */
export function selectedSlots(table: Table, selector: RowSelector, key: string): SelectedSlots | null {
  const [part] = table.parts;
  if (part === undefined || table.parts.length > 1) return null;
  const { generation } = part.ref;
  const looked = part.bank.slots;
  let known = entries.get(key);
  if (known?.generation !== generation || known.looked > looked) known = undefined;
  if (known?.looked === looked) {
    // Used last: dropped last.
    entries.delete(key);
    entries.set(key, known);
    return isSteady(table, known) ? known : null;
  }
  const found = selector.prefixes.length > 0 ? byPrefix(table, selector, known) : byName(table, selector);
  if (found === null) return null;
  const entry = { generation, looked, ...found };
  keep(key, entry);
  return isSteady(table, entry) ? entry : null;
}

/** True when keys of the table are found under other spellings, too. */
function hasSpellings(table: Table): boolean {
  return table.parts.some(({ ref }) => (ref.names?.keyForms.length ?? 0) > 0);
}

/** False when a key that names no row now may name one in another spelling. */
function isSteady(table: Table, { named }: SelectedSlots): boolean {
  if (named === null || !hasSpellings(table)) return true;
  const { reader, bank } = table.parts[0]!;
  return named.every((slot) => reader.isPresent(bank, slot));
}

function byName(table: Table, { exact }: RowSelector): SelectedSlots | null {
  const { reader } = table.parts[0]!;
  const found = exact.map((key) => reader.findKey(key));
  const named = Int32Array.from(found.filter((slot) => slot >= 0));
  if (named.length < exact.length && hasSpellings(table)) return null;
  return { named, slots: named.slice().sort() };
}

function byPrefix(
  table: Table,
  selector: RowSelector,
  known: SelectedSlots | undefined,
): SelectedSlots | null {
  const named = byName(table, selector);
  if (named === null) return null;
  const { reader, bank } = table.parts[0]!;
  const exact = new Set(named.slots);
  const matches = prefixMatcher(selector.prefixes);
  const slots = [];
  const first = known ? (known as Known).looked : 0;
  for (let slot = first; slot < bank.slots; slot++) {
    if (exact.has(slot) || matches(reader.u8, reader.keyStart(slot), reader.keyLength(slot)))
      slots.push(slot);
  }
  const all = new Int32Array((known?.slots.length ?? 0) + slots.length);
  if (known) all.set(known.slots);
  all.set(slots, known?.slots.length ?? 0);
  return { slots: all, named: null };
}
