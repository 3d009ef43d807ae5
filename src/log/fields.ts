/** Fields as they may be written: without secrets, of bounded size, and nothing that JSON cannot say. */

import { REDACTED, isSecretName, type Redactor } from '../model/redact.js';

const DEPTH_MAX = 5;
const ENTRIES_MAX = 100;
/** What the logger itself writes: a field of that name would make a second key of the same line. */
const RESERVED: ReadonlySet<string> = new Set(['ts', 'level', 'svc', 'event', 'msg']);

type Clean = Record<string, unknown>;

/** A copy of `fields`. Reserved names get a trailing underscore. */
export function cleanFields(fields: object, redactor: Redactor): Clean {
  const clean = cleanObject(fields, redactor, 0);
  for (const name of RESERVED) {
    if (!(name in clean)) continue;
    clean[`${name}_`] = clean[name];
    delete clean[name];
  }
  // pino asks its bindings for hasOwnProperty; spreading keeps a key named __proto__ a key.
  return { ...clean };
}

function cleanObject(object: object, redactor: Redactor, depth: number): Clean {
  // Without a prototype, so that a key named __proto__ is a key.
  const clean = Object.create(null) as Clean;
  for (const [key, value] of Object.entries(object).slice(0, ENTRIES_MAX)) {
    const plain = isSecretName(key) && hasValue(value) ? REDACTED : cleanValue(value, redactor, depth + 1);
    if (plain !== undefined) clean[redactor.text(key)] = plain;
  }
  return clean;
}

function hasValue(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function cleanValue(value: unknown, redactor: Redactor, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return redactor.text(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      return value === null ? null : cleanReference(value, redactor, depth);
    default:
      return value;
  }
}

function cleanReference(value: object, redactor: Redactor, depth: number): unknown {
  if (value instanceof Error) return cleanError(value, redactor, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return redactor.text(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  // Also ends cycles.
  if (depth > DEPTH_MAX) return '[deeper]';
  if (value instanceof Map)
    return cleanObject(Object.fromEntries(value as Map<string, unknown>), redactor, depth);
  if (value instanceof Set || Array.isArray(value)) {
    return [...value].slice(0, ENTRIES_MAX).map((item) => cleanValue(item, redactor, depth + 1) ?? null);
  }
  return cleanObject(value, redactor, depth);
}

/** The stack holds the message, too; both pass the redactor. */
function cleanError(error: Error, redactor: Redactor, depth: number): Clean {
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  const parts = { name, message, code, stack, cause: depth > DEPTH_MAX ? undefined : cause };
  return cleanObject(parts, redactor, depth);
}
