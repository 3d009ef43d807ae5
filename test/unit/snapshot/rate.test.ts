/** Each status on its own, as docs/rates.md tells them. */
import { describe, expect, test } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import type { ColumnKind } from '../../../src/model/schema.js';
import { RateCell, rateAt, rateDouble } from '../../../src/snapshot/rate.js';
import { fillSegment } from '../../fixtures/fill-segment.js';
import { row, TableFixture, ALL_RATES, type Cell } from '../../fixtures/tables.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { Segment } from '../../../src/snapshot/segment.js';
import { withRates } from '../../../src/fabric/rate-plan.js';

const T0 = 1_700_000_000_000;
const STEP = 30_000;

interface Said {
  readonly status: string;
  readonly value: number | bigint | null;
  readonly intervalMs: number | null;
}

function read(table: Table, name: string, view: 'delta' | 'rate' = 'delta', id = 'sw'): Said {
  const address = { part: 0, slot: -1 };
  if (!table.find(id, address)) throw new Error(`no row ${id}`);
  const { reader, bank } = table.parts[address.part]!;
  const column = table.columnView(table.schema.byName.get(name)!, address.part);
  const cell = new RateCell();
  rateAt(reader, bank, column, address.slot, view, cell);
  const exact = ((BigInt(cell.high) << 32n) | BigInt(cell.low)) * (cell.negative ? -1n : 1n);
  let value: number | bigint | null = null;
  if (cell.form === 'double') value = cell.double;
  if (cell.form === 'integer') value = Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  return { status: cell.status, value, intervalMs: Number.isNaN(cell.intervalMs) ? null : cell.intervalMs };
}

/** What each sample of one column says, samples 30 s apart. */
function run(kind: ColumnKind, cells: readonly Cell[], name = 'octets'): Said[] {
  const fixture = new TableFixture({ rates: ALL_RATES });
  return cells.map((cell, i) => {
    const columns = [{ name, kind }];
    return read(
      fixture.publish('s1', [row('sw', { [name]: cell })], { columns, dataTsMs: T0 + i * STEP }),
      name,
    );
  });
}

const statuses = (said: readonly Said[]): string[] => said.map(({ status }) => status);
const last = (kind: ColumnKind, cells: readonly Cell[], name?: string): Said =>
  run(kind, cells, name).at(-1)!;

describe('a counter', () => {
  test("first, then ok: the exact difference over the samples' interval", () => {
    expect(run('i64', [5, 12])).toEqual([
      { status: 'first', value: null, intervalMs: null },
      { status: 'ok', value: 7, intervalMs: STEP },
    ]);
  });

  test('keeps every digit beyond 2^53', () => {
    expect(last('i64', [2n ** 62n, 2n ** 62n + 1n]).value).toBe(1);
    expect(last('u64', [1, 2n ** 64n - 2n]).value).toBe(2n ** 64n - 3n);
    expect(last('mixed', [2n ** 53n - 1n, 2n ** 63n + 5n]).value).toBe(2n ** 63n + 5n - (2n ** 53n - 1n));
  });

  test('missing now or before is unavailable, as is -1', () => {
    expect(statuses(run('i64', [5, null, 7, 8]))).toEqual(['first', 'unavailable', 'unavailable', 'ok']);
    expect(statuses(run('i64', [5, -1, 7, 8]))).toEqual(['first', 'unavailable', 'unavailable', 'ok']);
    expect(statuses(run('mixed', [5, -1, 7, 2n ** 60n]))).toEqual([
      'first',
      'unavailable',
      'unavailable',
      'ok',
    ]);
  });

  test('that fell was reset', () => {
    expect(run('i64', [500, 20, 21]).slice(1)).toEqual([
      { status: 'reset', value: null, intervalMs: STEP },
      { status: 'ok', value: 1, intervalMs: STEP },
    ]);
  });

  test('that shows 0 and comes back had a glitch: the delta is taken across it', () => {
    expect(run('i64', [500, 0, 510, 511]).slice(1)).toEqual([
      { status: 'zero', value: null, intervalMs: STEP },
      { status: 'glitch', value: 10, intervalMs: 2 * STEP },
      { status: 'ok', value: 1, intervalMs: STEP },
    ]);
    expect(last('i64', [500, 0, 500])).toEqual({ status: 'glitch', value: 0, intervalMs: 2 * STEP });
  });

  test('that shows 0 and goes on from there was reset', () => {
    expect(statuses(run('u64', [500, 0, 3, 4]))).toEqual(['first', 'zero', 'reset', 'ok']);
    expect(statuses(run('u64', [500, 0, 0, 0, 4]))).toEqual(['first', 'zero', 'reset', 'ok', 'ok']);
    expect(statuses(run('u64', [500, 0, null, 510, 511]))).toEqual([
      ...['first', 'zero', 'unavailable', 'unavailable', 'ok'],
    ]);
  });

  test('that ran over is a wrap, modulo 2^32 or 2^64', () => {
    expect(last('i64', [2 ** 32 - 10, 5])).toEqual({ status: 'wrap', value: 15, intervalMs: STEP });
    expect(last('u64', [2n ** 64n - 10n, 5])).toEqual({ status: 'wrap', value: 15, intervalMs: STEP });
    expect(last('mixed', [2n ** 64n - 10n, 5])).toEqual({ status: 'wrap', value: 15, intervalMs: STEP });
    // The quarters are sharp.
    expect(last('i64', [0xc000_0000, 0x3fff_ffff]).status).toBe('wrap');
    expect(last('i64', [0xbfff_ffff, 5]).status).toBe('reset');
    expect(last('i64', [0xc000_0000, 0x4000_0000]).status).toBe('reset');
    expect(last('u64', [2n ** 64n - 2n ** 62n, 2n ** 62n - 1n]).status).toBe('wrap');
    expect(last('u64', [2n ** 64n - 2n ** 62n - 1n, 5]).status).toBe('reset');
    expect(last('u64', [2n ** 64n - 2n ** 62n, 2n ** 62n]).status).toBe('reset');
  });

  test.each([65_535, 2 ** 32 - 1, 2n ** 64n - 1n])('that stands at %s is saturated', (limit) => {
    expect(statuses(run('u64', [3, limit, limit, 5, 6]))).toEqual([
      ...['first', 'saturated', 'saturated', 'reset', 'ok'],
    ]);
  });

  test('that passes a limit is a wider one, and 15 and 255 are no limits', () => {
    expect(last('i64', [65_535, 65_536])).toMatchObject({ status: 'ok', value: 1 });
    expect(last('i64', [15, 15])).toMatchObject({ status: 'ok', value: 0 });
    expect(last('i64', [15, 255])).toMatchObject({ status: 'ok', value: 240 });
  });
});

describe('a gauge', () => {
  test('moves either way, through 0 and limits', () => {
    const said = run('i64', [40, 0, 65_535, 30, -1], 'temperature');
    expect(statuses(said)).toEqual(['first', 'ok', 'ok', 'ok', 'ok']);
    expect(said.map(({ value }) => value)).toEqual([null, -40, 65_535, -65_505, -31]);
  });

  test('takes 66 bits when it must', () => {
    expect(last('u64', [2n ** 64n - 1n, 0], 'level').value).toBe(-(2n ** 64n - 1n));
    expect(last('mixed', [2n ** 64n - 1n, -(2n ** 63n)], 'level').value).toBe(-(2n ** 64n - 1n + 2n ** 63n));
    expect(last('mixed', [-(2n ** 63n), 2n ** 64n - 1n], 'level').value).toBe(2n ** 64n - 1n + 2n ** 63n);
  });

  test('of fractions is a double difference, and nothing where no double can say it', () => {
    expect(last('f64', [0.5, 0.25]).value).toBe(-0.25);
    expect(last('f64', [-1.7e308, 1.7e308])).toEqual({
      status: 'unavailable',
      value: null,
      intervalMs: STEP,
    });
  });
});

describe('times', () => {
  const columns = [{ name: 'octets', kind: 'i64' as const }];
  const at = (fixture: TableFixture, cell: Cell, timeMs: number): Said =>
    read(fixture.publish('s1', [row('sw', { octets: cell }, timeMs)], { columns, dataTsMs: T0 }), 'octets');

  test('a sample that comes again changes nothing, an older one is measured from what it follows', () => {
    const fixture = new TableFixture({ rates: ALL_RATES });
    at(fixture, 10, T0);
    expect(at(fixture, 20, T0 + 1000)).toEqual({ status: 'ok', value: 10, intervalMs: 1000 });
    expect(at(fixture, 20, T0 + 1000)).toEqual({ status: 'ok', value: 10, intervalMs: 1000 });
    expect(at(fixture, 16, T0 + 500)).toEqual({ status: 'ok', value: 6, intervalMs: 500 });
    expect(at(fixture, 10, T0)).toEqual({ status: 'stalled', value: null, intervalMs: 0 });
    expect(at(fixture, 9, T0 - 500)).toEqual({ status: 'stalled', value: null, intervalMs: -500 });
    expect(at(fixture, 11, T0 + 2000)).toEqual({ status: 'ok', value: 2, intervalMs: 2500 });
  });

  test('a zero that comes again still waits for the next sample', () => {
    const fixture = new TableFixture({ rates: ALL_RATES });
    at(fixture, 10, T0);
    for (let again = 0; again < 3; again++) expect(at(fixture, 0, T0 + 1000).status).toBe('zero');
    for (let again = 0; again < 3; again++) {
      expect(at(fixture, 12, T0 + 2000)).toEqual({ status: 'glitch', value: 2, intervalMs: 2000 });
    }
    expect(at(fixture, 13, T0 + 3000)).toEqual({ status: 'ok', value: 1, intervalMs: 1000 });
  });

  test('a rate is the exact delta a second, rounded once', () => {
    const fixture = new TableFixture({ rates: ALL_RATES });
    at(fixture, 0, T0);
    const table = fixture.publish('s1', [row('sw', { octets: 10 }, T0 + 3000)], { columns });
    expect(read(table, 'octets', 'rate')).toEqual({ status: 'ok', value: 10 / 3, intervalMs: 3000 });
  });

  test('a row that was gone, and every row of a new generation, has no sample before', () => {
    const fixture = new TableFixture({ rates: ALL_RATES });
    const publish = (ids: readonly string[], step: number, newGeneration = false): Table =>
      fixture.publish(
        's1',
        ids.map((id) => row(id, { octets: step })),
        { dataTsMs: T0 + step, newGeneration },
      );
    publish(['a', 'b'], 1);
    publish(['a'], 2);
    const back = publish(['a', 'b'], 3);
    expect(read(back, 'octets', 'delta', 'a').status).toBe('ok');
    expect(read(back, 'octets', 'delta', 'b').status).toBe('first');
    expect(read(publish(['a', 'b'], 4, true), 'octets', 'delta', 'a').status).toBe('first');
  });
});

test('a reused buffer tells nothing of its last life', () => {
  const free = new FreeList(2 ** 30, () => undefined);
  const spec = withRates(
    {
      columns: [{ name: 'octets', kind: 'i64' }],
      slotCapacity: 64,
      keyBytesCapacity: 1024,
      stringCapacity: 64,
      stringBytesCapacity: 1024,
      baseVersion: 0,
      hasRowTime: false,
    },
    ALL_RATES,
  );
  const cell = new RateCell();
  const fill = (segment: Segment, octets: number, step: number): string => {
    const version = fillSegment(segment, [row('sw', { octets })], T0 + step, T0 + step);
    segment.endFill(version, true);
    const bank = segment.reader.bank(version);
    rateAt(segment.reader, bank, bank.columns[0], 0, 'delta', cell);
    return `${cell.status} ${rateDouble(cell)}`;
  };
  const before = new Segment(spec, free);
  fill(before, 500, 1);
  fill(before, 0, 2);
  expect(fill(before, 501, 3)).toBe('glitch 1');
  before.retire();
  const after = new Segment({ ...spec }, free);
  expect(after.ref.reused).toBe(true);
  expect(fill(after, 7, 10)).toBe('first NaN');
  expect(fill(after, 8, 11)).toBe('ok 1');
});

test('a source that keeps no samples is told apart from a cell without one', () => {
  const table = new TableFixture().publish('s1', [row('sw', { octets: 1 })]);
  expect(read(table, 'octets')).toEqual({ status: 'untracked', value: null, intervalMs: null });
});
