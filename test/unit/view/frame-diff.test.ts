import { describe, expect, test } from 'vitest';
import type { EncodedFrame } from '../../../src/view/frame.js';
import { ALL, select, encode, texts, objects, versions, wide } from '../../fixtures/live-frames.js';
import { row, TableFixture } from '../../fixtures/tables.js';

describe('a diff', () => {
  test('has changed cells, appeared rows whole, and removed rows', () => {
    const fixture = new TableFixture({ boot: 'boot' });
    const before = fixture.publish('s1', [
      row('a', wide(1)),
      row('b', wide(2)),
      row('c', wide(3)),
      row('d', wide(4)),
    ]);
    const table = fixture.publish('s1', [
      row('a', wide(1)),
      row('b', wide(null)),
      row('d', wide(4)),
      row('e', wide(5)),
    ]);
    const frame = encode(table, select(null, ['cpu', 'a', 'b', 'c', 'd']), versions(before));
    expect(frame).toMatchObject({ kind: 'diff', rows: 3, changedCells: 6, empty: false });
    expect(texts(frame)).toEqual([
      '"snapshot_id":"boot-2","changes":[["b",{"cpu":null}],' +
        '["e",{"cpu":5,"a":1111111,"b":2222222,"c":3333333,"d":4444444}]],"removed":["c"]}',
    ]);
  });

  test('merges several versions, and a cell that came back may be sent', () => {
    const fixture = new TableFixture();
    const first = fixture.publish('s1', [row('a', wide(1)), row('b', wide(1))]);
    fixture.publish('s1', [row('a', wide(2)), row('b', wide(1))]);
    const table = fixture.publish('s1', [row('a', wide(2)), row('b', wide(3))]);
    const [frame] = objects(encode(table, ALL, versions(first)));
    expect(frame!['changes']).toEqual([
      ['a', { cpu: 2 }],
      ['b', { cpu: 3 }],
    ]);
  });

  test('of a selection that did not change is empty and still a frame', () => {
    const fixture = new TableFixture();
    const before = fixture.publish('s1', [row('a', wide(1)), row('b', wide(1))]);
    const table = fixture.publish('s1', [row('a', wide(2)), row('b', wide(1))]);
    for (const selection of [select(['b']), select(['b*']), select(null, ['a']), select(['nobody'])]) {
      const frame = encode(table, selection, versions(before));
      expect(frame).toMatchObject({ kind: 'diff', empty: true, rows: 0 });
      expect(objects(frame)).toMatchObject([{ changes: [], removed: [] }]);
    }
  });

  test.each([[['b', 'c', 'e', 'q']], [['b', 'c*', 'e', 'q*']], [null]])(
    'is the same whether rows are looked up or scanned: %j',
    (switches) => {
      const fixture = new TableFixture();
      const before = fixture.publish('s1', [row('a', wide(1)), row('b', wide(2)), row('c', wide(3))]);
      const table = fixture.publish('s1', [row('a', wide(1)), row('b', wide(9)), row('e', wide(5))]);
      const [frame] = objects(encode(table, select(switches, ['cpu', 'b', 'c', 'd']), versions(before)));
      expect(frame!['changes']).toEqual([
        ['b', { cpu: 9 }],
        ['e', { cpu: 5, b: 2222222, c: 3333333, d: 4444444 }],
      ]);
      expect(frame!['removed']).toEqual(['c']);
    },
  );

  test.each([[['k']], [['k*']], [null]])('follows a row from source to source: %j', (switches) => {
    const fixture = new TableFixture({ sources: ['s1', 's2'] });
    const rest = Array.from({ length: 9 }, (_, i) => row(`r${i}`, wide(i)));
    fixture.publish('s1', [...rest, row('k', wide(1))], { dataTsMs: 1000 });
    const both = fixture.publish('s2', [row('z', wide(0))], { dataTsMs: 1000 });
    const selection = select(switches, ['cpu', 'a', 'b', 'c']);
    const moved = fixture.publish('s2', [row('z', wide(0)), row('k', wide(2))], { dataTsMs: 2000 });
    expect(objects(encode(moved, selection, versions(both)))[0]).toMatchObject({
      changes: [['k', { cpu: 2, a: 1111111 }]],
      removed: [],
    });
    const back = fixture.publish('s2', [row('z', wide(0))], { dataTsMs: 3000 });
    // Held: the other one has an older sample only.
    expect(objects(encode(back, selection, versions(moved)))[0]).toMatchObject({ changes: [], removed: [] });
    const fresh = fixture.publish('s1', [...rest, row('k', wide(1))], { dataTsMs: 4000 });
    expect(objects(encode(fresh, selection, versions(moved)))[0]).toMatchObject({
      changes: [['k', { cpu: 1, a: 1111111 }]],
    });
    fixture.publish('s2', [row('z', wide(0))], { dataTsMs: 5000 });
    const gone = fixture.publish('s1', rest, { dataTsMs: 6000 });
    expect(objects(encode(gone, selection, versions(fresh)))[0]).toMatchObject({ removed: ['k'] });
  });

  test('is a snapshot when that is smaller, unless both are tiny', () => {
    const fixture = new TableFixture();
    const ids = Array.from({ length: 30 }, (_, i) => `sw-${i}`);
    const rows = (value: number) => ids.map((id) => row(id, { cpu_util_pct: value, other: 5 }));
    const before = fixture.publish('s1', rows(1));
    const table = fixture.publish('s1', rows(2));
    for (const selection of [ALL, select(['sw-1*']), select(ids.slice(0, 12))]) {
      const frame = encode(table, selection, versions(before));
      expect(frame.kind).toBe('snapshot');
      expect(texts(frame)).toEqual(texts(encode(table, selection, null)));
    }
    expect(encode(table, select(['sw-7'], ['cpu_util_pct']), versions(before)).kind).toBe('diff');
  });

  test('is never larger than the snapshot, and gives up a long one before it is done', () => {
    const fixture = new TableFixture();
    const ids = Array.from({ length: 3000 }, (_, i) => `switch-number-${i}`);
    const cells = (value: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`counter_number_${i}`, value + i]));
    const before = fixture.publish(
      's1',
      ids.map((id) => row(id, cells(1))),
    );
    for (const changed of [10, 500, 1000, 1500, 3000]) {
      const table = fixture.publish(
        's1',
        ids.map((id, i) => row(id, cells(i < changed ? 1 + changed : 1))),
      );
      const frame = encode(table, ALL, versions(before));
      const bytes = (one: EncodedFrame): number => one.parts.reduce((sum, part) => sum + part.length, 0);
      const snapshot = bytes(encode(table, ALL, null));
      expect(bytes(frame)).toBeLessThanOrEqual(snapshot);
      expect(frame.kind).toBe(changed <= 500 ? 'diff' : 'snapshot');
    }
  });
});
