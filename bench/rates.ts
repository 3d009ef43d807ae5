/** Question: what do deltas and rates cost, when a body is published and when a list is asked for? */
import { RATE_VIEWS, type RatePolicy, type RateView } from '../src/model/rates.js';
import { listSelection, type ListShape } from '../src/query/list-query.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import type { BodyArena } from '../src/snapshot/arena.js';
import { encodeOrder } from '../src/view/encode-list.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { readCsv } from './parts/matrix.js';
import { inlineJobs, Pipeline } from './parts/pipeline.js';

/** Ticks that follow each other, in turn: counters rise, and fall once a round of them. */
const BODIES = 4;
const RATES: RatePolicy = { columns: ['*'], gauges: [], counters: [], bytesMax: 2 ** 40 };

class Feed {
  readonly pipeline: Pipeline;
  readonly #bodies: readonly Uint8Array[];
  #turn = 0;
  #received: BodyArena;

  constructor(rates: RatePolicy | undefined, bodies: readonly Uint8Array[]) {
    this.pipeline = new Pipeline(inlineJobs, rates && { rates });
    this.#bodies = bodies;
    this.#received = this.pipeline.receive(bodies[0]!);
  }

  async publish(): Promise<number> {
    const { report } = await this.pipeline.publish(this.#received);
    return report.rows;
  }

  ready(): void {
    this.#turn = (this.#turn + 1) % BODIES;
    this.#received = this.pipeline.receive(this.#bodies[this.#turn]!);
  }
}

function encode(feed: Feed, fields: readonly string[], shape: ListShape, view: RateView | null): Uint8Array {
  const { table } = feed.pipeline;
  const selection = listSelection({ shape, fields, view });
  const agesMs = table.parts.map(() => 0);
  return encodeOrder(table, { selection, gzip: false, listBytesMax: 2 ** 31 - 1, agesMs }).bytes;
}

/** A body of deltas or values as text: rows of cells. */
function cellsOf(
  feed: Feed,
  fields: readonly string[],
  view: RateView | null,
): readonly (readonly string[])[] {
  return readCsv(encode(feed, fields, 'csv', view)).rows;
}

/** Throws unless every delta that is `ok` is the difference of the two samples. Returns how many are. */
async function checkDeltas(feed: Feed, fields: readonly string[]): Promise<number> {
  const before = new Map(cellsOf(feed, fields, null).map((row) => [row[0]!, row]));
  await feed.publish();
  feed.ready();
  const now = cellsOf(feed, fields, null);
  let checked = 0;
  cellsOf(feed, fields, 'delta').forEach((row, r) => {
    const statuses = row.at(-1)!;
    fields.forEach((name, f) => {
      if (statuses.split(';').some((one) => one.startsWith(`${name}=`))) return;
      const [a, b, delta] = [now[r]![f + 1]!, before.get(row[0]!)![f + 1]!, row[f + 1]!];
      const isWhole = [a, b].every((text) => /^-?\d+$/.test(text));
      const isRight = isWhole
        ? BigInt(a) - BigInt(b) === BigInt(delta)
        : Number(a) - Number(b) === Number(delta);
      if (!isRight) throw new Error(`${row[0]} ${name}: ${a} - ${b} is served as ${delta}`);
      checked++;
    });
  });
  return checked;
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const [rows, columns] = smoke ? [200, 40] : [20_000, 100];
  note(`building ${BODIES} bodies of ${rows} x ${columns}`);
  const bodies = Array.from({ length: BODIES }, (_, tick) =>
    buildMatrix({ dialect: 'ufm', rows, columns, seed: 1, tick }),
  );
  const plain = new Feed(undefined, bodies);
  const rated = new Feed(RATES, bodies);
  for (const feed of [plain, rated]) {
    for (let i = 0; i < 3; i++) {
      await feed.publish();
      feed.ready();
    }
  }
  const { roles } = rated.pipeline.table.parts[0]!.ref.segment.spec.rates!;
  const names = rated.pipeline.table.schema.columns.map(({ name }) => name);
  const fields = names.filter((_, c) => roles[c] !== 0);
  note(`${fields.length} of ${names.length} columns have deltas`);
  note(`${await checkDeltas(rated, fields)} deltas equal the differences of their samples`);
  const publishes = await interleave(rounds, [
    { name: 'published without previous samples', run: () => plain.publish(), after: () => plain.ready() },
    { name: 'published with previous samples', run: () => rated.publish(), after: () => rated.ready() },
  ]);
  const shapes = ['columns', 'envelope'] as const;
  const lists = await interleave(
    rounds,
    shapes.flatMap((shape) => [
      { name: `${shape} of values`, run: () => encode(rated, fields, shape, null).length },
      ...RATE_VIEWS.map((view) => ({
        name: `${shape} of ${view}s`,
        run: () => encode(rated, fields, shape, view).length,
      })),
    ]),
  );
  const [without, withSamples] = [publishes[0]!, publishes[1]!];
  const perCell = (ms: number, cells: number): number => (ms * 1e6) / cells;
  const published: BenchRow[] = [
    { what: `${without.name}: per cell`, value: perCell(without.medianMs, rows * columns), unit: 'ns' },
    {
      what: `${withSamples.name}: per cell`,
      value: perCell(withSamples.medianMs, rows * columns),
      unit: 'ns',
      against: 'without',
      ratio: ratioOf(withSamples, without),
    },
  ];
  return [
    ...published,
    ...lists.map((timing, i): BenchRow => {
      const value = perCell(timing.medianMs, rows * fields.length);
      const values = lists[i - (i % 3)]!;
      const against = timing === values ? {} : { against: 'values', ratio: ratioOf(timing, values) };
      return { what: `${timing.name}: per cell`, value, unit: 'ns', ...against };
    }),
  ];
}

export const bench: Bench = {
  name: 'rates',
  question: 'What do deltas and rates cost, published and listed?',
  run,
};
