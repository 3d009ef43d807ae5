/** GUIDs in row keys: one spelling, whatever the body has. */
import { describe, expect, test } from 'vitest';
import { canonicalGuid } from '../../../src/model/guid.js';
import { GUID_BYTES, isCanonicalGuid, writeCanonicalGuid } from '../../../src/parse/guid-bytes.js';
import { bytesOf, cellsOf, failureOf, tableOf } from '../../fixtures/parse-table.js';

/** What the bytes of a cell become, or undefined. */
function canonicalBytes(text: string): string | undefined {
  const bytes = bytesOf(`..${text},`);
  const out = new Uint8Array(64);
  if (!writeCanonicalGuid(bytes, 2, bytes.length - 1, out, 5)) return undefined;
  return Buffer.from(out.subarray(5, 5 + GUID_BYTES)).toString();
}

describe('the canonical spelling', () => {
  test.each([
    ['0x0c42a103007ab890', '0x0c42a103007ab890'],
    ['0X0C42A103007AB890', '0x0c42a103007ab890'],
    ['0c42a103007ab890', '0x0c42a103007ab890'],
    ['c42a103007ab890', '0x0c42a103007ab890'],
    ['0xC42a103007AB890', '0x0c42a103007ab890'],
    ['0c42:a103:007A:b890', '0x0c42a103007ab890'],
    ['12e4567890123456', '0x12e4567890123456'],
    ['0', '0x0000000000000000'],
    ['0x0', '0x0000000000000000'],
    ['7', '0x0000000000000007'],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalGuid(text)).toBe(canonical);
    expect(canonicalBytes(text)).toBe(canonical);
    expect(isCanonicalGuid(bytesOf(text), 0, text.length)).toBe(text === canonical);
  });

  test.each(['', '0x', 'x1', 'NA', '0c42a103007ab8901', '0x0c42a103007ab8901', '0c42:a103:007a:b89', '-1'])(
    '%j is no GUID',
    (text) => {
      expect(canonicalGuid(text)).toBeUndefined();
      expect(canonicalBytes(text)).toBeUndefined();
      expect(isCanonicalGuid(bytesOf(text), 0, text.length)).toBe(false);
    },
  );

  test.each(['0c42:a103:007a-b890', '0c42a:103:007a:b890', '0x42:a103:007a:b890', ' c42', 'c42 ', '0xg'])(
    'neither is %j',
    (text) => {
      expect(canonicalGuid(text)).toBeUndefined();
      expect(canonicalBytes(text)).toBeUndefined();
    },
  );
});

describe('row keys', () => {
  test('a single key column', () => {
    const table = tableOf('Port_GUID,x\n0C42A103007AB890,1\nNA,2\n', { key: ['Port_GUID'] });
    expect([...table.rows.keys()]).toEqual(['0x0c42a103007ab890', 'NA']);
  });

  test('of joint keys the columns named guid; the fields of the key go along, others stay', () => {
    const body = 'node_guid,port_guid,port_num,peer_guid,x\nAB,0Xcd,12,EF,1\n';
    expect(cellsOf(tableOf(body))).toEqual({
      '0x00000000000000ab:0x00000000000000cd:12': {
        node_guid: '0x00000000000000ab',
        port_guid: '0x00000000000000cd',
        port_num: '12',
        peer_guid: 'EF',
        x: 1n,
      },
    });
  });

  test('of another name nothing is a GUID: switches named abc stay so', () => {
    expect([...tableOf('switch_id,x\nabc,1\n0x1,2\n').rows.keys()]).toEqual(['abc', '0x1']);
  });

  test('guid_keys: as_is', () => {
    const table = tableOf('node_guid,port_num,x\nAB,1,1\n0xab,1,2\n', { guidKeys: 'as_is' });
    expect([...table.rows.keys()]).toEqual(['AB:1', '0xab:1']);
  });

  test('two spellings in one body are one row: a duplicate', () => {
    const body = 'node_guid,port_num,x\n0x0c42a103007ab890,1,1\n0C42A103007AB890,1,2\n';
    expect(failureOf(body)).toMatchObject({ outcome: 'parse', line: 3 });
    expect(cellsOf(tableOf(body, { duplicateRows: 'last' }))['0x0c42a103007ab890:1']).toMatchObject({
      x: 2n,
    });
  });

  test('in quotes, and on the general path', () => {
    const keys = ['0x00000000000000ab:1', '0x00000000000000cd:2'];
    const rows = 'node_guid,port_num,t\n"AB",1,a\n0:0,9,b\n"cd",2,';
    const scanned = tableOf(`${rows}c\n`, { duplicateRows: 'last' });
    expect([...scanned.rows.keys()]).toEqual([keys[0], '0:0:9', keys[1]]);
    expect([...tableOf(`${rows}"c\nd"\n`).rows.keys()]).toEqual([keys[0], '0:0:9', keys[1]]);
  });
});
