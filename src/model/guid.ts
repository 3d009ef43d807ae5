/**
 * GUIDs as fabrics spell them, and the one spelling that weft gives them in row keys: `0x` and 16
 * lower-case hex digits (docs/sources.md). The scanner does the same with bytes
 * (parse/guid-bytes.ts).
 */
import type { ParsePolicy } from './parse-policy.js';

/** `0x0c42a103007ab890`, in any case, with zeros dropped, without `0x`; or in four groups. */
const GUID = /^(?:0x)?[0-9a-f]{1,16}$/i;
const GROUPED = /^[0-9a-f]{4}(?::[0-9a-f]{4}){3}$/i;

/** The canonical spelling of a GUID; undefined for text that is none. */
export function canonicalGuid(text: string): string | undefined {
  if (GROUPED.test(text)) return `0x${text.replaceAll(':', '').toLowerCase()}`;
  if (!GUID.test(text)) return undefined;
  const digits = /^0x/i.test(text) ? text.slice(2) : text;
  return `0x${digits.toLowerCase().padStart(16, '0')}`;
}

/** True for the name of a column that holds GUIDs. */
export function isGuidName(name: string): boolean {
  return /guid/i.test(name);
}

/** Which components of a row key are GUIDs in their canonical spelling, in key order. */
export type KeyForm = readonly boolean[];

/** What a source's configuration says about the names of its rows and columns. */
export interface SourceNames {
  /** Other names of columns of the table. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Forms of the row keys that have a GUID in them; none where keys are kept as they are. */
  readonly keyForms: readonly KeyForm[];
}

/** `keyColumns`: raw names of the columns of the normal key. */
export function sourceNames(policy: ParsePolicy, keyColumns: readonly string[]): SourceNames {
  const forms: KeyForm[] = policy.guidKeys === 'as_is' ? [] : [keyColumns.map(isGuidName)];
  // sys_image_guid:aport
  if (policy.guidKeys === 'canonical' && policy.xdrKey) forms.push([true, false]);
  return { aliases: policy.alias, keyForms: forms.filter((form) => form.includes(true)) };
}
