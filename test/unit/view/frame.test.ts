import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../src/view/frame.js';
import { LIMITS, ALL, select, encode, texts, objects } from '../../fixtures/live-frames.js';
import { row, TableFixture } from '../../fixtures/tables.js';

describe('a snapshot', () => {
  test('has every row and field, missing cells as null, integers with all digits', () => {
    const table = new TableFixture({ boot: 'boot' }).publish('s1', [
      row('sw-000', { cpu: 34.1, count: 18446744073709551615n, text: 'a "b" \\' }),
      row('sw-001', { cpu: null, count: 7, text: null }),
    ]);
    expect(texts(encode(table, ALL, null))).toEqual([
      '"snapshot_id":"boot-1","fields":["cpu","count","text"],"rows":[' +
        '["sw-000",34.1,18446744073709551615,"a \\"b\\" \\\\"],["sw-001",null,7,null]]}',
    ]);
  });

  test('quotes integers beyond 2^53 when asked to', () => {
    const table = new TableFixture().publish('s1', [row('a', { n: 9007199254740993n, small: 5 })]);
    const [frame] = objects(encode(table, { ...ALL, int64AsString: true }, null));
    expect(frame!['rows']).toEqual([['a', '9007199254740993', 5]]);
  });

  test('selects rows by key and prefix, and columns in the order asked for', () => {
    const rows = ['sw-1', 'sw-50', 'sw-51', 'x'].map((id, i) => row(id, { a: i, b: i * 10 }));
    const table = new TableFixture().publish('s1', rows);
    const [frame] = objects(
      encode(table, select(['x', 'sw-5*', 'nobody', 'sw-50'], ['b', 'a', 'gone']), null),
    );
    expect(frame).toMatchObject({ fields: ['b', 'a'] });
    expect(frame!['rows']).toEqual([
      ['sw-50', 10, 1],
      ['sw-51', 20, 2],
      ['x', 30, 3],
    ]);
  });

  test('serves a row of two sources once, from the newest sample', () => {
    const fixture = new TableFixture({ sources: ['s1', 's2'] });
    fixture.publish('s1', [row('a', { x: 1 }), row('b', { x: 1 })], { dataTsMs: 2000 });
    const table = fixture.publish('s2', [row('b', { x: 2, y: 5 }), row('a', { x: 2, y: 6 })], {
      dataTsMs: 1000,
    });
    const [frame] = objects(encode(table, ALL, null));
    expect(frame!['rows']).toEqual([
      ['a', 1, null],
      ['b', 1, null],
    ]);
  });

  test('of nothing is whole', () => {
    const table = new TableFixture().publish('s1', [row('a', { x: 1 })]);
    const frame = encode(table, select(['nobody']), null);
    expect(objects(frame)).toMatchObject([{ fields: ['x'], rows: [] }]);
    expect(frame).toMatchObject({ rows: 0, changedCells: 0, empty: false });
  });
});

describe('limits', () => {
  const table = new TableFixture().publish('s1', [
    row('a', { x: 1, y: 2 }),
    row('b', { x: 1, y: 'long text '.repeat(9) }),
  ]);

  test('a selection above the cells is refused as too_large, naming the knob', () => {
    const refused = encodeFrame(table, ALL, null, { ...LIMITS, cellsMax: 3 });
    expect(refused).toMatchObject({ ok: false, code: 'too_large' });
    expect(refused).toHaveProperty('message', expect.stringContaining('MAX_FRAME_CELLS'));
    expect(encodeFrame(table, ALL, null, { ...LIMITS, cellsMax: 4 }).ok).toBe(true);
    expect(encodeFrame(table, select(['b']), null, { ...LIMITS, cellsMax: 2 }).ok).toBe(true);
  });

  test('overlapping sources count each row once', () => {
    const fixture = new TableFixture({ sources: ['s1', 's2'] });
    fixture.publish('s1', [row('a', { x: 1 }), row('b', { x: 1 })]);
    const overlapping = fixture.publish('s2', [row('b', { x: 1 }), row('c', { x: 1 })]);
    expect(encodeFrame(overlapping, ALL, null, { ...LIMITS, cellsMax: 3 }).ok).toBe(true);
    expect(encodeFrame(overlapping, ALL, null, { ...LIMITS, cellsMax: 2 }).ok).toBe(false);
  });

  test('a frame of too many bytes is refused', () => {
    const refused = encodeFrame(table, ALL, null, { ...LIMITS, bytesMax: 50 });
    expect(refused).toMatchObject({ ok: false, code: 'too_large' });
    expect(refused).toHaveProperty('message', expect.stringContaining('MAX_LIST_BYTES'));
  });
});
