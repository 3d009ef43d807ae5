/** Which columns are keys, times and text by their names. docs/sources.md. */
import type { ParsePolicy } from '../model/parse-policy.js';
import { ParseStop } from './failure.js';

/** Names of a column that alone names the row, best first. */
const SINGLE_KEYS = ['switch_id', 'SwitchId', 'switch', 'switchId', 'server_name'] as const;
/** Names, in lower case, of columns that name the row together. */
const JOINT_KEYS = ['node_guid', 'port_guid', 'port_num', 'port_number'] as const;
const TIME_NAMES = ['timestamp', 'collection_time', 'updated_at'] as const;
const NAMES_SHOWN_MAX = 10;

/** The key columns of a header, in key order; empty when it has none by name. */
export function keyColumnsByName(header: readonly string[]): number[] {
  for (const name of SINGLE_KEYS) {
    const column = header.indexOf(name);
    if (column >= 0) return [column];
  }
  const joint: ReadonlySet<string> = new Set(JOINT_KEYS);
  const found: number[] = [];
  header.forEach((name, column) => {
    if (joint.has(name.toLowerCase()) && header.indexOf(name) === column) found.push(column);
  });
  return found;
}

/** The key columns under the policy. Throws ParseStop `schema` when there are none. */
export function keyColumns(header: readonly string[], policy: ParsePolicy): number[] {
  if (policy.key === null) {
    const found = keyColumnsByName(header);
    if (found.length > 0) return found;
    throw new ParseStop(
      'schema',
      `cannot find the row key in the header: looked for ${SINGLE_KEYS.join(', ')}, then for ` +
        `${JOINT_KEYS.join(', ')} in any case; it has ${listed(header)}; name the columns with \`key\``,
      { line: 1 },
    );
  }
  const columns = policy.key.map((name) => header.indexOf(name));
  const absent = policy.key.filter((_, i) => columns[i]! < 0);
  if (absent.length === 0 && columns.length > 0) return columns;
  throw new ParseStop(
    'schema',
    `cannot find the row key in the header: \`key\` names ${absent.join(', ')}; it has ${listed(header)}`,
    { line: 1 },
  );
}

/** Columns of XDR switches: the row's type, and the key of type 4. */
const XDR_COLUMNS = ['port_type', 'sys_image_guid', 'aport'] as const;

/** Port type, sys_image_guid and aport, in any case. Throws ParseStop `schema` for those that are absent. */
export function xdrColumns(header: readonly string[]): readonly [number, number, number] {
  const lower = header.map((name) => name.toLowerCase());
  const [type, guid, port] = XDR_COLUMNS.map((name) => lower.indexOf(name)) as [number, number, number];
  const absent = XDR_COLUMNS.filter((name) => !lower.includes(name));
  if (absent.length === 0) return [type, guid, port];
  throw new ParseStop(
    'schema',
    `cannot find the XDR columns ${absent.join(', ')} (\`key: xdr\`) in the header; it has ${listed(header)}`,
    { line: 1 },
  );
}

/** The time column, or -1. Throws ParseStop `schema` when the policy names one that is absent. */
export function timeColumn(header: readonly string[], keys: readonly number[], policy: ParsePolicy): number {
  if (policy.time !== null) {
    const column = header.indexOf(policy.time);
    if (column >= 0) return keys.includes(column) ? -1 : column;
    const message = `cannot find the time column ${policy.time} (\`time\`) in the header; it has ${listed(header)}`;
    throw new ParseStop('schema', message, { line: 1 });
  }
  const lower = header.map((name) => name.toLowerCase());
  for (const name of TIME_NAMES) {
    const column = lower.indexOf(name);
    if (column >= 0 && !keys.includes(column)) return column;
  }
  return -1;
}

/** True for identity columns: a GUID or serial number may look like a number and never is one. */
export function isTextByName(name: string): boolean {
  const lower = name.toLowerCase();
  return /guid|serial|description/.test(lower) || lower === 'source_id' || lower === 'tag';
}

function listed(header: readonly string[]): string {
  const names = header.slice(0, NAMES_SHOWN_MAX).map(quoted).join(', ');
  return header.length > NAMES_SHOWN_MAX ? `${names} and ${header.length - NAMES_SHOWN_MAX} more` : names;
}

/** A name as messages show it. */
export function quoted(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?');
  return `'${clean.length > 40 ? `${clean.slice(0, 40)}...` : clean}'`;
}
