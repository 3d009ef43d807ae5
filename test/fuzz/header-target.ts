/** Headers under every policy of columns. The first two bytes of an input choose the policy. */
import { COLUMN_NAME_BYTES_MAX, COLUMNS_MAX } from '../../src/model/limits.js';
import { OUTCOMES } from '../../src/model/outcome.js';
import type { ParsePolicy } from '../../src/model/parse-policy.js';
import { dataStart, planHeader } from '../../src/parse/header.js';
import type { HeaderPlan } from '../../src/parse/plan.js';
import { policyOf } from '../fixtures/parse-table.js';
import { ensure, type FuzzTarget } from './target.js';

const KEYS = [null, ['switch_id'], ['node_guid', 'port_num'], ['a']];
const DELIMITERS = [null, ',', ';', '|'];

function policyFor(first: number, second: number): ParsePolicy {
  return policyOf({
    key: KEYS[first & 3]!,
    delimiter: DELIMITERS[(first >> 2) & 3]!,
    xdrKey: (first & 16) !== 0,
    guidKeys: first & 32 ? 'as_is' : 'canonical',
    duplicateColumns: first & 64 ? 'suffix' : 'reject',
    allowEmpty: (first & 128) !== 0,
    rename: second & 1 ? { a: 'b', c: 'c' } : {},
    drop: second & 2 ? ['x*', '?'] : [],
    alias: second & 4 ? { alpha: 'a' } : {},
    time: second & 8 ? 'when' : null,
    text: second & 16 ? ['b'] : [],
    units: second & 32 ? { b: 'C' } : {},
  });
}

/** The cells of a plain record: quotes only around whole cells; null for any other. */
function naiveCells(record: string, delimiter: string): string[] | null {
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"\\${delimiter}]*))(\\${delimiter}|$)`, 'y');
  const cells: string[] = [];
  for (;;) {
    const match = cell.exec(record);
    if (!match) return null;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === '') return cells;
  }
}

function checkCells({ bytes, delimiter, header }: HeaderPlan): void {
  const record = Buffer.from(bytes).toString();
  if (header.length === 0 || record.includes('\ufffd') || delimiter.length !== 1) return;
  const cells = naiveCells(record, delimiter);
  const isSame = cells === null || JSON.stringify(cells) === JSON.stringify(header);
  ensure(isSame, () => `cells ${JSON.stringify(header)}, naively ${JSON.stringify(cells)}`);
}

function run(input: Uint8Array): boolean {
  const policy = policyFor(input[0] ?? 0, input[1] ?? 0);
  const body = input.slice(2);
  const planned = planHeader(body, policy);
  if (!planned.ok) {
    const { outcome, message } = planned.failure;
    ensure(OUTCOMES.includes(outcome) && /^cannot /.test(message), () => `${outcome}: ${message}`);
    return false;
  }
  const { header, key, xdr, timeColumn, fields, bytes } = planned.plan;
  const isColumn = (column: number): boolean =>
    Number.isInteger(column) && column >= 0 && column < header.length;
  checkCells(planned.plan);
  ensure(header.length <= COLUMNS_MAX, () => `${header.length} columns`);
  const columns = [...key.columns, ...(xdr?.key.columns ?? []), ...fields.map(({ column }) => column)];
  ensure(columns.every(isColumn), () => `columns ${columns.join()} of ${header.length}`);
  ensure(timeColumn === -1 || isColumn(timeColumn), () => `time column ${timeColumn}`);
  const names = fields.map(({ name }) => name);
  ensure(new Set(names).size === names.length, () => `names twice: ${names.join()}`);
  const isNamed = names.every((name) => name !== '' && Buffer.byteLength(name) <= COLUMN_NAME_BYTES_MAX + 8);
  ensure(isNamed, () => `a name of no length, or too long`);
  ensure(new Set(fields.map(({ column }) => column)).size === fields.length, () => 'a column twice');
  ensure(header.length === 0 || key.columns.length > 0, () => 'a header without a key');
  const start = dataStart(body, planned.plan);
  ensure(start >= bytes.length && start <= body.length, () => `data start at ${start} of ${body.length}`);
  const again = planHeader(body, policy);
  ensure(JSON.stringify(again) === JSON.stringify(planned), () => 'another plan the second time');
  return true;
}

export const headerTarget: FuzzTarget = {
  name: 'header',
  tokens: [
    ...['switch_id', 'node_guid', 'port_num', 'port_guid', 'port_number', 'timestamp', 'when', 'SwitchId'],
    ...['a', 'b', 'c', 'x1', 'alpha', 'a_2', 'port_type', 'sys_image_guid', 'aport', ',', ';', '|', '\t'],
    ...['"', '""', '\n', '\r\n', '\r', '\ufeff', '<html>', '{', '\0', ' ', 'é', 'n'.repeat(300), '0x12'],
    ...[',,', '"a,b"', '"a\nb"', '@key', '__proto__', 'constructor'],
  ],
  bytesMax: 4_000,
  covers: ['dist/src/parse/header', 'dist/src/parse/column-names', 'dist/src/model/glob'],
  run,
};
