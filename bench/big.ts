/**
 * Question: does a matrix of 200,000 ports x 195 counters cost more for each cell than a small one, and
 * where does its memory go?
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANGE_COUNTS } from '../src/model/limits.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import { median, pairedRatio, type Bench, type BenchContext, type BenchRow } from './harness.js';
import type { BigMemory, BigPublish } from './parts/big-child.js';
import { Child, withChildren } from './parts/child.js';

/** Bodies that are published in turn: each differs from the one before it. */
const BODIES = 3;
const PUBLISH_MS_MAX = 300_000;
/** Publishes after which memory is looked at first, and compilers have seen enough. */
const FIRST = 5;
const MIB = 1024 * 1024;

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** What is asked, and the same in 1M cells. */
const FULL: readonly [Shape, Shape] = [
  { rows: 200_000, columns: 195 },
  { rows: 5_128, columns: 195 },
];
const SMOKE: readonly [Shape, Shape] = [
  { rows: 600, columns: 40 },
  { rows: 100, columns: 40 },
];

/** One matrix: its bodies in files, and the process that publishes them. */
class Contender {
  readonly shape: Shape;
  readonly cells: number;
  readonly samples: BigPublish[] = [];
  readonly #child: Child;
  readonly #files: string[] = [];
  bytes = 0;
  #turn = 0;

  constructor(shape: Shape, child: Child, dir: string) {
    this.shape = shape;
    this.cells = shape.rows * shape.columns;
    this.#child = child;
    for (let tick = 0; tick < BODIES; tick++) {
      const body = buildMatrix({ dialect: 'ufm', ...shape, seed: 1, tick });
      const file = join(dir, `${shape.rows}-${tick}.csv`);
      writeFileSync(file, body);
      this.bytes = body.length;
      this.#files.push(file);
    }
  }

  async publish(counts = false): Promise<void> {
    const file = this.#files[this.#turn++ % BODIES]!;
    const sample = await this.#child.ask<BigPublish>('publish', file, PUBLISH_MS_MAX);
    if (sample.rows !== this.shape.rows) throw new Error(`${sample.rows} of ${this.shape.rows} rows`);
    if (this.#turn > 1 && sample.changedCells === 0) throw new Error('no cell changed');
    if (counts) this.samples.push(sample);
  }

  memory(): Promise<BigMemory> {
    return this.#child.ask<BigMemory>('memory');
  }

  rss(): Promise<number> {
    return this.#child.ask<number>('rss');
  }

  get cpuNs(): number[] {
    return this.samples.map(({ cpuMs }) => (cpuMs * 1e6) / this.cells);
  }

  get title(): string {
    return `${this.shape.rows} x ${this.shape.columns}`;
  }
}

function speedRows(big: Contender, small: Contender): BenchRow[] {
  const cpuMs = median(big.samples.map((sample) => sample.cpuMs));
  const ms = median(big.samples.map((sample) => sample.ms));
  const against = { against: 'the small one', ratio: pairedRatio(big.cpuNs, small.cpuNs) };
  return [
    { what: 'body', value: big.bytes / 1e6, unit: 'MB' },
    { what: 'received to published', value: ms, unit: 'ms' },
    { what: 'CPU of the worker', value: cpuMs, unit: 'ms' },
    { what: 'CPU of the worker, per cell', value: median(big.cpuNs), unit: 'ns', ...against },
    { what: 'the small one: CPU of the worker, per cell', value: median(small.cpuNs), unit: 'ns' },
  ];
}

/** Parts of the resident memory, per cell. The rest: heaps, code, what the kernel rounds up. */
function memoryRows(big: Contender, idle: number, first: number, full: BigMemory): BenchRow[] {
  const { rss, shared, free, segment, banks, previousSamples, changeBitmaps, tables } = full;
  const parts: [string, number][] = [
    ['the process without data', idle],
    ['two banks', banks],
    ['previous samples', previousSamples],
    ['change bitmaps', changeBitmaps],
    ['keys and text', tables],
    ['the body published last', shared - free - segment],
    ['buffers kept for the next body', free],
  ];
  const rest = rss - parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  const perCell = (what: string, bytes: number): BenchRow => ({
    what,
    value: bytes / big.cells,
    unit: 'bytes',
  });
  return [
    { what: 'resident memory', value: rss / MIB, unit: 'MiB' },
    perCell('resident after the first publishes, per cell', first),
    perCell('resident, all change bitmaps in use, per cell', rss),
    ...parts.map(([what, bytes]) => perCell(`of it ${what}`, bytes)),
    perCell('of it the rest', rest),
  ];
}

async function measure(
  keep: (child: Child) => Child,
  dir: string,
  { smoke, rounds, note }: BenchContext,
): Promise<BenchRow[]> {
  const [shape, reference] = smoke ? SMOKE : FULL;
  const big = new Contender(shape, keep(new Child('big-child')), dir);
  const small = new Contender(reference, keep(new Child('big-child')), dir);
  const idle = await big.rss();
  note(`${BODIES} bodies of ${big.title}, ${Math.round(big.bytes / 1e6)} MB each`);
  for (let i = 0; i < FIRST; i++) for (const one of [big, small]) await one.publish();
  const first = await big.rss();
  for (let i = 0; i < rounds; i++) for (const one of [big, small]) await one.publish(true);
  const left = smoke ? 2 : CHANGE_COUNTS - FIRST - rounds;
  note(`measured; ${left} more, until all change bitmaps are in use`);
  const early = await big.memory();
  for (let i = 0; i < left; i++) await big.publish();
  const full = await big.memory();
  // Counts, not sizes of the process: what the publishes share is reused, never made anew.
  if (full.shared !== early.shared)
    throw new Error(`shared memory grew from ${early.shared} to ${full.shared}`);
  return [...speedRows(big, small), ...memoryRows(big, idle, first, full)];
}

async function run(context: BenchContext): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'weft-big-'));
  try {
    return await withChildren((keep) => measure(keep, dir, context));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export const bench: Bench = {
  name: 'big',
  question: 'What does each cell of a matrix of 200,000 x 195 cost, in time and memory, against a small one?',
  run,
};
