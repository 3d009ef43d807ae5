import { describe, expect, test } from 'vitest';
import { withRates } from '../../../src/fabric/rate-plan.js';
import { copyPrevious, type RowPlace } from '../../../src/snapshot/copy-previous.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { openSegment, type SegmentSpec } from '../../../src/snapshot/layout.js';
import { RateCell, rateAt, rateDouble } from '../../../src/snapshot/rate.js';
import { Segment } from '../../../src/snapshot/segment.js';
import { fillSegment } from '../../fixtures/fill-segment.js';
import { ALL_RATES, row, type Row } from '../../fixtures/tables.js';

const T0 = 1_700_000_000_000;

function publishRows(segment: Segment, rows: readonly Row[], atMs: number): void {
  segment.endFill(fillSegment(segment, rows, atMs, atMs), true);
}

describe('a row that is copied', () => {
  const columns = [
    { name: 'octets', kind: 'i64' as const },
    { name: 'mixed', kind: 'mixed' as const },
    { name: 'added', kind: 'i64' as const },
  ];
  const specOf = (count: number): SegmentSpec =>
    withRates(
      {
        columns: columns.slice(0, count),
        slotCapacity: 64,
        keyBytesCapacity: 1024,
        stringCapacity: 64,
        stringBytesCapacity: 1024,
        baseVersion: 0,
        hasRowTime: true,
      },
      ALL_RATES,
    );
  const free = new FreeList(2 ** 30, () => undefined);
  const placeOf = (segment: Segment, version: number, key: string): RowPlace => ({
    views: openSegment(segment.ref),
    version,
    slot: segment.reader.findKey(key),
  });
  const say = (segment: Segment, version: number, key: string): string[] => {
    const bank = segment.reader.bank(version);
    const cell = new RateCell();
    return bank.columns.map((column) => {
      rateAt(segment.reader, bank, column, segment.reader.findKey(key), 'delta', cell);
      return `${cell.status} ${rateDouble(cell)} ${cell.sinceMs - T0}`;
    });
  };

  test('has the deltas it had, in the same segment and in one that replaces it', () => {
    const old = new Segment(specOf(2), free);
    const rows = (a: number, step: number): Row[] => [
      row('x', { octets: 1, mixed: 1 }, T0 + step),
      row('a', { octets: a, mixed: 2n ** 60n + BigInt(a) }, T0 + step),
      row('b', { octets: 1, mixed: 1 }, T0 + step),
    ];
    for (const [step, a] of [500, 0, 510].entries()) publishRows(old, rows(a, step), T0 + step);
    const said = ['glitch 10 0', 'ok 510 1'];
    expect(say(old, 3, 'a')).toEqual(said);
    // Its bank 0 knows nothing of row b but what is copied from row a of bank 1.
    publishRows(old, rows(510, 2), T0 + 2);
    const target = placeOf(old, 4, 'b');
    copyPrevious(placeOf(old, 3, 'a'), target, null);
    const next = new Segment(specOf(3), free);
    publishRows(next, [row('a', { octets: 510, mixed: 2n ** 60n + 510n, added: 1 }, T0 + 2)], T0 + 2);
    expect(say(next, 1, 'a')).toEqual(['first NaN NaN', 'first NaN NaN', 'first NaN NaN']);
    copyPrevious(placeOf(old, 3, 'a'), placeOf(next, 1, 'a'), [0, 1, -1]);
    expect(say(next, 1, 'a')).toEqual([...said, 'unavailable NaN 1']);
    expect(say(old, 4, 'b')).toEqual(['reset NaN 0', 'reset NaN 1']);
  });
});
