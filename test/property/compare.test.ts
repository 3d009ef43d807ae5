/** Random pasts of two sources, compared by the reader of shared memory and by plain arrays. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Table } from '../../src/fabric/table.js';
import { parseCompareQuery } from '../../src/query/history-query.js';
import { ALL_ROWS, visitSlice } from '../../src/query/slice.js';
import { encodeComparison } from '../../src/view/comparison.js';
import { HistoryRig } from '../fixtures/history-rig.js';
import { row, TableFixture, type Cell, type Cells } from '../fixtures/tables.js';

const METRICS = ['count', 'lane_temp', 'part', 'any'] as const;
type Metric = (typeof METRICS)[number];
const SOURCES = ['s1', 's2'];
const WINDOW_MS = 3_600_000;
const START_MS = 1_767_268_800_000;
const RULES = { extra: [], ignoreUnknown: false };
const RATES = { columns: ['*'], gauges: ['count'], counters: ['part'], bytesMax: 2 ** 30 };

const whole: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 9 }).map((n): Cell => n + 0) },
  { weight: 1, arbitrary: fc.constantFrom<Cell>(2 ** 53, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 62n)) },
  { weight: 1, arbitrary: fc.constantFrom<Cell>(2n ** 63n, 2n ** 64n - 1n) },
);
const fraction = fc.constantFrom<Cell>(0.5, -0.5, 2.25, 7, 0, 1e6 + 0.125);
const cellOf = (some: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 6, arbitrary: some });
const cells: fc.Arbitrary<Cells> = fc.record({
  count: cellOf(whole),
  lane_temp: cellOf(whole),
  part: cellOf(fraction),
  any: cellOf(fc.oneof(whole, fraction)),
});

const step = fc.record({
  source: fc.constantFrom(...SOURCES),
  stepMs: fc.constantFrom(0, 1000, 2500, 10_000),
  newGeneration: fc.boolean(),
  recorded: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
  without: fc.option(fc.constantFrom(...METRICS), { freq: 6 }),
  rows: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 6 }), cells), {
    selector: ([i]) => i,
    minLength: 1,
    maxLength: 7,
  }),
});
const question = fc.record({
  metrics: fc.shuffledSubarray([...METRICS], { minLength: 1 }),
  /** Back to a sample exactly, or a bit off it. */
  back: fc.nat({ max: 12 }),
  offMs: fc.constantFrom(0, 0, -1, 1, 700),
  order: fc.constantFrom('', 'first', '-first', '-@key'),
  limit: fc.option(fc.integer({ min: 1, max: 12 })),
  offset: fc.integer({ min: 0, max: 4 }),
});

type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;
type Known = { readonly value: number | bigint; readonly isWhole: boolean } | null;
interface Past {
  readonly timeMs: number;
  readonly cells: Readonly<Record<Metric, Known>>;
}

function kindIn(table: Table, source: string, metric: Metric): string | undefined {
  const { spec } = table.parts.find(({ ref }) => ref.sourceId === source)!.ref.segment;
  return spec.columns.find(({ name }) => name === metric)?.kind;
}

function knownCells(all: Cells): Past['cells'] {
  const known = (metric: Metric): Known => {
    const value = all[metric] ?? null;
    if (value === null) return null;
    return { value: value as number | bigint, isWhole: Number.isInteger(Number(value)) };
  };
  return Object.fromEntries(METRICS.map((metric) => [metric, known(metric)])) as Past['cells'];
}

/** Whether it may not go down: docs/history.md, in the words of this test. */
function counts(metric: Metric, kind: string | undefined, hasRates: boolean): boolean {
  if (metric === 'lane_temp') return false;
  if (metric === 'count' && hasRates) return kind === undefined;
  return kind !== 'f64' || (metric === 'part' && hasRates);
}

const exactly = (known: Known): string | number | null =>
  known && (known.isWhole ? String(known.value) : Number(known.value));

interface Compared {
  readonly now: string | number | null;
  readonly then: string | number | null;
  readonly delta: string | number | null;
  readonly status: string;
  readonly then_at: string | null;
  readonly interval_ms: number | null;
}

class Model {
  readonly samples = new Map<string, Past[]>();
  readonly hasRates: boolean;

  constructor(hasRates: boolean) {
    this.hasRates = hasRates;
  }

  add(key: string, past: Past): void {
    const all = this.samples.get(key) ?? [];
    this.samples.set(key, all);
    if (all.at(-1)?.timeMs !== past.timeMs) all.push(past);
  }

  compare(table: Table, key: string, metric: Metric, agoMs: number): Compared {
    const all = this.samples.get(key) ?? [];
    const last = all.at(-1);
    const past = last && all.findLast(({ timeMs }) => timeMs <= last.timeMs - agoMs);
    const [now, then] = [last?.cells[metric] ?? null, past?.cells[metric] ?? null];
    const { delta, status } = this.#difference(table, key, metric, past ? { now, then } : null);
    return {
      now: exactly(now),
      then: exactly(then),
      delta,
      status,
      then_at: past ? new Date(past.timeMs).toISOString() : null,
      interval_ms: past ? last.timeMs - past.timeMs : null,
    };
  }

  #difference(
    table: Table,
    key: string,
    metric: Metric,
    pair: { readonly now: Known; readonly then: Known } | null,
  ): Pick<Compared, 'delta' | 'status'> {
    if (!pair) return { delta: null, status: 'no_sample' };
    const { now, then } = pair;
    if (!now || !then) return { delta: null, status: 'missing' };
    const areWhole = now.isWhole && then.isWhole;
    const kind = kindIn(table, key.slice(0, 2), metric);
    const isDown = areWhole ? BigInt(now.value) < BigInt(then.value) : Number(now.value) < Number(then.value);
    const isCount = now.value >= 0 && then.value >= 0 && counts(metric, kind, this.hasRates);
    if (isDown && isCount) return { delta: null, status: 'reset' };
    if (!areWhole) return { delta: Number(now.value) - Number(then.value), status: 'ok' };
    return { delta: String(BigInt(now.value) - BigInt(then.value)), status: 'ok' };
  }
}

/** Integers as text: JSON writes those beyond 2^53 so. */
function shown(served: Compared, expected: Compared): Compared {
  const same = (a: string | number | null, b: string | number | null): string | number | null =>
    typeof b === 'string' && a !== null ? String(a) : a;
  return {
    ...served,
    now: same(served.now, expected.now),
    then: same(served.then, expected.then),
    delta: same(served.delta, expected.delta),
  };
}

function ordered(
  table: Table,
  order: string,
  deltaOf: (key: string) => number | null,
): { readonly sort: string; readonly keys: string[] } {
  const keys: string[] = [];
  visitSlice(table, ALL_ROWS, (part, slot) => keys.push(table.keyText(part, slot)));
  if (order === '') return { sort: '', keys };
  if (order === '-@key') return { sort: order, keys: keys.sort().reverse() };
  const sign = order.startsWith('-') ? -1 : 1;
  const by = (key: string): number => {
    const delta = deltaOf(key);
    return delta === null ? Infinity : sign * delta;
  };
  return { sort: order, keys: keys.sort((a, b) => (by(a) === by(b) ? 0 : by(a) - by(b))) };
}

function check(table: Table, rigs: readonly HistoryRig[], model: Model, q: Question): void {
  const [first] = q.metrics as [Metric];
  const all = model.samples.get(table.keyText(0, 0)) ?? [];
  const [to, from] = [all.at(-1), all.at(-1 - Math.min(q.back, Math.max(0, all.length - 1)))];
  const agoMs = Math.max(1, (to?.timeMs ?? 0) - (from?.timeMs ?? 0) + q.offMs);
  const deltaOf = (key: string): number | null => {
    const { delta } = model.compare(table, key, first, agoMs);
    return delta === null ? null : Number(delta);
  };
  const { sort, keys } = ordered(table, q.order, deltaOf);
  const params = [`metrics=${q.metrics.join(',')}`, `ago=${agoMs}`, 'int64=string', `offset=${q.offset}`];
  if (sort !== '') params.push(`sort=${sort.replace('first', first)}`);
  if (q.limit !== null) params.push(`limit=${q.limit}`);
  const query = parseCompareQuery(params.join('&'), WINDOW_MS, RULES);
  const readers = table.parts.map(({ ref }) => rigs[SOURCES.indexOf(ref.sourceId)]!.store.reader);
  const body = encodeComparison(table, readers, query, 2 ** 24);
  const { items, total, ago_ms } = JSON.parse(new TextDecoder().decode(body)) as {
    readonly items: Record<string, unknown>[];
    readonly total: number;
    readonly ago_ms: number;
  };
  expect({ total, ago_ms }).toEqual({ total: keys.length, ago_ms: agoMs });
  const wanted = keys.slice(q.offset, q.limit === null ? undefined : q.offset + q.limit);
  expect(items.map((item) => item['switch_id'])).toEqual(wanted);
  for (const item of items) {
    const key = String(item['switch_id']);
    for (const metric of q.metrics) {
      const expected = model.compare(table, key, metric, agoMs);
      const actual = shown(item[metric] as Compared, expected);
      expect({ key, metric, ...actual }).toEqual({ key, metric, ...expected });
    }
  }
}

test('Compare says what plain arrays of samples say', () => {
  const statuses = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.array(question, { minLength: 4, maxLength: 4 }),
      fc.boolean(),
      (steps, questions, hasRates) => {
        const fixture = new TableFixture({
          sources: SOURCES,
          maxStaleMs: 0,
          ...(hasRates && { rates: RATES }),
        });
        const rigs = SOURCES.map(() => new HistoryRig(METRICS, 2 ** 24, 1e9));
        const model = new Model(hasRates);
        let nowMs = START_MS;
        for (const { source, stepMs, newGeneration, recorded, without, rows } of steps) {
          nowMs += stepMs;
          const named = rows.map(([i, all]) => {
            const kept = Object.entries(all).filter(([name]) => name !== without);
            return row(`${source}-${i}`, Object.fromEntries(kept), nowMs);
          });
          fixture.publish(source, named, { newGeneration });
          if (!recorded) continue;
          const { table } = fixture;
          const outcome = rigs[SOURCES.indexOf(source)]!.record(table, nowMs, source);
          expect(outcome).not.toBe('no_memory');
          for (const { id, cells: all } of named) {
            model.add(id, { timeMs: nowMs, cells: knownCells(all) });
          }
        }
        const { table } = fixture;
        for (const q of questions) check(table, rigs, model, q);
        for (const key of model.samples.keys()) {
          if (table.find(key, { part: 0, slot: -1 }))
            statuses.add(model.compare(table, key, 'count', 1000).status);
        }
      },
    ),
    { numRuns: 150 },
  );
  expect([...statuses].sort()).toEqual(['missing', 'no_sample', 'ok', 'reset']);
});
