/** The keys of a source that are mappings of text: request headers, units, other names of columns. */

import { z } from 'zod';
import { COLUMN_NAME_BYTES_MAX } from '../model/limits.js';
import type { ValueKind } from './value-kinds.js';

const HEADERS_MAX = 32;
const HEADER_VALUE_LENGTH_MAX = 8192;
const UNITS_MAX = 4096;
const NAMES_MAX = 4096;
const UNIT_LENGTH_MAX = 32;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** Set by weft or by the connection itself: a second value would break framing or revalidation. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

type TextMap = Readonly<Record<string, string>>;

/**
 * A mapping of text to text. `problem` says what is wrong with one entry; it must not quote the
 * value of a header. Entries are copied by defining them, so that a column named __proto__ is data.
 */
function textMap(
  allowed: string,
  entriesMax: number,
  name: (key: string) => string,
  problem: (key: string, value: string) => string | undefined,
): z.ZodType<TextMap> {
  return z.custom<TextMap>(isPlainMap, { error: allowed }).transform((map, ctx) => {
    const entries = Object.entries(map as Record<string, unknown>);
    const seen = new Set<string>();
    const refuse = (key: string, message: string): void =>
      ctx.addIssue({ code: 'custom', message, path: [key], input: undefined });
    if (entries.length > entriesMax) refuse('', `at most ${entriesMax} entries`);
    for (const [key, value] of entries) {
      if (typeof value !== 'string') refuse(key, `${allowed} (quote numbers)`);
      else if (seen.has(name(key))) refuse(key, 'each name once');
      else {
        const text = problem(key, value);
        if (text !== undefined) refuse(key, text);
      }
      seen.add(name(key));
    }
    return Object.fromEntries(entries.map(([key, value]) => [name(key), String(value)]));
  });
}

function isPlainMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for text that may be sent as a header value. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) && value.length <= HEADER_VALUE_LENGTH_MAX;
}

export function headerMap(): ValueKind<TextMap> {
  const allowed = `a mapping of header names to text, up to ${HEADERS_MAX}`;
  const schema = textMap(
    allowed,
    HEADERS_MAX,
    (key) => key.toLowerCase(),
    (key, value) => {
      if (!TOKEN.test(key)) return 'a header name of letters, digits and dashes';
      if (OWN_HEADERS.has(key.toLowerCase())) return 'a header that weft does not set itself';
      return isHeaderValue(value)
        ? undefined
        : `a value of up to ${HEADER_VALUE_LENGTH_MAX} characters on one line`;
    },
  );
  return { allowed, placeholder: 'mapping', schema, format: (map) => Object.keys(map).join(', ') };
}

export function unitMap(): ValueKind<TextMap> {
  const allowed = `a mapping of column names to suffixes of 1 to ${UNIT_LENGTH_MAX} characters`;
  const schema = textMap(
    allowed,
    UNITS_MAX,
    (key) => key,
    (key, value) => {
      const fits = value.length >= 1 && value.length <= UNIT_LENGTH_MAX && key.length >= 1;
      return fits && key.length <= COLUMN_NAME_BYTES_MAX ? undefined : allowed;
    },
  );
  return { allowed, placeholder: 'mapping', schema, format: formatMap };
}

function formatMap(map: TextMap): string {
  const entries = Object.entries(map);
  return entries.map(([name, value]) => `${name}: ${value}`).join(', ');
}

function nameMap(allowed: string): ValueKind<TextMap> {
  const fits = (name: string): boolean =>
    name.length >= 1 && name.length <= COLUMN_NAME_BYTES_MAX && !/[\x00-\x1f\x7f]/.test(name);
  const schema = textMap(
    allowed,
    NAMES_MAX,
    (key) => key,
    (key, value) => (fits(key) && fits(value) ? undefined : allowed),
  );
  return { allowed, placeholder: 'mapping', schema, format: formatMap };
}

/** Raw column name to the name in the table. */
export function renameMap(): ValueKind<TextMap> {
  return nameMap('a mapping of column names to other names, without control characters');
}

/** Another name to a column of the table. */
export function aliasMap(): ValueKind<TextMap> {
  return nameMap('a mapping of other names to column names, without control characters');
}
