/** Bodies with line breaks inside quotes: another way through parse/, the same table and the same rules. */
import { describe, expect, test } from 'vitest';
import { planHeader } from '../../../src/parse/header.js';
import { scan } from '../../../src/parse/scan.js';
import { bytesOf, cellsOf, failureOf, policyOf, tableOf } from '../../fixtures/parse-table.js';
import { PlainSink } from '../../fixtures/plain-sink.js';

/** The last row sends the whole body the general way. */
const general = (header: string, rows: string): string => {
  const cells = header.split(',').length;
  return `${header}\n${rows}last,"1\n2"${',5'.repeat(cells - 2)}\n`;
};

describe('the general path', () => {
  test('reads what the scanner reads', () => {
    const rows = 'a,x,18446744073709551615\nb,,0.5\nc," y ",\nd,"q""r",37C\n';
    const plain = tableOf(`switch_id,tag,v\n${rows}`, { units: { v: 'C' } });
    const table = tableOf(general('switch_id,tag,v', rows), { units: { v: 'C' } });
    expect(cellsOf(table)).toEqual({ ...cellsOf(plain), last: { tag: '1\n2', v: 5 } });
  });

  test('forgets what the scanner had stored before it stopped', () => {
    const body = bytesOf('switch_id,x,tag\na,1,p\nb,,q\nc,,"r\ns"\n');
    const planned = planHeader(body, policyOf());
    if (!planned.ok) throw new Error(planned.failure.message);
    const sink = new PlainSink(['i64', 'text']);
    const result = scan(body, planned.plan, sink, policyOf());
    expect(result).toMatchObject({ kind: 'done', report: { rows: 3, duplicates: 0 } });
    expect([...sink.rows()].map(([key, row]) => [key, ...row.cells])).toEqual([
      ['a', 1n, 'p'],
      ['b', null, 'q'],
      ['c', null, 'r\ns'],
    ]);
    if (result.kind === 'done') expect(result.report.fields.map((field) => field.present)).toEqual([1, 3]);
  });

  test('times, keys and headers', () => {
    const body =
      'timestamp,node_guid,port_num,x\r\n1,0xa,"1\r\n",3\r\ntimestamp,node_guid,port_num,x\r\n2,0xa,2,4\r\n';
    const table = tableOf(body, { guidKeys: 'as_is' });
    expect([...table.rows].map(([key, row]) => [key, row.time])).toEqual([
      ['0xa:1\r\n', 1000],
      ['0xa:2', 2000],
    ]);
    expect(table.report.headerRepeats).toBe(1);
  });

  test('ragged rows', () => {
    const body = general('switch_id,tag,x', 'a,1,2\nb,3\n');
    expect(failureOf(body)).toMatchObject({ outcome: 'parse', line: 3, column: 'x' });
    const table = tableOf(body, { ragged: 'drop' });
    expect([...table.rows.keys()]).toEqual(['a', 'last']);
    expect(table.report.rejectedRows).toBe(1);
  });

  test('duplicate keys', () => {
    const body = general('switch_id,tag,x', 'a,p,2\nb,q,3\na,,4\n');
    expect(failureOf(body)).toMatchObject({ outcome: 'parse', line: 4 });
    const table = tableOf(body, { duplicateRows: 'last' });
    expect(cellsOf(table)['a']).toEqual({ tag: null, x: 4n });
    expect(table.report).toMatchObject({ rows: 3, duplicates: 1 });
  });

  test('control characters, also behind the place where the scanner stopped', () => {
    expect(failureOf('switch_id,tag\na,"1\n2"\nb,\x03\n')).toMatchObject({ outcome: 'encoding', offset: 24 });
  });

  test('Latin-1', () => {
    const table = tableOf(Buffer.from('switch_id,tag\n\xe4,"\xf6\n"\n', 'latin1'));
    expect(cellsOf(table)).toEqual({ ä: { tag: 'ö\n' } });
    expect(table.report.latin1Cells).toBe(2);
  });

  test('a quote that stays open until the end', () => {
    expect(failureOf('switch_id,tag\na,"1\n2"\nb,"3\n')).toMatchObject({
      outcome: 'parse',
      message: expect.stringContaining('not closed') as string,
    });
  });
});
