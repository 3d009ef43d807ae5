import { describe, expect, test } from 'vitest';
import { planHeader } from '../../../src/parse/header.js';
import type { HeaderPlan } from '../../../src/parse/plan.js';
import { scan } from '../../../src/parse/scan.js';
import { SurveySink } from '../../../src/parse/survey.js';
import { bytesOf, cellsOf, policyOf, tableOf } from '../../fixtures/parse-table.js';
import { PlainSink } from '../../fixtures/plain-sink.js';

function planOf(body: Uint8Array): HeaderPlan {
  const planned = planHeader(body, policyOf());
  if (!planned.ok) throw new Error(planned.failure.message);
  return planned.plan;
}

describe('a survey', () => {
  const body = bytesOf('node_guid,port_num,tag,x\n0xa,1,up,1\n0xa,1,up,2.5\n0xb,2,down,\n0xb,2,up,x\n');

  test('counts what a segment must hold, and does not judge duplicates', () => {
    const plan = planOf(body);
    const result = scan(body, plan, new SurveySink(plan), policyOf());
    if (result.kind !== 'done') throw new Error(result.kind);
    expect(result.report).toMatchObject({ rows: 4, keyBytes: 80, duplicates: 0, rejectedCells: 1 });
    // Text that repeats the row before costs nothing: up, down, up.
    expect(result.report.fields.map((field) => field.textBytes)).toEqual([36, 2, 8, 49]);
    expect(result.report.fields.map((field) => field.present)).toEqual([4, 4, 4, 3]);
  });

  test('and one plan serves many bodies of the same header', () => {
    const plan = planOf(body);
    const next = bytesOf('\ufeffnode_guid,port_num,tag,x\r\n0xc,7,,9\r\n');
    expect(scan(next, plan, new SurveySink(plan), policyOf())).toMatchObject({
      kind: 'done',
      report: { rows: 1 },
    });
  });

  test('a plan for another header is a mistake of the caller', () => {
    const other = bytesOf('switch_id,x\na,1\n');
    const plan = planOf(other);
    expect(() => scan(body, plan, new SurveySink(plan), policyOf())).toThrow(/BUG/);
    expect(() => scan(other, plan, new PlainSink(['i64', 'i64']), policyOf())).toThrow(/BUG/);
  });
});

describe('a sink that is full', () => {
  test.each([
    ['slots', { slots: 2, strings: 9 }],
    ['strings', { slots: 9, strings: 2 }],
  ])('of %s stops the scan', (what, limits) => {
    const body = bytesOf('switch_id,tag\na,1\nb,2\nc,3\n');
    const sink = new PlainSink(['text'], limits);
    expect(scan(body, planOf(body), sink, policyOf())).toEqual({ kind: 'full', what });
  });
});

describe('other delimiters', () => {
  test.each([';', '\t', '|', ' ', '::', '§', '-'])('%j', (delimiter) => {
    const lines = ['switch_id,x,tag', 'a,1,"p', 'q"', 'b,0.5,', 'c,"7",z'];
    const body = `${lines.join('\n').replaceAll(',', delimiter)}\n`;
    expect(cellsOf(tableOf(body, { delimiter }))).toEqual({
      a: { x: 1, tag: 'p\nq' },
      b: { x: 0.5, tag: null },
      c: { x: 7, tag: 'z' },
    });
  });

  test('without line breaks in quotes', () => {
    const table = tableOf('switch_id;x;y\na;1;2,5\nb;3;4\n');
    expect(cellsOf(table)).toEqual({ a: { x: 1n, y: null }, b: { x: 3n, y: 4n } });
  });
});
