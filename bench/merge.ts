/** Question: what does it cost that the rows of one table come from several sources? */
import { changeSets, visitChanges } from '../src/fabric/changes.js';
import { listSelection } from '../src/query/list-query.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import type { BodyArena } from '../src/snapshot/arena.js';
import { encodeOrder } from '../src/view/encode-list.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow, type Timing } from './harness.js';
import { inlineJobs, Pipeline } from './parts/pipeline.js';

const SOURCES = 8;
const COLUMNS = 30;
/** The same rows with other cells, in turn. */
const TICKS = 2;
const TICK_MS = 1000;

interface Layout {
  readonly name: string;
  /** Sources that hold each row. */
  readonly holders: 1 | 2;
}

const LAYOUTS: readonly Layout[] = [
  { name: 'each row in one source', holders: 1 },
  { name: 'each row in two', holders: 2 },
];

const IDS = Array.from({ length: SOURCES }, (_, s) => `source${s}`);
const encoder = new TextEncoder();

/** The header and the rows of a body. */
function linesOf(bytes: Uint8Array): { readonly header: string; readonly rows: readonly string[] } {
  const [header = '', ...rows] = Buffer.from(bytes).toString('utf8').trimEnd().split('\n');
  return { header, rows };
}

/** One table and the bodies of its sources: bodies[tick][source]. */
class World {
  readonly pipeline: Pipeline;
  readonly bodies: readonly (readonly Uint8Array[])[];
  #tick = 0;

  constructor(bodies: readonly (readonly Uint8Array[])[]) {
    this.bodies = bodies;
    this.pipeline = new Pipeline(inlineJobs, { sources: IDS.slice(0, bodies[0]!.length) });
  }

  /** A time for the data that is newer than all before. */
  nextTsMs(): number {
    return ++this.#tick * TICK_MS;
  }

  async publish(tick: number, source: number, tsMs = this.nextTsMs()): Promise<void> {
    const { pipeline } = this;
    await pipeline.publish(pipeline.receive(this.bodies[tick]![source]!), source, tsMs);
  }

  /** All sources, with data of one time; the last one first, so that shared rows move to and fro. */
  async publishAll(tick: number): Promise<void> {
    const tsMs = this.nextTsMs();
    for (const source of [...this.bodies[tick]!.keys()].reverse()) await this.publish(tick, source, tsMs);
  }

  versions(): number[] {
    return this.pipeline.table.parts.map(({ bank }) => bank.version);
  }

  list(shape: 'csv' | 'columns', fields: readonly string[] | null): Uint8Array {
    const { table } = this.pipeline;
    const agesMs = table.parts.map(() => 0);
    const order = { selection: listSelection({ shape, fields }), gzip: false, listBytesMax: 2 ** 31 - 1 };
    return encodeOrder(table, { ...order, agesMs }).bytes;
  }

  /** Looks up all that changed since; returns the rows and cells that a diff would send. */
  diff(since: readonly number[]): { rows: number; cells: number } {
    const { table } = this.pipeline;
    const columns = [...table.schema.columns.keys()];
    const sets = changeSets(table, since);
    if (!sets) throw new Error('the change ring does not reach back');
    const sent = { rows: 0, cells: 0 };
    const count = (cells: number): void => {
      sent.rows++;
      sent.cells += cells;
    };
    visitChanges(table, sets, columns, null, {
      whole: () => count(columns.length),
      cells: (_part, _slot, _columns, cells) => count(cells),
      removed: () => count(0),
    });
    return sent;
  }
}

/** Publishes bodies of the first source in turn; with `keys`, each one with a key never seen before. */
class Feed {
  readonly #world: World;
  readonly #keys: boolean;
  #turn = 0;
  #received: BodyArena | null = null;

  constructor(world: World, keys: boolean) {
    this.#world = world;
    this.#keys = keys;
    this.ready();
  }

  async publish(): Promise<string> {
    const event = await this.#world.pipeline.publish(this.#received!, 0, this.#world.nextTsMs());
    return `generation ${event.generation}`;
  }

  ready(): void {
    const bytes = this.#world.bodies[this.#turn++ % TICKS]![0]!;
    if (!this.#keys) {
      this.#received = this.#world.pipeline.receive(bytes);
      return;
    }
    const { header, rows } = linesOf(bytes);
    const names = header.split(',');
    const extra = rows[0]!.split(',');
    extra[names.indexOf('port_num')] = String(100_000 + this.#turn);
    const text = `${header}\n${rows.join('\n')}\n${extra.join(',')}\n`;
    this.#received = this.#world.pipeline.receive(encoder.encode(text));
  }
}

/** Of every tick: the body of all rows, and those of the sources. */
function buildBodies({ holders }: Layout, rowsEach: number): readonly [Uint8Array[][], Uint8Array[][]] {
  const whole: Uint8Array[][] = [];
  const parted: Uint8Array[][] = [];
  const chunk = rowsEach / holders;
  for (let tick = 0; tick < TICKS; tick++) {
    const bytes = buildMatrix({ dialect: 'ufm', rows: chunk * SOURCES, columns: COLUMNS, seed: 1, tick });
    const { header, rows } = linesOf(bytes);
    const chunkOf = (c: number): string[] => rows.slice((c % SOURCES) * chunk, ((c % SOURCES) + 1) * chunk);
    whole.push([bytes]);
    parted.push(
      IDS.map((_, s) => {
        const lines = Array.from({ length: holders }, (_none, h) => chunkOf(s + h)).flat();
        return encoder.encode(`${header}\n${lines.join('\n')}\n`);
      }),
    );
  }
  return [whole, parted];
}

/** Throws unless both tables hold the same cells in the same order. */
function checkSame(merged: World, single: World, { name, holders }: Layout): number {
  const { rowsTotal, sharedRows } = merged.pipeline.table;
  const expected = single.pipeline.table.rowsTotal;
  if (rowsTotal !== expected || sharedRows !== (holders === 1 ? 0 : expected)) {
    throw new Error(`${name}: ${rowsTotal} rows, ${sharedRows} of them shared; not ${expected}`);
  }
  const [a, b] = [merged.list('csv', null), single.list('csv', null)];
  if (Buffer.compare(a, b) !== 0) throw new Error(`${name}: the merged list is another one`);
  return rowsTotal;
}

/** A body of one source among the others, as the only one, and with a key never seen before. */
async function comparePublishes(merged: World, alone: World, rounds: number): Promise<readonly Timing[]> {
  let turn = 0;
  // Not measured: the other sources serve the rows that they share with it, until it publishes.
  const others = async (): Promise<void> => {
    const tick = turn++ % TICKS;
    for (const source of [1, SOURCES - 1]) await merged.publish(tick, source);
  };
  const feeds = [new Feed(merged, false), new Feed(alone, false), new Feed(merged, true)];
  const names = ['publish', 'publish, alone', 'publish with a new key'];
  const [, ...timings] = await interleave(rounds, [
    { name: 'others', run: others },
    ...feeds.map((feed, f) => ({ name: names[f]!, run: () => feed.publish(), after: () => feed.ready() })),
  ]);
  return timings;
}

async function runLayout(layout: Layout, { smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const { name, holders } = layout;
  const [whole, parted] = buildBodies(layout, smoke ? 80 : 25_000);
  const [merged, single] = [new World(parted), new World(whole)];
  const alone = new World(parted.map(([first]) => [first!]));
  for (const world of [merged, single, alone]) await world.publishAll(0);
  const [sinceMerged, sinceSingle] = [merged.versions(), single.versions()];
  for (const world of [merged, single, alone]) await world.publishAll(1);
  const rows = checkSame(merged, single, layout);
  note(`${name}: ${rows} rows of ${SOURCES} sources are those of one, byte for byte`);
  const field = single.pipeline.table.schema.columns.at(-1)!.name;
  const asked = [
    { what: 'list of all columns', run: (world: World) => world.list('columns', null).length },
    { what: 'list of one column', run: (world: World) => world.list('columns', [field]).length },
    {
      what: 'diff: finding what a publish of all sources changed',
      run: (world: World) => world.diff(world === merged ? sinceMerged : sinceSingle),
    },
  ] as const;
  const [own, other] = [merged.diff(sinceMerged), single.diff(sinceSingle)];
  if (own.rows < other.rows || own.cells < other.cells || (holders === 1 && own.cells !== other.cells)) {
    throw new Error(`${name}: a diff of ${own.cells} cells, not ${other.cells}`);
  }
  const reads = await interleave(
    rounds,
    asked.flatMap(({ what, run }) => [
      { name: what, run: () => run(merged) },
      { name: `${what}, one source`, run: () => run(single) },
    ]),
  );
  const row = (what: string, timing: Timing, against: string, peer: Timing): BenchRow => {
    const ratio = ratioOf(timing, peer);
    return { what: `${name}: ${what}`, value: timing.medianMs, unit: 'ms', against, ratio };
  };
  const listed = asked.map(({ what }, i) => row(what, reads[i * 2]!, 'one source', reads[i * 2 + 1]!));
  const cells = { what: `${name}: cells of that diff`, value: own.cells, unit: '', against: 'one source' };
  const [publish, lonely, grown] = await comparePublishes(merged, alone, rounds);
  return [
    row('a body of one source, received to published', publish!, 'as the only source', lonely!),
    row('the same with a key never seen before', grown!, 'as the only source', lonely!),
    ...listed,
    { ...cells, ratio: own.cells / other.cells },
  ];
}

async function run(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const layout of LAYOUTS) rows.push(...(await runLayout(layout, context)));
  return rows;
}

export const bench: Bench = {
  name: 'merge',
  question: 'What does it cost that the rows of one table come from several sources?',
  run,
};
