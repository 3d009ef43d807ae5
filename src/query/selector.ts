/**
 * Which rows and which columns: `sw-000,sw-5*` and `cpu_util_pct,temperature_c`.
 *
 * A row pattern is a whole key, or a prefix with one `*` at its end. In a comma list `\,` `\*` and
 * `\\` stand for the characters themselves; lists of a subscription come as arrays, and need no
 * escape for the comma.
 */
import { WeftError } from '../model/errors.js';
import { AVAILABLE_NAMES_MAX, SELECTOR_ITEMS_MAX } from '../model/limits.js';
import type { RowFilter } from '../fabric/changes.js';
import type { RowAddress, Table } from '../fabric/table.js';
import { shown } from './echo.js';
import { heldKeys, storedSpelling } from './keys.js';
import { prefixMatcher } from './prefixes.js';

/** Plain data that crosses threads: sorted, without duplicates. Not empty. */
export interface RowSelector {
  readonly exact: readonly string[];
  /** Without their `*`. */
  readonly prefixes: readonly string[];
}

/** The items of a comma list, escapes kept. Throws bad_value when one is empty, or there are too many. */
function splitList(text: string, name: string): string[] {
  const items: string[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && text[i] === '\\') i++;
    else if (i >= text.length || text[i] === ',') {
      items.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (items.includes('')) throw new WeftError('bad_value', `Parameter '${name}' has an empty item.`);
  limitItems(items.length, name);
  return items;
}

function limitItems(count: number, name: string): void {
  if (count <= SELECTOR_ITEMS_MAX) return;
  throw new WeftError(
    'too_large',
    `Parameter '${name}' has ${count} items, the limit is ${SELECTOR_ITEMS_MAX}.`,
  );
}

/** The names of a comma list in their order. Throws bad_value, or duplicate_parameter (400). */
export function parseNames(text: string, name: string): string[] {
  const names = text.split(',');
  if (names.includes('')) throw new WeftError('bad_value', `Parameter '${name}' has an empty item.`);
  checkNames(names, name);
  return names;
}

/** The same checks for names that came as an array. */
export function checkNames(names: readonly string[], name: string): void {
  limitItems(names.length, name);
  const known = new Set<string>();
  for (const one of names) {
    if (known.has(one)) throw new WeftError('duplicate_parameter', `'${name}' names ${shown(one)} twice.`);
    known.add(one);
  }
}

/** One pattern to its meaning: `star` when it ended in an unescaped `*`. */
function unescape(pattern: string, name: string): { text: string; star: boolean } {
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    const next = pattern[i + 1];
    if (pattern[i] === '\\' && (next === ',' || next === '*' || next === '\\')) {
      text += next;
      i++;
    } else if (pattern[i] === '*') {
      if (i === pattern.length - 1) return { text, star: true };
      throw new WeftError('bad_value', `'${name}' may have a '*' only at the end: ${shown(pattern)}.`);
    } else text += pattern[i];
  }
  return { text, star: false };
}

/** Row patterns as a selector; null when they admit every row. Throws bad_value or too_large. */
export function parsePatterns(patterns: readonly string[], name: string): RowSelector | null {
  limitItems(patterns.length, name);
  const exact = new Set<string>();
  const prefixes = new Set<string>();
  for (const pattern of patterns) {
    const { text, star } = unescape(pattern, name);
    if (text === '' && !star) throw new WeftError('bad_value', `'${name}' has an empty item.`);
    (star ? prefixes : exact).add(text);
  }
  if (prefixes.has('')) return null;
  return { exact: [...exact].sort(), prefixes: [...prefixes].sort() };
}

/** The same from a comma list. */
export function parseRows(text: string, name: string): RowSelector | null {
  return parsePatterns(splitList(text, name), name);
}

/** Canonical text: parseRows of it gives the same selector. `*` for all rows. */
export function formatRows(selector: RowSelector | null): string {
  if (selector === null) return '*';
  const escape = (text: string): string => text.replace(/[\\,*]/g, '\\$&');
  return [...selector.exact.map(escape), ...selector.prefixes.map((text) => `${escape(text)}*`)].join(',');
}

/** Where a row stands in the table: the first part that holds its key, and the slot there. */
function standing(table: Table, key: string): RowAddress {
  for (let part = 0; part < table.parts.length; part++) {
    const { reader, bank } = table.parts[part]!;
    const slot = reader.findKey(key);
    if (slot >= 0 && reader.isPresent(bank, slot)) return { part, slot };
  }
  throw new Error('BUG: a row that was found stands nowhere');
}

/**
 * The keys that rows have for those of a selector's keys that none has as they were given, without those
 * that the selector names itself.
 */
export function otherSpellings(table: Table, absent: readonly string[], selector: RowSelector): Set<string> {
  const stored = new Set<string>();
  for (const key of absent) {
    const spelled = storedSpelling(table, key);
    if (spelled !== undefined) stored.add(spelled);
  }
  if (stored.size > 0) for (const key of selector.exact) stored.delete(key);
  return stored;
}

/**
 * The selected rows that exist, in the table's order, at a lookup or two for each key. Null when
 * the selector names not only whole keys: then `rowFilter` says which rows it admits.
 */
export function exactRows(table: Table, selector: RowSelector | null): readonly RowAddress[] | null {
  if (selector === null || selector.prefixes.length > 0) return null;
  const found: { at: RowAddress; row: RowAddress }[] = [];
  const add = (key: string): boolean => {
    const row: RowAddress = { part: 0, slot: -1 };
    if (!table.find(key, row)) return false;
    found.push({ at: table.parts.length === 1 ? row : standing(table, key), row });
    return true;
  };
  const absent = selector.exact.filter((key) => !add(key));
  for (const key of otherSpellings(table, absent, selector)) add(key);
  found.sort((a, b) => a.at.part - b.at.part || a.at.slot - b.at.slot);
  return found.map(({ row }) => row);
}

/**
 * Admits the rows selected, by part and slot of this table; null: all rows. A slot without a
 * present row is admitted by its key all the same.
 */
export function rowFilter(table: Table, selector: RowSelector | null): RowFilter | null {
  if (selector === null) return null;
  const exact = heldKeys(table, selector.exact);
  const slots = table.parts.map(({ reader }) => {
    return new Set(exact.map((key) => reader.findKey(key)));
  });
  const matches = selector.prefixes.length === 0 ? null : prefixMatcher(selector.prefixes);
  return (part, slot) => {
    if (slots[part]!.has(slot)) return true;
    if (matches === null) return false;
    const { reader } = table.parts[part]!;
    return matches(reader.u8, reader.keyStart(slot), reader.keyLength(slot));
  };
}

/** The error of a switch that does not exist. */
export function unknownSwitch(id: string): WeftError {
  return new WeftError('unknown_switch', `Unknown switch_id ${shown(id)}.`);
}

/** The error of a metric that does not exist; it lists those that do. */
export function unknownMetric(table: Table, metric: string): WeftError {
  const names = table.schema.columns.map((column) => `'${column.name}'`);
  const listed = names.slice(0, AVAILABLE_NAMES_MAX).join(', ');
  const more = names.length > AVAILABLE_NAMES_MAX ? ` and ${names.length - AVAILABLE_NAMES_MAX} more` : '';
  return new WeftError('unknown_metric', `Unknown metric ${shown(metric)}. Available: [${listed}]${more}`);
}

/** Table column indices of names, in their order; null: all columns. Throws unknown_metric. */
export function resolveColumns(table: Table, names: readonly string[] | null): number[] {
  if (names === null) return table.schema.columns.map((_, c) => c);
  return names.map((name) => {
    const column = table.schema.byName.get(name);
    if (column === undefined) throw unknownMetric(table, name);
    return column;
  });
}
