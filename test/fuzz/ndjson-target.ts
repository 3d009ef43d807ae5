/** NDJSON bodies: what is taken is what JSON.parse reads of each line; the rest is refused for a reason. */
import { BODY_BYTES_LIMIT } from '../../src/model/limits.js';
import { OUTCOMES } from '../../src/model/outcome.js';
import { ndjsonToCsv } from '../../src/parse/ndjson.js';
import { parseTable, policyOf } from '../fixtures/parse-table.js';
import { ensure, type FuzzTarget } from './target.js';

function run(input: Uint8Array): boolean {
  const body = Uint8Array.from(input);
  const table = ndjsonToCsv(body, BODY_BYTES_LIMIT);
  if (!table.ok) {
    const { outcome, message } = table.failure;
    ensure(OUTCOMES.includes(outcome) && /^cannot /.test(message), () => `${outcome}: ${message}`);
    return false;
  }
  const lines = Buffer.from(body)
    .toString()
    .replace(/^\ufeff/, '')
    .split('\n');
  const keys = new Set<string>();
  for (const line of lines) {
    if (line.trim() === '') continue;
    const object = parsed(line);
    ensure(object !== null, () => `taken, though no JSON object: ${JSON.stringify(line)}`);
    for (const key of Object.keys(object)) keys.add(key);
  }
  const rows = parseTable(table.csv, table.policyOf(policyOf()));
  if (!rows.ok) {
    const { outcome, message } = rows.failure;
    ensure(OUTCOMES.includes(outcome) && /^cannot /.test(message), () => `${outcome}: ${message}`);
    return false;
  }
  const { header } = rows.table.plan;
  ensure(
    header.every((name) => name === '' || keys.has(name)),
    () => `columns ${header.join()} of ${[...keys].join()}`,
  );
  return true;
}

function parsed(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export const ndjsonTarget: FuzzTarget = {
  name: 'ndjson',
  tokens: [
    ...[
      '{"switch_id":"sw-1","a":1}\n',
      '{',
      '}',
      '"',
      ':',
      ',',
      '\n',
      '\r\n',
      'null',
      'true',
      'false',
      '[]',
      '{}',
    ],
    ...['"switch_id":"x"', '"a":', '"b":"t"', '1e5', '-0.5', '18446744073709551615', '\\u00e9', '\\n', '\\"'],
    ...[
      '\\ud83d\\ude00',
      '\\ud800',
      '\u00e9',
      '\ufeff',
      ' ',
      '\t',
      '\0',
      '"a,b"',
      '""',
      '01',
      '.5',
      '1.',
      'NaN',
    ],
  ],
  bytesMax: 1_000,
  covers: ['dist/src/parse/ndjson', 'dist/src/parse/json-line'],
  run,
};
