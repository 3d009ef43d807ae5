/**
 * Rows by name. A key that no row has as it was given is tried again with its GUIDs in the spelling
 * of row keys: `0c42a103007ab890:7`, `0X0C42A103007AB890:7` and UFM's own `c42a103007ab890_7` name
 * the row `0x0c42a103007ab890:7`. Only a key that the table really holds counts. Prefixes are taken
 * as they are.
 */
import type { RowAddress, Table, TableSchema } from '../fabric/table.js';
import { canonicalGuid, type KeyForm } from '../model/guid.js';

/** Keys are short, and one text has few readings: more are nobody's key. */
const CANDIDATES_MAX = 64;
const KNOWN_MAX = 4096;
const KNOWN_CHARACTERS_MAX = 128;
/** A GUID at a place in a key: in four groups, or in one piece. */
const GUID_AT = [/[0-9a-f]{4}(?::[0-9a-f]{4}){3}(?=:|$)/iy, /(?:0x)?[0-9a-f]{1,16}(?=:|$)/iy] as const;

/** Finds the row of a key, however its GUIDs are spelled; false when there is none. As Table.find. */
export function findRow(table: Table, key: string, into: RowAddress): boolean {
  if (table.find(key, into)) return true;
  for (const candidate of candidatesOf(table, key)) if (table.find(candidate, into)) return true;
  return false;
}

/**
 * The key that stands in the table, or stood there in an earlier version, for another spelling of it;
 * undefined when there is none. For keys that the table does not know as they were given.
 */
export function storedSpelling(table: Table, key: string): string | undefined {
  const candidates = candidatesOf(table, key);
  if (candidates.length === 0) return undefined;
  const row: RowAddress = { part: 0, slot: -1 };
  return (
    candidates.find((candidate) => table.find(candidate, row)) ??
    candidates.find((candidate) => table.parts.some(({ reader }) => reader.findKey(candidate) >= 0))
  );
}

/** Each key as the table has or had it, in whatever spelling; as it was given when the table has neither. */
export function heldKeys(table: Table, keys: readonly string[]): readonly string[] {
  return keys.map((key) => {
    const isHeld = table.parts.some(({ reader }) => reader.findKey(key) >= 0);
    return isHeld ? key : (storedSpelling(table, key) ?? key);
  });
}

/** Spellings tried before, by the table's columns and sources, which outlive its versions. */
const known = new WeakMap<TableSchema, Map<string, readonly string[]>>();

function candidatesOf(table: Table, key: string): readonly string[] {
  if (!table.parts.some(({ ref }) => ref.names && ref.names.keyForms.length > 0)) return [];
  let cache = known.get(table.schema);
  if (!cache) known.set(table.schema, (cache = new Map<string, readonly string[]>()));
  const before = cache.get(key);
  if (before) return before;
  const found = new Set<string>();
  const forms = new Map<string, KeyForm>();
  for (const { ref } of table.parts)
    for (const form of ref.names?.keyForms ?? []) forms.set(form.join(), form);
  for (const form of forms.values())
    for (const text of spelledAs(key, form)) read(text, form, 0, 0, '', found);
  found.delete(key);
  const candidates = [...found];
  if (key.length <= KNOWN_CHARACTERS_MAX) {
    if (cache.size >= KNOWN_MAX) cache.clear();
    cache.set(key, candidates);
  }
  return candidates;
}

/** The key, and for a key of two parts UFM's form of it: `<guid>_<port>`. */
function spelledAs(key: string, form: KeyForm): string[] {
  const at = form.length === 2 ? key.lastIndexOf('_') : -1;
  return at < 0 ? [key] : [key, `${key.slice(0, at)}:${key.slice(at + 1)}`];
}

/** Adds every reading of `key` from index `at` as components `index` and on of `form`. */
function read(key: string, form: KeyForm, index: number, at: number, head: string, found: Set<string>): void {
  if (found.size >= CANDIDATES_MAX) return;
  const go = (end: number, text: string): void => {
    const whole = index === 0 ? text : `${head}:${text}`;
    if (index === form.length - 1) {
      if (end === key.length) found.add(whole);
    } else if (key[end] === ':') read(key, form, index + 1, end + 1, whole, found);
  };
  if (form[index]) {
    for (const pattern of GUID_AT) {
      pattern.lastIndex = at;
      const text = pattern.exec(key)?.[0];
      if (text !== undefined) go(at + text.length, canonicalGuid(text)!);
    }
  }
  // A cell that is no GUID stands in the key as it is; the last one may hold a colon.
  const colon = index === form.length - 1 ? -1 : key.indexOf(':', at);
  const end = colon < 0 ? key.length : colon;
  if (!form[index] || canonicalGuid(key.slice(at, end)) === undefined) go(end, key.slice(at, end));
}
