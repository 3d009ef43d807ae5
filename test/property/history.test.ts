/** Random samples in a bounded ring against plain arrays: every series equals, the bound holds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HistoryRig, seriesOf, type Sample } from '../fixtures/history-rig.js';
import { row, TableFixture, type Cell, type Row } from '../fixtures/tables.js';

const COLUMNS = ['a', 'b', 'absent'];
const KIB = 1024;

const number: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Cell>(0, 1, 2, 7, 300) },
  { weight: 2, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }) },
  { weight: 1, arbitrary: fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((n) => n + 0) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom<Cell>(0.5, 37.25) },
);

/** How one body's cells come about: all alike, a step for each row, or anything. */
const body = fc.record({
  from: fc.integer({ min: 0, max: 150 }),
  count: fc.integer({ min: 1, max: 140 }),
  stepMs: fc.constantFrom(0, 1000, 1000, 30_000),
  ownTimes: fc.boolean(),
  newGeneration: fc.boolean(),
  reversed: fc.boolean(),
  text: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  cells: fc.array(fc.tuple(fc.integer({ min: 0, max: 149 }), number, number), { maxLength: 20 }),
  every: fc.option(fc.tuple(number, number), { freq: 2 }),
});

interface Model {
  readonly samples: (Sample & { readonly frame: number })[];
  values: [Cell, Cell];
  mayBeForgotten: boolean;
}

/** Numbers where they are exact; -0 is 0 in an integer column. */
function plain(cell: Cell): Cell {
  if (typeof cell === 'bigint' && cell >= -(2n ** 53n) && cell <= 2n ** 53n) return Number(cell);
  return cell === 0 ? 0 : cell;
}

function check(rig: HistoryRig, models: ReadonlyMap<string, Model>): void {
  for (const [key, { samples, mayBeForgotten }] of models) {
    const actual = seriesOf(rig.store.reader, key, COLUMNS);
    const kept = samples.filter(({ frame }) => frame >= rig.firstFrame).length;
    const all = samples.map(({ timeMs, cells }) => ({ timeMs, cells }));
    // The sample before the oldest frame is known too: it is where that frame leads back to.
    const known = Math.min(samples.length, kept + 1);
    const expected = all.slice(samples.length - (actual.length === kept && mayBeForgotten ? kept : known));
    expect({ key, actual }).toEqual({ key, actual: expected });
  }
}

describe('the ring', () => {
  test('holds what plain arrays hold, within its bound', () => {
    fc.assert(
      fc.property(
        fc.array(body, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(192, 320, 4096),
        fc.constantFrom(5_000, 100_000, 1e9),
        (bodies, kib, keptMs) => {
          const fixture = new TableFixture();
          const rig = new HistoryRig(COLUMNS, kib * KIB, keptMs);
          const models = new Map<string, Model>();
          let nowMs = 1_700_000_000_000;
          for (const one of bodies) {
            nowMs += one.stepMs;
            const rows: Row[] = [];
            for (let i = 0; i < one.count; i++) {
              const id = `row-${one.from + i}`;
              const model = models.get(id) ?? { samples: [], values: [0, 0], mayBeForgotten: false };
              models.set(id, model);
              if (one.every) model.values = [...one.every];
              const own = one.cells.find(([index]) => index === i);
              if (own) model.values = [plain(own[1]), plain(own[2])];
              const [a, b] = model.values;
              const timeMs = one.ownTimes ? Math.floor(nowMs / 7000) * 7000 + (i % 3) / 4 : nowMs;
              rows.push(row(id, { a, b: one.text ? 'x' : b }, timeMs));
            }
            const table = fixture.publish('s1', one.reversed ? [...rows].reverse() : rows, {
              newGeneration: one.newGeneration,
            });
            const isText = table.schema.columns.find(({ name }) => name === 'b')?.kind === 'text';
            const outcome = rig.record(table, nowMs);
            expect(rig.budget.bytes).toBeLessThanOrEqual(kib * KIB);
            if (outcome === 'recorded') {
              for (const { id, cells, timeMs } of rows) {
                const { samples } = models.get(id)!;
                if (samples.at(-1)?.timeMs === timeMs) continue;
                const values = [plain(cells['a']!), isText ? null : plain(cells['b']!), null];
                samples.push({ timeMs: timeMs!, cells: values, frame: rig.recorded });
              }
            }
            for (const model of models.values()) {
              if ((model.samples.at(-1)?.frame ?? 0) < rig.firstFrame) model.mayBeForgotten = true;
            }
            check(rig, models);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
