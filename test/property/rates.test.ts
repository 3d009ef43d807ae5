/** Random samples against exact arithmetic on BigInt: every kind, counters and gauges, all statuses. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Table } from '../../src/fabric/table.js';
import type { ColumnKind } from '../../src/model/schema.js';
import { RATE_STATUSES, RATE_VIEWS, type RateStatus } from '../../src/model/rates.js';
import { RateCell, rateAt, rateDouble } from '../../src/snapshot/rate.js';
import { RateRun, runRates } from '../../src/snapshot/rate-run.js';
import { RateModel, type ExpectedRate } from '../fixtures/rate-model.js';
import { ALL_RATES, row, TableFixture, type Cell } from '../fixtures/tables.js';

const KINDS = ['i64', 'u64', 'f64', 'mixed'] as const;
const COLUMNS: { name: string; kind: ColumnKind }[] = KINDS.flatMap((kind) => [
  { name: `c_${kind}`, kind },
  { name: `g_${kind}`, kind },
]);
const isCounter = (column: string): boolean => column.startsWith('c_');
const RATES = { ...ALL_RATES, gauges: ['g_*'], counters: ['c_*'] };
const IDS = ['sw-0', 'sw-1', 'sw-40'];

const MIN_I64 = -(2n ** 63n);
const SMALL: Cell[] = [
  0,
  0,
  1,
  2,
  7,
  100,
  65_534,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32 - 2,
  3_500_000_000,
  10,
];
const SIGNED: Cell[] = [-1, -5, -(2 ** 40)];
const BIG: Cell[] = [2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n];
const HUGE: Cell[] = [2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 5n, 2n ** 64n - 2n ** 61n];
const FRACTIONS: Cell[] = [0.5, -0.25, 1.5e-254, 65_535.5, 1e300, -1e300];
const VALUES: Record<(typeof KINDS)[number], readonly Cell[]> = {
  i64: [...SMALL, ...SIGNED, ...BIG, MIN_I64],
  u64: [...SMALL, ...BIG, ...HUGE],
  f64: [...SMALL, ...SIGNED, ...FRACTIONS],
  mixed: [...SMALL, ...SIGNED, ...BIG, ...HUGE, ...FRACTIONS, MIN_I64],
};

const cells = fc.record(
  Object.fromEntries(
    COLUMNS.map(({ name, kind }) => [
      name,
      fc.option(fc.constantFrom(...VALUES[kind as (typeof KINDS)[number]]), { freq: 8 }),
    ]),
  ),
) as fc.Arbitrary<Record<string, Cell>>;
/** Times move on mostly; they repeat and fall back, too. null: the row has none of its own. */
const step = fc.constantFrom(1000, 1000, 1000, 30_000, 0, -1500, null);
const body = fc.record({
  bankStep: fc.constantFrom(1000, 1000, 2500, 0, -500),
  generation: fc.integer({ min: 0, max: 11 }),
  rows: fc.array(fc.tuple(fc.constantFrom(...IDS), step, cells), { minLength: 0, maxLength: 3 }),
});

function check(table: Table, id: string, column: string, expected: ExpectedRate): RateStatus {
  const address = { part: 0, slot: -1 };
  expect(table.find(id, address)).toBe(true);
  const { reader, bank } = table.parts[0]!;
  const view = table.columnView(table.schema.byName.get(column)!, 0);
  const cell = new RateCell();
  rateAt(reader, bank, view, address.slot, 'delta', cell);
  const said = {
    status: cell.status,
    delta: deltaOf(cell),
    sinceMs: Number.isNaN(cell.sinceMs) ? null : cell.sinceMs,
  };
  expect(said).toEqual({ ...expected, delta: exactly(expected.delta) });
  rateAt(reader, bank, view, address.slot, 'rate', cell);
  expect(cell.status).toBe(expected.status);
  if (expected.delta === null) expect(cell.form).toBe('none');
  else {
    const exact = Number(expected.delta) / (cell.intervalMs / 1000);
    expect(cell.form).toBe('double');
    expect(Math.abs(cell.double - exact)).toBeLessThanOrEqual(Math.abs(exact) * 3e-16);
    if (Math.abs(Number(expected.delta)) <= 9e12 && typeof expected.delta === 'bigint') {
      expect(cell.double).toBe((Number(expected.delta) * 1000) / cell.intervalMs);
    }
  }
  return expected.status;
}

const exactly = (delta: bigint | number | null): bigint | number | null =>
  typeof delta === 'number' && Number.isInteger(delta) && Math.abs(delta) <= 2 ** 53 ? BigInt(delta) : delta;

function deltaOf(cell: RateCell): bigint | number | null {
  if (cell.form === 'none') return null;
  if (cell.form === 'double') return exactly(cell.double);
  const magnitude = (BigInt(cell.high) << 32n) | BigInt(cell.low);
  return cell.negative ? -magnitude : magnitude;
}

/** What a version said of each cell: it must go on saying so while the next one is there. */
type Checked = readonly (readonly [id: string, column: string, expected: ExpectedRate])[];

function checkAll(table: Table, checked: Checked, seen: Set<RateStatus>): void {
  for (const [id, column, expected] of checked) seen.add(check(table, id, column, expected));
}

/** Values by runs over many rows are those cell by cell. Returns how many there were. */
function checkRuns(table: Table): number {
  const { reader, bank } = table.parts[0]!;
  const all = Array.from({ length: bank.slots }, (_, slot) => slot);
  const slots = Int32Array.from(all.filter((slot) => reader.isPresent(bank, slot)));
  const timesMs = Float64Array.from(slots, (slot) => reader.rowTimeMs(bank, slot));
  const run = new RateRun(slots.length);
  const cell = new RateCell();
  let plain = 0;
  for (const [c, { kind }] of table.schema.columns.entries()) {
    const column = table.columnView(c, 0)!;
    for (const view of RATE_VIEWS) {
      runRates(column, view, { slots, count: slots.length, timesMs }, run);
      slots.forEach((slot, r) => {
        if (run.plain[r] === 0) return;
        plain++;
        rateAt(reader, bank, column, slot, view, cell);
        expect(cell.status).toBe('ok');
        if (run.isDouble) expect(run.double[r]).toBe(rateDouble(cell));
        else expect((BigInt(run.high[r]!) << 32n) + BigInt(run.low[r]! >>> 0)).toBe(deltaOf(cell));
        expect(run.isDouble).toBe(kind === 'f64' || view === 'rate');
      });
    }
  }
  return plain;
}

describe('deltas and rates', () => {
  const seen = new Set<RateStatus>();
  let plain = 0;

  test.each([true, false])('are those of exact arithmetic; row times: %s', (hasRowTime) => {
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 14 }), (bodies) => {
        const fixture = new TableFixture({ rates: RATES });
        const model = new RateModel(isCounter);
        const times = new Map<string, number>();
        let bankMs = 1_700_000_000_000;
        let last: { table: Table; checked: Checked } | null = null;
        for (const { bankStep, generation, rows } of bodies) {
          bankMs += bankStep;
          const sampled = [...new Map(rows.map((one) => [one[0], one])).values()].map(
            ([id, move, values]) => {
              if (!hasRowTime || move === null) return { id, cells: values, timeMs: bankMs, own: undefined };
              const timeMs = (times.get(id) ?? 1_700_000_000_000) + move;
              times.set(id, timeMs);
              return { id, cells: values, timeMs, own: timeMs };
            },
          );
          // The fixture looks for room for row times in the first body of a generation.
          const timed = hasRowTime ? [row('timed', { c_i64: 1 }, bankMs)] : [];
          const newGeneration = generation === 0;
          if (newGeneration) model.newGeneration();
          const published = [...timed, ...sampled.map(({ id, cells: of, own }) => row(id, of, own))];
          const table = fixture.publish('s1', published, {
            columns: COLUMNS,
            dataTsMs: bankMs,
            newGeneration,
          });
          if (last && !newGeneration) checkAll(last.table, last.checked, seen);
          model.publish(sampled);
          const checked = sampled.flatMap(({ id }) =>
            COLUMNS.map(({ name }) => [id, name, model.expected(id, name)] as const),
          );
          checkAll(table, checked, seen);
          plain += checkRuns(table);
          last = { table, checked };
        }
      }),
      { numRuns: 150 },
    );
  });

  test('the samples reach every status', () => {
    // Every column here has a previous sample.
    const all = RATE_STATUSES.filter((status) => status !== 'untracked');
    expect([...seen].sort()).toEqual(all.sort());
    expect(plain).toBeGreaterThan(1000);
  });
});
