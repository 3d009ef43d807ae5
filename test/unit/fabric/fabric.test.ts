import { describe, expect, test } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';

const keysOf = (table: Table): string[] => {
  const keys: string[] = [];
  table.forEachRow(
    (part, slot) => keys.push(`${table.keyText(part, slot)}@${table.parts[part]!.ref.sourceId}`) > 0,
  );
  return keys;
};

const rows = (...ids: string[]): Row[] => ids.map((id) => row(id, { a: 1 }));

describe('fabric versions', () => {
  test('move by one at each publish of any source and name the snapshot', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'], boot: 'boot1' });
    expect(fixture.fabric.table).toBeNull();
    expect(fixture.publish('x', rows('1')).snapshotId).toBe('boot1-1');
    expect(fixture.publish('y', rows('2')).snapshotId).toBe('boot1-2');
    expect(fixture.publish('x', rows('1')).snapshotId).toBe('boot1-3');
  });

  test('tell listeners after the table moved', () => {
    const fixture = new TableFixture();
    const seen: string[] = [];
    fixture.fabric.onPublish((table) => seen.push(`${table.snapshotId === fixture.fabric.snapshotId}`));
    fixture.publish('s1', rows('1'));
    fixture.publish('s1', rows('1'));
    expect(seen).toEqual(['true', 'true']);
  });

  test('since resolves to every source’s version of that moment', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    fixture.publish('x', rows('1'));
    const both = fixture.publish('y', rows('2')).snapshotId;
    fixture.publish('x', rows('1'));
    fixture.publish('x', rows('1'));
    expect(fixture.fabric.resolveSince(both)).toEqual({ kind: 'diff', fabricVersion: 2, versions: [1, 1] });
  });

  test('since of another boot, of the future, or no id at all is too old', () => {
    const fixture = new TableFixture({ boot: 'boot1' });
    fixture.publish('s1', rows('1'));
    for (const id of ['boot2-1', 'boot1-2', 'boot1-0', 'boot1', '', 'boot1--1']) {
      expect(fixture.fabric.resolveSince(id)).toEqual({ kind: 'too_old' });
    }
  });

  test('a new generation, or a source that joined, changes what a state was made of', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    const first = fixture.publish('x', rows('1'));
    fixture.publish('x', rows('1'), { newGeneration: true });
    expect(fixture.fabric.resolveSince(first.snapshotId)).toEqual({ kind: 'changed', schema: first.schema });
    const second = fixture.fabric.snapshotId;
    fixture.publish('y', rows('2'));
    expect(fixture.fabric.resolveSince(second).kind).toBe('changed');
  });

  test('the union of columns is kept between versions of the same generations', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    fixture.publish('x', [row('1', { a: 1, b: 0.5 })]);
    const { schema } = fixture.publish('y', [row('2', { b: 'text', c: 2 ** 40 })]);
    expect(schema.columns).toEqual([
      { name: 'a', kind: 'i64', inPart: [0, -1] },
      { name: 'b', kind: 'text', inPart: [1, 0] },
      { name: 'c', kind: 'i64', inPart: [-1, 1] },
    ]);
    expect(fixture.publish('x', [row('1', { a: 2, b: 0.25 })]).schema).toBe(schema);
  });

  test('a replaced segment is given back once its pins are gone', () => {
    const fixture = new TableFixture();
    fixture.publish('s1', rows('1'));
    const unpin = fixture.fabric.pin();
    fixture.publish('s1', rows('1'), { newGeneration: true });
    expect(fixture.free.stats.freeBytes).toBe(0);
    unpin();
    expect(fixture.free.stats.freeBytes).toBeGreaterThan(0);
  });
});

describe('rows of several sources', () => {
  test('a row in two sources is one row, from the newest sample, at the place of the first', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    fixture.publish('x', rows('1', '2', '3'), { dataTsMs: 1000 });
    expect(keysOf(fixture.publish('y', rows('2', '4'), { dataTsMs: 2000 }))).toEqual([
      '1@x',
      '2@y',
      '3@x',
      '4@y',
    ]);
    expect(keysOf(fixture.publish('x', rows('1', '2', '3'), { dataTsMs: 3000 }))).toEqual([
      '1@x',
      '2@x',
      '3@x',
      '4@y',
    ]);
  });

  test('an older sample that arrives later does not win', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    fixture.publish('x', [row('1', { a: 10 }, 5000)]);
    const table = fixture.publish('y', [row('1', { a: 9 }, 4000)]);
    const at = { part: -1, slot: -1 };
    expect(table.find('1', at)).toBe(true);
    expect(at.part).toBe(0);
  });

  test('a row that vanished from the newest source is held until another one has a sample as new', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    fixture.publish('x', rows('1'), { dataTsMs: 1000 });
    fixture.publish('y', rows('1', '2'), { dataTsMs: 2000 });
    expect(keysOf(fixture.publish('y', rows('2'), { dataTsMs: 3000 }))).toEqual(['1@y', '2@y']);
    expect(fixture.heldRows).toBe(1);
    const at = { part: -1, slot: -1 };
    expect(fixture.table.find('1', at)).toBe(true);
    const { reader, bank } = fixture.table.parts[1]!;
    expect([reader.rowTimeMs(bank, at.slot), reader.sampleMs(bank, at.slot)]).toEqual([2000, 2000]);
    // As new: no longer held, although the earlier part would not win this tie otherwise.
    expect(keysOf(fixture.publish('x', rows('1'), { dataTsMs: 2000 }))).toEqual(['1@x', '2@y']);
    expect(keysOf(fixture.publish('y', rows('2'), { dataTsMs: 4000 }))).toEqual(['1@x', '2@y']);
    expect([fixture.heldRows, fixture.table.sharedRows]).toEqual([1, 0]);
    expect(fixture.table.find('3', { part: 0, slot: 0 })).toBe(false);
  });

  test.each([
    [1000, 60_000],
    [90_000, 90_000],
  ])('with max_stale_ms %i a row is held for %i ms, though nobody reports it again', (maxStaleMs, holdMs) => {
    const fixture = new TableFixture({ sources: ['x', 'y'], maxStaleMs });
    fixture.publish('x', rows('1'), { dataTsMs: 1000 });
    fixture.publish('y', rows('1', '2'), { dataTsMs: 2000 });
    const first = 3000;
    fixture.publish('y', rows('2'), { dataTsMs: first });
    const last = fixture.publish('y', rows('2'), { dataTsMs: first + holdMs, newGeneration: true });
    expect(keysOf(last)).toEqual(['1@y', '2@y']);
    expect(keysOf(fixture.publish('y', rows('2'), { dataTsMs: first + holdMs + 1 }))).toEqual(['1@x', '2@y']);
    // A row that is reported with an older sample is held as long.
    fixture.publish('y', rows('1', '2'), { dataTsMs: 200_000 });
    const old = (receivedAtMs: number): Table =>
      fixture.publish('y', rows('1', '2'), { dataTsMs: 100, receivedAtMs });
    expect(keysOf(old(201_000))).toEqual(['1@y', '2@y']);
    expect(keysOf(old(201_000 + holdMs))).toEqual(['1@y', '2@y']);
    expect(keysOf(old(201_001 + holdMs))).toEqual(['1@x', '2@y']);
  });

  test('a row of one source alone vanishes, and steps back, as ever', () => {
    const fixture = new TableFixture({ sources: ['x', 'y'] });
    fixture.publish('y', rows('9'), { dataTsMs: 1000 });
    fixture.publish('x', [row('1', { a: 1 }, 5000), row('2', { a: 1 }, 5000)], { receivedAtMs: 6000 });
    const table = fixture.publish('x', [row('1', { a: 1 }, 4000)], { receivedAtMs: 7000 });
    expect([keysOf(table), fixture.heldRows]).toEqual([['1@x', '9@y'], 0]);
  });

  test('rows are counted exactly, and the index is given back when a new one took its place', () => {
    const fixture = new TableFixture({ sources: ['x', 'y', 'z'] });
    fixture.publish('x', rows('1', '2', '3'));
    fixture.publish('y', rows('2', '3', '4'));
    const table = fixture.publish('z', rows('3', '5'));
    expect([table.rowsTotal, table.sharedRows]).toEqual([5, 2]);
    const inUse = fixture.free.stats.sharedBytes - fixture.free.stats.freeBytes;
    const unpin = fixture.fabric.pin();
    const grown = fixture.publish('z', rows('3', '5', '6'));
    expect([grown.rowsTotal, grown.index === table.index]).toEqual([6, false]);
    expect(fixture.free.stats.sharedBytes - fixture.free.stats.freeBytes).toBeGreaterThan(inUse);
    unpin();
    expect(fixture.free.stats.sharedBytes - fixture.free.stats.freeBytes).toBe(inUse);
    expect(fixture.publish('z', rows('3', '5', '6')).index).toBe(grown.index);
  });
});

describe('freshness', () => {
  test('stale is the time since the last good exchange; age is the time of the data', () => {
    const fixture = new TableFixture({ maxStaleMs: 10_000 });
    const status = fixture.fabric.sources[0]!;
    expect(status.isStale(fixture.clock.monotonicMs())).toBe(true);
    fixture.publish('s1', rows('1'), { dataTsMs: fixture.clock.nowMs() - 500 });
    expect(status.ageMs(fixture.clock.nowMs())).toBe(500);
    expect(status.ageMs(fixture.clock.nowMs() - 9999)).toBe(0);
    expect(status.isStale(fixture.clock.monotonicMs() + 10_000)).toBe(false);
    expect(status.isStale(fixture.clock.monotonicMs() + 10_001)).toBe(true);
  });
});
