/** Question: what do a filter and a Top-N over a large table cost, and what of it does main notice? */
import { performance } from 'node:perf_hooks';
import type { Table } from '../src/fabric/table.js';
import { systemClock } from '../src/model/clock.js';
import { listSelection, type ListSelection } from '../src/query/list-query.js';
import { ALL_ROWS, visitSlice, type Slice } from '../src/query/slice.js';
import { parseSort } from '../src/query/sort.js';
import { parseWhere } from '../src/query/where.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import { BodyService } from '../src/view/bodies.js';
import {
  interleave,
  median,
  ratioOf,
  sampleInTurn,
  type Bench,
  type BenchContext,
  type BenchRow,
} from './harness.js';
import { keysOf, readCsv } from './parts/matrix.js';
import { inlineJobs, onePool, Pipeline } from './parts/pipeline.js';

const COLUMNS = 30;
const TOP = 20;
const WAIT = 'PortXmitWaitExtended';
const STATE = 'logical_state';
const DOWNED = 'LinkDownedCounterExtended';
const NODE = 'node_description';

/** A row as a program without a table of its own would hold it. */
type Plain = Readonly<Record<string, string | number | null>>;

function plainRows(bytes: Uint8Array): Map<string, Plain> {
  const csv = readCsv(bytes);
  const keys = keysOf(csv);
  const isText = csv.header.map((name) => [STATE, NODE].includes(name));
  return new Map(
    csv.rows.map((row, r) => {
      const values = row.map((text, c) => (text === '' ? null : isText[c] ? text : Number(text)));
      return [keys[r]!, Object.fromEntries(csv.header.map((name, c) => [name, values[c]!]))];
    }),
  );
}

/** Keys of a slice. */
function keysIn(table: Table, slice: Slice): string[] {
  const keys: string[] = [];
  visitSlice(table, slice, (part, slot) => keys.push(table.keyText(part, slot)));
  return keys;
}

/** The rows of a slice, as what they are encoded from. */
function slotsIn(table: Table, slice: Slice): number[] {
  const slots: number[] = [];
  visitSlice(table, slice, (_, slot) => slots.push(slot));
  return slots;
}

function filtered(rows: ReadonlyMap<string, Plain>, admits: (row: Plain) => boolean): string[] {
  const keys: string[] = [];
  for (const [key, row] of rows) if (admits(row)) keys.push(key);
  return keys;
}

function top(rows: ReadonlyMap<string, Plain>, column: string): string[] {
  const value = (row: Plain): number => (row[column] as number | null) ?? -Infinity;
  const sorted = [...rows].sort(([, a], [, b]) => value(b) - value(a));
  return sorted.slice(0, TOP).map(([key]) => key);
}

interface Case {
  readonly name: string;
  readonly peer: string;
  readonly slice: Slice;
  plain(rows: ReadonlyMap<string, Plain>): string[];
}

const where = (text: string): Slice => ({ ...ALL_ROWS, where: parseWhere(text, 'where') });
const NODES = /^MF0;sw-00.1:/;

const CASES: readonly Case[] = [
  {
    name: 'filter by a number and a text',
    peer: 'a loop over a Map of objects',
    slice: where(`${DOWNED} ge 7 and ${STATE} eq Active`),
    plain: (rows) => filtered(rows, (row) => (row[DOWNED] as number) >= 7 && row[STATE] === 'Active'),
  },
  {
    name: 'filter by a glob',
    peer: 'a loop with a regular expression',
    slice: where(`${NODE} glob 'MF0;sw-00?1:*'`),
    plain: (rows) => filtered(rows, (row) => NODES.test(row[NODE] as string)),
  },
  {
    name: `top ${TOP}`,
    peer: 'a sort of an array of objects',
    slice: { ...ALL_ROWS, sort: parseSort(`-${WAIT}`, 'sort'), limit: TOP },
    plain: (rows) => top(rows, WAIT),
  },
];

/** Busy time of this thread around one list that a worker makes, in microseconds. */
async function mainTime(bodies: BodyService, selection: ListSelection): Promise<number> {
  const before = performance.eventLoopUtilization();
  await bodies.get(selection, false);
  return performance.eventLoopUtilization(before).active * 1000;
}

/** Main's share of a Top-N whose body nobody has asked for yet. */
async function mainShare(bytes: Uint8Array, rounds: number): Promise<number> {
  const pool = onePool();
  try {
    const pipeline = new Pipeline(pool);
    await pipeline.publish(pipeline.receive(bytes));
    const { fabric } = pipeline;
    const limits = { bodyCacheBytes: 2 ** 28, listBytesMax: 2 ** 28, jobTimeoutMs: 60_000 };
    const bodies = new BodyService({ fabric, jobs: pool, clock: systemClock, ...limits });
    const sort = parseSort(`-${WAIT}`, 'sort');
    let asked = 0;
    const run = (): Promise<number> =>
      mainTime(bodies, listSelection({ sort, fields: [WAIT], limit: TOP, offset: asked++ }));
    const [times] = await sampleInTurn(rounds * 20, [{ name: 'main', run }]);
    return median(times!);
  } finally {
    await pool.close(5_000);
  }
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const rows = smoke ? 3000 : 40_000;
  const bytes = buildMatrix({ dialect: 'ufm', rows, columns: COLUMNS, seed: 1, tick: 3 });
  const pipeline = new Pipeline(inlineJobs);
  await pipeline.publish(pipeline.receive(bytes));
  const { table } = pipeline;
  const plain = plainRows(bytes);
  for (const { name, slice, plain: peer } of CASES) {
    const [own, other] = [keysIn(table, slice), peer(plain)];
    if (own.length === 0 || own.join() !== other.join()) {
      throw new Error(`${name}: ${own.length} rows, not the ${other.length} of the loop`);
    }
    note(`${name}: the same ${own.length} rows`);
  }
  const timings = await interleave(
    rounds,
    CASES.flatMap(({ name, peer, slice, plain: plainRun }) => [
      { name, run: () => slotsIn(table, slice).length },
      { name: peer, run: () => plainRun(plain).length },
    ]),
  );
  const main = await mainShare(bytes, smoke ? 1 : rounds);
  return [
    ...CASES.map(({ name, peer }, i): BenchRow => {
      const [own, other] = [timings[i * 2]!, timings[i * 2 + 1]!];
      return { what: name, value: own.medianMs, unit: 'ms', against: peer, ratio: ratioOf(own, other) };
    }),
    { what: `top ${TOP} in a worker: time of the main thread`, value: main, unit: 'µs' },
  ];
}

export const bench: Bench = {
  name: 'slice',
  question: 'What do a filter and a Top-N over 40,000 rows cost, and what of it does main notice?',
  run,
};
