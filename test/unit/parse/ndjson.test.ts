/** NDJSON as CSV: columns, quoting, what is refused and where messages say it is. */
import { describe, expect, test } from 'vitest';
import type { ParsePolicy } from '../../../src/model/parse-policy.js';
import { parseBody } from '../../../src/parse/job.js';
import { ndjsonToCsv } from '../../../src/parse/ndjson.js';
import { BodyArena } from '../../../src/snapshot/arena.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { policyOf } from '../../fixtures/parse-table.js';

const free = new FreeList(2 ** 30, () => {});
const BYTES_MAX = 2 ** 20;

function csvOf(text: string | Uint8Array, bytesMax = BYTES_MAX): string {
  const table = ndjsonToCsv(Buffer.from(text as string), bytesMax);
  if (!table.ok) throw new Error(`${table.failure.outcome}: ${table.failure.message}`);
  return Buffer.from(table.csv).toString();
}

function failureOf(text: string, changes: Partial<ParsePolicy> = {}): unknown {
  const arena = new BodyArena(free, 0, BYTES_MAX);
  arena.append(Buffer.from(text, 'latin1'));
  const answer = parseBody({
    body: arena.ref(),
    format: 'ndjson',
    csvBytesMax: BYTES_MAX,
    previous: null,
    policy: policyOf(changes),
    header: null,
    target: null,
    snapshotTsMs: 1,
    receivedAtMs: 1,
  });
  return answer.kind === 'failed' ? answer.failure : answer.kind;
}

describe('columns', () => {
  test('are the union of all keys, in order of first appearance', () => {
    expect(csvOf('{"id":"a","x":1}\n{"y":2,"id":"b"}\n{"id":"c","z":true,"x":null}\n')).toBe(
      'id,x,y,z\na,1,,\nb,,2,\nc,,,true\n',
    );
  });

  test('keep the order of keys that look like numbers, and know no prototype', () => {
    expect(csvOf('{"id":"a","2":1,"1":2,"__proto__":3}\n{"constructor":4}\n')).toBe(
      'id,2,1,__proto__,constructor\na,1,2,3,\n,,,,4\n',
    );
  });
});

describe('values', () => {
  test('keep every digit', () => {
    const numbers = [
      '18446744073709551615',
      '-9223372036854775808',
      '0.1000000000000000055511',
      '1E+400',
      '-0',
    ];
    expect(csvOf(numbers.map((n) => `{"a":${n}}\n`).join(''))).toBe(`a\n${numbers.join('\n')}\n`);
  });

  test('are quoted where CSV needs it', () => {
    expect(csvOf('{"a,b":"x\\"y","c":"1\\r\\n2","d":"\\u00e9\\t,"}')).toBe(
      '"a,b",c,d\n"x""y","1\r\n2","é\t,"\n',
    );
  });

  test('that are all missing do not make a blank line', () => {
    expect(csvOf('{"a":null}\n{"a":1}\n')).toBe('a\n""\n1\n');
  });
});

test('blank lines, CR LF, a byte order mark and blanks between tokens are no data', () => {
  expect(csvOf('\ufeff\r\n { "a" : 1 , "b" : "x" } \r\n\n\t\n{"a":2}')).toBe('a,b\n1,x\n2,\n');
});

test.each([
  ['a nested object', '{"a":{"b":1}}', "line 1, key 'a': a value is nested"],
  ['a nested list', '{"a":[]}', 'a value is nested'],
  ['deep nesting', `{"a":${'['.repeat(100_000)}`, 'a value is nested'],
  ['a key twice', '{"a":1,"b":2,"a":1}', "line 1, key 'a': a key stands in it twice"],
  ['a key twice, once escaped', '{"a":1,"\\u0061":1}', 'twice'],
  ['a list', '[1]', 'a JSON object is expected'],
  ['a number', '1', 'a JSON object is expected'],
  ['two objects', '{"a":1}{"a":2}', 'only one object'],
  ['a comma too many', '{"a":1,}', 'a key in quotes'],
  ['no colon', '{"a" 1}', "':' is expected"],
  ['a bare word', '{"a":nul}', 'a value is expected'],
  ['NaN', '{"a":NaN}', 'a value is expected'],
  ['a plus', '{"a":+1}', 'a value is expected'],
  ['a leading zero', '{"a":01}', "',' or '}'"],
  ['a leading point', '{"a":.5}', 'a value is expected'],
  ['a number cut short', '{"a":1e}', "',' or '}'"],
  ['a cut line', '{"a":"x', 'a quote is not closed'],
  ['a cut object', '{"a":1', "',' or '}' is expected, not the end of the line"],
  ['an unknown escape', '{"a":"\\x"}', 'an escape'],
  ['half a surrogate pair', '{"a":"\\ud800"}', 'half of a surrogate pair'],
  ['a control character', '{"a":"\u0001"}', 'a control character'],
  ['an escaped control character', '{"a":"\\u0000"}', 'a control character'],
  ['a raw tab', '{"a":"\t"}', 'a control character'],
])('%s is refused', (_name, text, message) => {
  expect(failureOf(text)).toMatchObject({
    outcome: 'parse',
    line: 1,
    message: expect.stringContaining(message) as unknown,
  });
});

test('messages name the line of the NDJSON body', () => {
  expect(failureOf('{"a":1}\n\n{"a":[]}\n')).toMatchObject({ line: 3, column: 'a' });
  expect(failureOf('{"a":"\xe9"}\n')).toMatchObject({ outcome: 'encoding', line: 1 });
  // Found by the CSV scanner, in the general path because of the line break.
  const keyless = '{"switch_id":"x\\ny","a":1}\n\n{"switch_id":"s","a":1}\n\n{"switch_id":"","a":2}\n';
  expect(failureOf(keyless)).toMatchObject({
    line: 5,
    message: expect.stringContaining('line 5') as unknown,
  });
});

test('an empty body has no columns', () => {
  expect(failureOf('')).toMatchObject({ outcome: 'empty' });
  expect(failureOf('\n \n', { allowEmpty: true })).toMatchObject({ outcome: 'empty' });
});

test('a delimiter of the source is about CSV', () => {
  expect(failureOf('{"switch_id":"a","b;c":1}\n', { delimiter: ';' })).toBe('survey');
});

describe('limits', () => {
  test('the table may not be larger than a body may be', () => {
    const sparse = Array.from({ length: 200 }, (_, i) => `{"k${i}":1}\n`).join('');
    expect(() => csvOf(sparse, 10_000)).toThrow('too_large: cannot take the body as a table');
    expect(() => csvOf(`{"a":"${'"'.replace('"', '\\"').repeat(600)}"}`, 1_000)).toThrow('too_large');
    expect(csvOf('{"a":"é"}\n', 5)).toBe('a\né\n');
    expect(() => csvOf('{"a":"é"}\n', 4)).toThrow('MAX_DECODED_BYTES');
  });

  test('columns and line lengths are bounded', () => {
    const wide = (n: number): string => `{${Array.from({ length: n }, (_, i) => `"k${i}":1`).join(',')}}`;
    expect(() => csvOf(wide(4096))).not.toThrow();
    expect(() => csvOf(wide(4097))).toThrow('schema: cannot use the body: more than 4096 different keys');
    expect(() => csvOf(`{"a":"${'x'.repeat(BYTES_MAX)}"}`, 2 ** 22)).toThrow('cannot read line 1: it has');
  });
});
