/**
 * Bodies: read by the row path into plain arrays and compared with csv-parse, BigInt and Number; then
 * into segments, by the WebAssembly kernel in blocks of two sizes and row by row, which must agree to
 * the bit. The first byte of an input chooses the policy, the second how blocks are cut.
 */
import { isDeepStrictEqual } from 'node:util';
import { sizeSegment } from '../../src/fabric/sizing.js';
import { OUTCOMES } from '../../src/model/outcome.js';
import type { ParsePolicy } from '../../src/model/parse-policy.js';
import { SEEN_NEGATIVE } from '../../src/model/schema.js';
import { limitBlocks, type BlockLimits } from '../../src/parse/block.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import { Segment } from '../../src/snapshot/segment.js';
import { fillSegment, type Filled } from '../fixtures/filled-segment.js';
import { difference, oracleOf } from '../fixtures/parse-oracle.js';
import { parseTable, policyOf, type ParsedTable } from '../fixtures/parse-table.js';
import { ensure, type FuzzTarget } from './target.js';

const free = new FreeList(2 ** 30, () => undefined);
const ROW_BY_ROW: BlockLimits = { bytes: 0, rows: 0 };
const MISSING = [[], ['NA'], ['NA', '-1'], ['7', 'x']];

function policyFor(byte: number): ParsePolicy {
  return policyOf({
    ragged: byte & 1 ? 'drop' : 'reject',
    duplicateRows: byte & 2 ? 'last' : 'reject',
    requireFinalNewline: (byte & 4) === 0,
    allowEmpty: (byte & 8) !== 0,
    missing: MISSING[(byte >> 4) & 3]!,
    // The naive reader knows the comma alone.
    delimiter: ',',
    guidKeys: 'as_is',
  });
}

/** The naive reader takes a quote in the header otherwise, and knows one kind of key and no times. */
function isComparable(body: Uint8Array): boolean {
  const from = body.findIndex((byte) => byte !== 10 && byte !== 13);
  const end = body.indexOf(10, Math.max(0, from));
  const header = Buffer.from(body.subarray(0, end < 0 ? body.length : end)).toString('latin1');
  return (
    /^[\w,.\r\n]*$/.test(header) &&
    /(^|[,\r\n])switch(_id)?([,\r\n]|$)/.test(header) &&
    !/time|guid|port|server|id\w|SwitchId|switchId/i.test(header.replace(/switch_id/g, ''))
  );
}

function compare({ columns, rows, report }: ParsedTable, body: Uint8Array, rules: ParsePolicy): void {
  const { reasons, table } = oracleOf(body, rules);
  ensure(reasons.size === 0, () => `taken, though ${[...reasons].join(', ')}`);
  const keys = [...rows.keys()].sort();
  ensure(isDeepStrictEqual(keys, [...table!.rows.keys()].sort()), () => `other rows: ${keys.join(' ')}`);
  ensure(report.duplicates === table!.duplicates, () => `${report.duplicates} duplicates`);
  ensure(report.rejectedRows === table!.rejectedRows, () => `${report.rejectedRows} rejected rows`);
  for (const [key, texts] of table!.rows) {
    texts.forEach((want, i) => {
      const wrong = difference(want, columns[i]!.kind, rows.get(key)!.cells[i]!);
      ensure(wrong === '', () => `${key} ${columns[i]!.name}: ${wrong}`);
    });
  }
}

/** Whether a whole number of a column of doubles was below 0 decides nothing, and is not always told. */
function comparable(filled: Filled, segment: Segment): unknown {
  const { columns } = segment.ref.spec;
  const fields = filled.report?.fields.map((field, i) =>
    columns[i]!.kind === 'f64' ? { ...field, seen: field.seen & ~SEEN_NEGATIVE } : field,
  );
  return { ...filled, report: filled.report && { ...filled.report, fields } };
}

/** The body twice, so that the second time it meets what the first has left. */
function filledBy(
  table: ParsedTable,
  body: Uint8Array,
  rules: ParsePolicy,
  limits: BlockLimits | null,
): unknown {
  const undo = limits === null ? () => undefined : limitBlocks(limits);
  const segment = new Segment(sizeSegment(table.report, table.columns, null, null, 0), free);
  try {
    return [0, 1].map(() => comparable(fillSegment(segment, body, rules), segment));
  } finally {
    undo();
    segment.retire();
  }
}

function run(input: Uint8Array): boolean {
  const rules = policyFor(input[0] ?? 0);
  const cut = input[1] ?? 0;
  const body = input.slice(2);
  const parsed = parseTable(body, rules);
  if (!parsed.ok) {
    const { outcome, message } = parsed.failure;
    ensure(OUTCOMES.includes(outcome) && /^cannot /.test(message), () => `${outcome}: ${message}`);
    if (isComparable(body) && !parsed.full) {
      const { reasons } = oracleOf(body, rules);
      ensure(
        reasons.has(outcome),
        () => `refused as ${outcome}, there is ${[...reasons].join(', ') || 'nothing'}`,
      );
    }
    return false;
  }
  const { table } = parsed;
  if (isComparable(body)) compare(table, body, rules);
  if (table.columns.length === 0 || table.rows.size === 0) return true;
  const rowByRow = filledBy(table, body, rules, ROW_BY_ROW);
  const small = { bytes: 40 + (cut & 15) * 24, rows: 1 + (cut >> 4) * 3 };
  for (const limits of [null, small]) {
    const same = isDeepStrictEqual(filledBy(table, body, rules, limits), rowByRow);
    ensure(same, () => `blocks of ${limits ? JSON.stringify(limits) : 'any size'} differ from rows`);
  }
  return true;
}

export const scannerTarget: FuzzTarget = {
  name: 'scanner',
  tokens: [
    ...['switch_id,a,b\n', 'sw-1,1,2\n', '\n', '\r\n', ',', '"', '""', '"a,b"', '"x\ny"', 'NA', '-1', '7'],
    ...['9223372036854775807', '18446744073709551616', '-9223372036854775809', '9007199254740993', '1e308'],
    ...['1e999', '0.1', '-0', '.5', '5.', '1e-320', '+1', '0x10', 'nan', '\u00e9', '\ufeff', '\t', ' ', '\0'],
    ...['123456789012345678', '0.30000000000000004', '2.2250738585072011e-308', 'Active', 'x'.repeat(60)],
  ],
  bytesMax: 1_500,
  covers: ['dist/src/parse/', 'dist/src/snapshot/writer', 'dist/src/snapshot/byte-table'],
  run,
};
