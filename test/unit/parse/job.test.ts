/** A parse job against a real segment, as a worker runs it. */
import { describe, expect, test } from 'vitest';
import type { ParsePolicy } from '../../../src/model/parse-policy.js';
import type { ColumnSpec } from '../../../src/model/schema.js';
import { sizeSegment } from '../../../src/fabric/sizing.js';
import { parseBody } from '../../../src/parse/job.js';
import { wantedKinds } from '../../../src/parse/kinds.js';
import { BodyArena, type BodyRef } from '../../../src/snapshot/arena.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { isValid } from '../../../src/snapshot/reader.js';
import { Segment } from '../../../src/snapshot/segment.js';
import type { ParseAnswer, ParseTask } from '../../../src/snapshot/parse-task.js';
import { policyOf } from '../../fixtures/parse-table.js';

const free = new FreeList(2 ** 30, () => {});

function bodyOf(text: string): BodyRef {
  const arena = new BodyArena(free, text.length, 2 ** 20);
  arena.append(Buffer.from(text));
  return arena.ref();
}

function taskOf(body: BodyRef, changes: Partial<ParseTask> = {}): ParseTask {
  return {
    body,
    format: 'csv',
    csvBytesMax: 2 ** 20,
    previous: null,
    policy: policyOf(),
    header: null,
    target: null,
    snapshotTsMs: 5,
    receivedAtMs: 6,
    ...changes,
  };
}

/** A segment for `text`, and the answer of the job that fills its first version. */
function fill(text: string, changes: Partial<ParsePolicy> = {}): { segment: Segment; answer: ParseAnswer } {
  const policy = policyOf(changes);
  const body = bodyOf(text);
  const surveyed = parseBody(taskOf(body, { policy }));
  if (surveyed.kind !== 'survey') throw new Error(surveyed.kind);
  const segment = segmentFor(surveyed.report, wantedKinds(surveyed.report, null));
  return { segment, answer: refill(segment, text, surveyed.report.header, policy) };
}

function segmentFor(
  report: Extract<ParseAnswer, { kind: 'survey' }>['report'],
  columns: readonly ColumnSpec[],
): Segment {
  return new Segment(sizeSegment(report, columns, null, null, 0), free);
}

function refill(segment: Segment, text: string, header: readonly string[], policy = policyOf()): ParseAnswer {
  const version = segment.beginFill();
  const task = taskOf(bodyOf(text), { policy, header, target: { segment: segment.ref, version } });
  const answer = parseBody(task);
  segment.endFill(version, answer.kind === 'filled');
  return answer;
}

describe('parseBody', () => {
  const first = 'timestamp,switch_id,x,tag\n1767268800,a,1,p\n1767268801,b,,q\n';
  const header = ['timestamp', 'switch_id', 'x', 'tag'];

  test('fills a bank that reads back', () => {
    const { segment, answer } = fill(first);
    expect(answer).toMatchObject({ kind: 'filled', report: { rows: 2, keyColumns: ['switch_id'] } });
    const { reader } = segment;
    const bank = reader.bank(reader.begin());
    const [x] = bank.columns;
    const slots = ['a', 'b'].map((key) => reader.findKey(key));
    expect(slots.map((slot) => isValid(x!, slot))).toEqual([true, false]);
    expect(reader.i32[2 * (x!.cell0 + slots[0]!)]).toBe(1);
    expect(slots.map((slot) => reader.rowTimeMs(bank, slot))).toEqual([1767268800000, 1767268801000]);
  });

  test('the next body of the same header fills the other bank, the rows in any order', () => {
    const { segment } = fill(first);
    const answer = refill(segment, 'timestamp,switch_id,x,tag\n1767268802,b,7,q\n1767268802,c,8,r\n', header);
    expect(answer).toMatchObject({ kind: 'filled', report: { rows: 2 } });
    expect(segment.reader.begin()).toBe(2);
  });

  test('another header is only surveyed', () => {
    const { segment } = fill(first);
    expect(refill(segment, 'switch_id,y\na,1\n', header)).toMatchObject({
      kind: 'survey',
      report: { header: ['switch_id', 'y'] },
    });
  });

  test.each([
    ['1.5', 'f64'],
    ['18446744073709551615', 'u64'],
    ['up', 'text'],
  ])('%s in an i64 column is a misfit that wants %s', (cell, kind) => {
    const { segment } = fill(first);
    const answer = refill(segment, `timestamp,switch_id,x,tag\n1,a,${cell},p\n`, header);
    expect(answer.kind).toBe('misfit');
    if (answer.kind === 'misfit') {
      expect(wantedKinds(answer.report, segment.ref.spec.columns)[0]).toEqual({ name: 'x', kind });
    }
  });

  test('a text column whose cells are all numbers is a misfit that wants numbers', () => {
    const text = 'switch_id,x\na,up\nb,down\n';
    const { segment } = fill(text);
    expect(segment.ref.spec.columns[0]!.kind).toBe('text');
    const again = ['switch_id', 'x'];
    expect(refill(segment, 'switch_id,x\na,1\nb,down\n', again).kind).toBe('filled');
    const answer = refill(segment, 'switch_id,x\na,1\nb,2.5\n', again);
    if (answer.kind !== 'misfit') throw new Error(answer.kind);
    expect(wantedKinds(answer.report, segment.ref.spec.columns)[0]!.kind).toBe('f64');
  });

  test('more rows than the segment holds', () => {
    const { segment } = fill(first);
    const rows = Array.from({ length: 500 }, (_, i) => `1,row-${i},1,p\n`).join('');
    expect(refill(segment, `timestamp,switch_id,x,tag\n${rows}`, header)).toEqual({
      kind: 'full',
      what: 'slots',
    });
  });

  test('the same bytes again are identical, and nothing is read', () => {
    const task = taskOf(bodyOf(first), { previous: bodyOf(first) });
    expect(parseBody(task)).toEqual({ kind: 'identical' });
  });

  test('what is refused comes back as a value', () => {
    expect(parseBody(taskOf(bodyOf('<html>')))).toMatchObject({
      kind: 'failed',
      failure: { outcome: 'schema' },
    });
    expect(parseBody(taskOf(bodyOf('switch_id,x\na\n')))).toMatchObject({
      kind: 'failed',
      failure: { outcome: 'parse', line: 2 },
    });
  });
});
