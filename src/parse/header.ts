/** From a body's header record to the plan of its columns. */
import { isGuidName } from '../model/guid.js';
import type { ParseFailure } from '../model/parse-job.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { ParseStop, shown } from './failure.js';
import { headerCells, headerSpan, textStart } from './header-cells.js';
import { columnNames } from './column-names.js';
import { isTextByName, keyColumns, keyColumnsByName, timeColumn, xdrColumns } from './header-names.js';
import type { FieldPlan, HeaderPlan, KeyPlan, XdrPlan } from './plan.js';

/** Tried, in this order, where the comma finds one column only. */
const OTHER_DELIMITERS = [';', '\t', '|'];

export type PlanResult =
  { readonly ok: true; readonly plan: HeaderPlan } | { readonly ok: false; readonly failure: ParseFailure };

/**
 * Reads the header of `body`. Never throws: what is wrong (no header, no key columns, duplicate
 * names, control characters, UTF-16) comes back as a failure that names the option to change.
 */
export function planHeader(body: Uint8Array, policy: ParsePolicy): PlanResult {
  try {
    return { ok: true, plan: makePlan(body, policy) };
  } catch (error) {
    if (error instanceof ParseStop) return { ok: false, failure: error.failure };
    throw error;
  }
}

function makePlan(body: Uint8Array, policy: ParsePolicy): HeaderPlan {
  const delimiters = policy.delimiter === null ? [',', ...OTHER_DELIMITERS] : [policy.delimiter];
  const { start, end } = headerSpan(
    body,
    delimiters.map((text) => Buffer.from(text).at(-1)!),
  );
  const bytes = body.slice(start, end);
  if (bytes.length === 0) return emptyPlan(policy);
  refuseMarkup(bytes);
  const { delimiter, header } = splitHeader(bytes, policy);
  const key = keyPlan(header, keyColumns(header, policy), policy);
  const xdr = policy.xdrKey ? xdrPlan(header, policy) : null;
  const keys = [...key.columns, ...(xdr?.key.columns ?? [])];
  const time = timeColumn(header, keys, policy);
  const fields = planFields(header, { key, xdr, time }, policy);
  return { bytes, delimiter, header, key, xdr, timeColumn: time, fields };
}

interface Roles {
  readonly key: KeyPlan;
  readonly xdr: XdrPlan | null;
  /** -1 for none. */
  readonly time: number;
}

function planFields(header: readonly string[], { key, xdr, time }: Roles, policy: ParsePolicy): FieldPlan[] {
  const guids = new Set([...guidColumns(key), ...(xdr ? guidColumns(xdr.key) : [])]);
  const keys = [...key.columns, ...(xdr?.key.columns ?? [])];
  // A key of one column is the row's name, and the time its timestamp.
  const unnamed = key.columns.length === 1 ? [key.columns[0]!, time] : [time];
  const names = columnNames(header, unnamed, policy);
  const text: ReadonlySet<string> = new Set(policy.text);
  const fields: FieldPlan[] = [];
  names.table.forEach((name, column) => {
    // A column without a name cannot be asked for; most often it is a comma too many.
    if (name === '' || unnamed.includes(column)) return;
    const raw = names.raw[column]!;
    const byName = text.has(raw) || isTextByName(raw) || keys.includes(column);
    const unit = Object.hasOwn(policy.units, raw) ? policy.units[raw]! : '';
    fields.push({ name, column, byName, unit, isGuid: guids.has(column) });
  });
  return fields;
}

function keyPlan(header: readonly string[], columns: readonly number[], policy: ParsePolicy): KeyPlan {
  const canonical = policy.guidKeys === 'canonical';
  return { columns, guids: columns.map((column) => canonical && isGuidName(header[column]!)) };
}

function xdrPlan(header: readonly string[], policy: ParsePolicy): XdrPlan {
  const [typeColumn, ...columns] = xdrColumns(header);
  return { typeColumn, key: keyPlan(header, columns, policy) };
}

function guidColumns({ columns, guids }: KeyPlan): number[] {
  return columns.filter((_, i) => guids[i]);
}

/** A body without a byte of text is a table without columns, where an empty one is allowed at all. */
function emptyPlan(policy: ParsePolicy): HeaderPlan {
  if (!policy.allowEmpty) {
    throw new ParseStop('empty', 'cannot use an empty body (`allow_empty: true` would publish it)');
  }
  const key: KeyPlan = { columns: [], guids: [] };
  return {
    bytes: new Uint8Array(0),
    delimiter: ',',
    header: [],
    key,
    xdr: null,
    timeColumn: -1,
    fields: [],
  };
}

function refuseMarkup(bytes: Uint8Array): void {
  let p = 0;
  while (bytes[p] === 32 || bytes[p] === 9) p++;
  if (bytes[p] !== 60) return;
  const begin = shown(bytes, p, bytes.length);
  throw new ParseStop('schema', `cannot use the body: it is a page, not a table (it begins with ${begin})`, {
    line: 1,
  });
}

function splitHeader(bytes: Uint8Array, policy: ParsePolicy): { delimiter: string; header: string[] } {
  const split = (delimiter: string): string[] => headerCells(bytes, Buffer.from(delimiter));
  if (policy.delimiter !== null) return { delimiter: policy.delimiter, header: split(policy.delimiter) };
  const header = split(',');
  if (header.length > 1) return { delimiter: ',', header };
  for (const delimiter of OTHER_DELIMITERS) {
    const other = split(delimiter);
    const hasKeys = policy.key
      ? policy.key.every((name) => other.includes(name))
      : keyColumnsByName(other).length > 0;
    if (other.length > 1 && hasKeys) return { delimiter, header: other };
  }
  return { delimiter: ',', header };
}

/**
 * Where the data of `body` begins when its header is the plan's byte for byte, else -1. The policy
 * must be the one that the plan was made with.
 */
export function dataStart(body: Uint8Array, plan: HeaderPlan): number {
  const { bytes } = plan;
  const start = textStart(body);
  const end = start + bytes.length;
  for (let i = 0; i < bytes.length; i++) if (body[start + i] !== bytes[i]) return -1;
  if (end >= body.length) return body.length;
  if (body[end] === 10) return end + 1;
  if (body[end] !== 13) return -1;
  if (end + 1 === body.length) return body.length;
  return body[end + 1] === 10 ? end + 2 : -1;
}
