import { describe, expect, test } from 'vitest';
import { COLUMN_NAME_BYTES_MAX, COLUMNS_MAX } from '../../../src/model/limits.js';
import type { ParseFailure } from '../../../src/model/parse-job.js';
import type { ParsePolicy } from '../../../src/model/parse-policy.js';
import { ParseStop } from '../../../src/parse/failure.js';
import { dataStart, planHeader } from '../../../src/parse/header.js';
import type { HeaderPlan } from '../../../src/parse/plan.js';
import { bytesOf, policyOf } from '../../fixtures/parse-table.js';

function planOf(body: string | Uint8Array, changes: Partial<ParsePolicy> = {}): HeaderPlan {
  const planned = planHeader(bytesOf(body), policyOf(changes));
  if (!planned.ok) throw new Error(planned.failure.message);
  return planned.plan;
}

function refusal(body: string | Uint8Array, changes: Partial<ParsePolicy> = {}): ParseFailure {
  const planned = planHeader(bytesOf(body), policyOf(changes));
  if (planned.ok) throw new Error('the header was taken');
  return planned.failure;
}

const keysOf = (plan: HeaderPlan): string[] => plan.key.columns.map((column) => plan.header[column]!);
const fieldsOf = (plan: HeaderPlan): string[] => plan.fields.map((field) => field.name);

describe('the row key', () => {
  test.each([
    ['switch_id,a', ['switch_id']],
    ['a,b,SwitchId', ['SwitchId']],
    ['switch,switch_id', ['switch_id']],
    ['server_name,switchId', ['switchId']],
    ['node_guid,switch_id', ['switch_id']],
    ['timestamp,node_guid,port_guid,port_num,x', ['node_guid', 'port_guid', 'port_num']],
    ['Port_Number,a,Node_GUID', ['Port_Number', 'Node_GUID']],
    ['PORT_NUM,a', ['PORT_NUM']],
  ])('of %s is %j', (header, keys) => {
    expect(keysOf(planOf(`${header}\n`))).toEqual(keys);
  });

  test('is what the policy says, in its order', () => {
    expect(keysOf(planOf('switch_id,b,c\n', { key: ['c', 'b'] }))).toEqual(['c', 'b']);
  });

  test('a single key column is no field; those of a composite key are text', () => {
    expect(fieldsOf(planOf('a,switch_id,b\n'))).toEqual(['a', 'b']);
    const plan = planOf('node_guid,port_num,x\n');
    expect(plan.fields).toEqual([
      { name: 'node_guid', column: 0, byName: true, unit: '', isGuid: true },
      { name: 'port_num', column: 1, byName: true, unit: '', isGuid: false },
      { name: 'x', column: 2, byName: false, unit: '', isGuid: false },
    ]);
  });

  test('another spelling of the single key is an ordinary field', () => {
    expect(fieldsOf(planOf('SwitchId,switch_id,x\n'))).toEqual(['SwitchId', 'x']);
  });

  test('absent by name: the message lists what was looked for and the option', () => {
    const { outcome, message } = refusal('a,b\n1,2\n');
    expect(outcome).toBe('schema');
    for (const word of ['switch_id', 'server_name', 'node_guid', "'a'", '`key`'])
      expect(message).toContain(word);
  });

  test('absent by configuration: the message names what is not there', () => {
    expect(refusal('a,b\n', { key: ['a', 'nope'] })).toMatchObject({
      outcome: 'schema',
      message: expect.stringContaining('nope') as string,
    });
  });
});

describe('the time column', () => {
  test.each([
    ['timestamp', 0],
    ['Collection_Time', 0],
    ['updated_at', 0],
    ['time', -1],
  ])('%s', (name, column) => {
    const plan = planOf(`${name},switch_id,x\n`);
    expect(plan.timeColumn).toBe(column);
    expect(fieldsOf(plan)).toEqual(column < 0 ? [name, 'x'] : ['x']);
  });

  test('is what the policy says, and must exist', () => {
    expect(planOf('switch_id,timestamp,t\n', { time: 't' }).timeColumn).toBe(2);
    expect(refusal('switch_id,x\n', { time: 't' })).toMatchObject({ outcome: 'schema' });
  });

  test('is never a key column', () => {
    expect(planOf('timestamp,x\n', { key: ['timestamp'] }).timeColumn).toBe(-1);
  });
});

describe('text and units by name', () => {
  test('identity columns are text whatever they look like', () => {
    const names = 'Sys_Image_GUID,Serial_Number,node_description,source_id,TAG,tags,a';
    const plan = planOf(`switch_id,${names}\n`, { text: ['a'] });
    expect(plan.fields.map((field) => field.byName)).toEqual([true, true, true, true, true, false, true]);
  });

  test('units are looked up as plain data', () => {
    const plan = planOf('switch_id,temperature,toString\n', { units: { temperature: 'C' } });
    expect(plan.fields.map((field) => field.unit)).toEqual(['C', '']);
  });
});

describe('column names', () => {
  test('duplicates are refused with both places and the option', () => {
    expect(refusal('switch_id,x,y,x\n')).toMatchObject({
      outcome: 'schema',
      column: 'x',
      message: expect.stringMatching(/2 and 4.*duplicate_columns/) as string,
    });
  });

  test('or get a suffix that nobody has', () => {
    const plan = planOf('switch_id,x,x,x_2,x\n', { duplicateColumns: 'suffix' });
    expect(fieldsOf(plan)).toEqual(['x', 'x_3', 'x_2', 'x_4']);
    expect(plan.header).toEqual(['switch_id', 'x', 'x', 'x_2', 'x']);
  });

  test('a second column of the key name becomes a field', () => {
    const plan = planOf('switch_id,x,switch_id\n', { duplicateColumns: 'suffix' });
    expect(keysOf(plan)).toEqual(['switch_id']);
    expect(fieldsOf(plan)).toEqual(['x', 'switch_id_2']);
  });

  test('names of prototypes are plain data', () => {
    expect(fieldsOf(planOf('switch_id,__proto__,constructor,hasOwnProperty\n'))).toEqual([
      '__proto__',
      'constructor',
      'hasOwnProperty',
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('columns without a name are not fields, and are no duplicates', () => {
    const plan = planOf('switch_id,,a,,\n');
    expect(plan.header).toEqual(['switch_id', '', 'a', '', '']);
    expect(fieldsOf(plan)).toEqual(['a']);
  });

  test('quotes, Latin-1 and UTF-8', () => {
    expect(planOf('"switch_id","a,b","c""d"\n').header).toEqual(['switch_id', 'a,b', 'c"d']);
    expect(planOf('switch_id,"a\nb"\n1,2\n').header).toEqual(['switch_id', 'a\nb']);
    expect(planOf(Buffer.from('switch_id,gr\xf6\xdfe\n', 'latin1')).header[1]).toBe('größe');
    expect(planOf('switch_id,größe\n').header[1]).toBe('größe');
  });

  test('limits', () => {
    const many = Array.from({ length: COLUMNS_MAX }, (_, i) => `c${i}`).join(',');
    expect(refusal(`switch_id,${many}\n`)).toMatchObject({
      outcome: 'schema',
      message: expect.stringContaining(String(COLUMNS_MAX)) as string,
    });
    expect(planOf(`switch_id,${'x'.repeat(COLUMN_NAME_BYTES_MAX)}\n`).header).toHaveLength(2);
    expect(refusal(`switch_id,${'x'.repeat(COLUMN_NAME_BYTES_MAX + 1)}\n`)).toMatchObject({
      outcome: 'schema',
    });
  });
});

describe('the delimiter', () => {
  test.each([';', '\t', '|'])('%j is found when the comma gives one column', (delimiter) => {
    const plan = planOf(`switch_id${delimiter}a\n`);
    expect(plan.delimiter).toBe(delimiter);
    expect(fieldsOf(plan)).toEqual(['a']);
  });

  test('stays the comma otherwise', () => {
    expect(planOf('switch_id,a;b\n').delimiter).toBe(',');
    expect(planOf('switch_id\n').delimiter).toBe(',');
  });

  test('is what the policy says', () => {
    expect(planOf('switch_id::a::b\n', { delimiter: '::' }).header).toEqual(['switch_id', 'a', 'b']);
    expect(planOf('switch_id a,b\n', { delimiter: ' ' }).header).toEqual(['switch_id', 'a,b']);
  });
});

describe('what is no table', () => {
  test.each(['<!doctype html><html>', '  <html>\n<body>', '<?xml version="1.0"?>\n'])('%j', (page) => {
    expect(refusal(page)).toMatchObject({
      outcome: 'schema',
      message: expect.stringContaining('page') as string,
    });
  });

  test('JSON has no key columns', () => {
    expect(refusal('{"error":"injected failure"}')).toMatchObject({ outcome: 'schema' });
  });

  test('empty bodies are `empty`, or a table without columns', () => {
    for (const body of ['', '\n\n', '\r\n', '\ufeff']) {
      expect(refusal(body)).toMatchObject({
        outcome: 'empty',
        message: expect.stringContaining('allow_empty') as string,
      });
      expect(planOf(body, { allowEmpty: true }).header).toEqual([]);
    }
  });

  test('control characters and UTF-16 are `encoding`, with the offset', () => {
    expect(refusal('switch\0_id,a\n')).toMatchObject({ outcome: 'encoding', offset: 6 });
    expect(refusal(Buffer.from('1f8b0800', 'hex'))).toMatchObject({ outcome: 'encoding', offset: 0 });
    for (const encoding of ['utf16le', 'utf16be'] as const) {
      const text = Buffer.from('\ufeffswitch_id,a\n', 'utf16le');
      expect(refusal(encoding === 'utf16le' ? text : text.swap16())).toMatchObject({
        outcome: 'encoding',
        offset: 0,
        message: expect.stringContaining('UTF-16') as string,
      });
    }
  });

  test('a quote that the header does not close is `parse`', () => {
    expect(refusal('switch_id,"a\n1,2\n')).toMatchObject({ outcome: 'parse', line: 1 });
  });

  test('a quote inside a name opens nothing', () => {
    expect(planOf('switch_id,24" rack\n1,2\n').header).toEqual(['switch_id', '24" rack']);
  });
});

describe('the start of the data', () => {
  const plan = planOf('switch_id,a\n1,2\n');

  test.each([
    ['switch_id,a\n', 12],
    ['switch_id,a\r\n3,4\n', 13],
    ['\ufeffswitch_id,a\n3,4\n', 15],
    ['\n\r\nswitch_id,a\n', 15],
    ['switch_id,a', 11],
  ])('%j has the data at %d', (body, start) => {
    expect(dataStart(bytesOf(body), plan)).toBe(start);
  });

  test.each(['switch_id,b\n', 'switch_id,aa\n', 'switch_id,a,b\n', 'switch_id', '', 'switch_id,a\rx\n'])(
    '%j has another header',
    (body) => {
      expect(dataStart(bytesOf(body), plan)).toBe(-1);
    },
  );

  test('bytes that are no text have no header', () => {
    expect(() => dataStart(Uint8Array.of(0xff, 0xfe), plan)).toThrow(ParseStop);
  });
});
