import { describe, expect, test } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import { parsePatterns } from '../../../src/query/selector.js';
import { encodeFrame, type EncodedFrame } from '../../../src/view/frame.js';
import type { FrameLimits } from '../../../src/view/frame-parts.js';
import type { FrameSelection } from '../../../src/view/frame-selection.js';
import { parseExact } from '../../fixtures/live-client.js';
import { row, TableFixture, type Cell } from '../../fixtures/tables.js';

const LIMITS: FrameLimits = { partBytes: 256 * 1024, cellsMax: 8_000_000, bytesMax: 2 ** 28 };
const ALL: FrameSelection = { rows: null, metrics: null, int64AsString: false };

function select(switches: string[] | null, metrics: string[] | null = null): FrameSelection {
  return { rows: switches && parsePatterns(switches, 'switches'), metrics, int64AsString: false };
}

function encode(
  table: Table,
  selection: FrameSelection,
  since: readonly number[] | null,
  limits: Partial<FrameLimits> = {},
): EncodedFrame {
  const result = encodeFrame(table, selection, since, { ...LIMITS, ...limits });
  if (!result.ok) throw new Error(result.message);
  return result;
}

function texts(frame: EncodedFrame): string[] {
  return frame.parts.map((part) => new TextDecoder().decode(part));
}

function objects(frame: EncodedFrame): Record<string, unknown>[] {
  return texts(frame).map((text) => parseExact(`{${text}`) as Record<string, unknown>);
}

function versions(table: Table): number[] {
  return table.parts.map((part) => part.bank.version);
}

/** Columns wide enough that a changed cell costs less than its row. */
function wide(cpu: Cell): Record<string, Cell> {
  return { cpu, a: 1111111, b: 2222222, c: 3333333, d: 4444444, e: 5555555, f: 6666666 };
}

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
    expect(objects(encode(back, selection, versions(moved)))[0]).toMatchObject({
      changes: [['k', { cpu: 1, a: 1111111 }]],
    });
    const gone = fixture.publish('s1', rest, { dataTsMs: 4000 });
    expect(objects(encode(gone, selection, versions(back)))[0]).toMatchObject({ removed: ['k'] });
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

describe('parts', () => {
  const rows = Array.from({ length: 40 }, (_, i) => row(`sw-${i}`, wide(i)));

  test('are cut at rows, numbered, and the last one says so', () => {
    const table = new TableFixture().publish('s1', rows);
    const parts = objects(encode(table, ALL, null, { partBytes: 500 }));
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.map((part) => part['part'])).toEqual(parts.map((_, i) => i));
    expect(parts.map((part) => part['last'])).toEqual(
      parts.map((_, i) => (i === parts.length - 1 ? true : undefined)),
    );
    for (const part of parts) expect(part['fields']).toEqual(parts[0]!['fields']);
    const whole = objects(encode(table, ALL, null))[0]!;
    expect(parts.flatMap((part) => part['rows'])).toEqual(whole['rows']);
    expect(whole).not.toHaveProperty('part');
    expect(whole).not.toHaveProperty('last');
  });

  test('hold at least one row each, and about as many bytes as asked for', () => {
    const table = new TableFixture().publish('s1', rows);
    expect(encode(table, ALL, null, { partBytes: 1 }).parts).toHaveLength(rows.length);
    const parts = encode(table, ALL, null, { partBytes: 1000 }).parts;
    for (const part of parts.slice(0, -1)) expect(part.length).toBeGreaterThanOrEqual(1000);
    for (const part of parts) expect(part.length).toBeLessThan(1200);
  });

  test('of a diff carry changes and removed rows', () => {
    const fixture = new TableFixture();
    const before = fixture.publish('s1', rows);
    const table = fixture.publish(
      's1',
      rows.slice(0, 20).map(({ id }, i) => row(id, wide(i + 1))),
    );
    const cut = encode(table, select(null, ['cpu', 'a', 'b', 'c', 'd', 'e']), versions(before), {
      partBytes: 150,
    });
    const parts = objects(cut);
    expect(cut.kind).toBe('diff');
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flatMap((part) => part['changes'])).toHaveLength(20);
    expect(parts.flatMap((part) => part['removed'])).toEqual(rows.slice(20).map(({ id }) => id));
    expect(parts.at(-1)!['last']).toBe(true);
  });

  test('have buffers of their own, so that they can be transferred', () => {
    const table = new TableFixture().publish('s1', rows);
    const { parts } = encode(table, ALL, null, { partBytes: 500 });
    expect(new Set(parts.map((part) => part.buffer)).size).toBe(parts.length);
    for (const part of parts) expect(part.buffer.byteLength).toBe(part.length);
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
