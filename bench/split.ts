/** Question: how much sooner is a large body published when two workers read it at once? */
import { partRule } from '../src/fabric/part-jobs.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import type { BodyArena } from '../src/snapshot/arena.js';
import { median, pairedRatio, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { compareCells } from './parts/matrix.js';
import { Pipeline, poolOf } from './parts/pipeline.js';
import { busiestMs, threadCpuNs } from './parts/thread-cpu.js';

const WORKERS = 2;
const BODIES = 2;
/** The first bodies are read by one; then compilers and caches warm up. */
const WARM_UP = 4;

interface Sample {
  readonly ms: number;
  /** Of the thread that did most: the time it would take on a machine with nobody else. */
  readonly busiestMs: number;
}

class Contender {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly samples: Sample[] = [];
  #body: BodyArena | null = null;

  constructor(name: string, pipeline: Pipeline) {
    this.name = name;
    this.pipeline = pipeline;
  }

  async publish(bytes: Uint8Array, counts: boolean): Promise<void> {
    this.#body = this.pipeline.receive(bytes);
    const cpu = threadCpuNs();
    const started = performance.now();
    await this.pipeline.publish(this.#body);
    const ms = performance.now() - started;
    if (counts) this.samples.push({ ms, busiestMs: busiestMs(cpu, threadCpuNs()) });
  }
}

function rowsOf(one: Contender, two: Contender): BenchRow[] {
  const rows: BenchRow[] = [];
  const units = [
    ['received to published', 'ms'],
    ['CPU of the busiest thread', 'busiestMs'],
  ] as const;
  for (const [title, key] of units) {
    const [a, b] = [one, two].map(({ samples }) => samples.map((sample) => sample[key])) as [
      number[],
      number[],
    ];
    if (a.some(Number.isNaN)) continue;
    rows.push({ what: `one worker: ${title}`, value: median(a), unit: 'ms' });
    const against = { against: 'one worker', ratio: pairedRatio(b, a) };
    rows.push({ what: `two workers: ${title}`, value: median(b), unit: 'ms', ...against });
  }
  return rows;
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const [rows, columns] = smoke ? [400, 40] : [50_000, 120];
  note(`building ${BODIES} bodies of ${rows} x ${columns}`);
  const bodies = Array.from({ length: BODIES }, (_, tick) =>
    buildMatrix({ dialect: 'ufm', rows, columns, seed: 1, tick }),
  );
  const pool = poolOf(WORKERS);
  const parts = smoke ? { ...partRule(WORKERS), partBytesMin: 1 } : partRule(WORKERS);
  try {
    const one = new Contender('one worker', new Pipeline(pool));
    const two = new Contender('two workers', new Pipeline(pool, { parts }));
    for (let round = 0; round < WARM_UP + rounds; round++) {
      const body = bodies[round % BODIES]!;
      for (const contender of [one, two]) await contender.publish(body, round >= WARM_UP);
    }
    const { splits } = two.pipeline;
    if (splits.length !== WARM_UP + rounds - 1 || splits.some((why) => why !== null)) {
      throw new Error(`not every body was read by two workers: ${splits.join(', ')}`);
    }
    const last = bodies[(WARM_UP + rounds - 1) % BODIES]!;
    note(`${compareCells(two.pipeline.table, last)} cells equal what csv-parse reads`);
    return rowsOf(one, two);
  } finally {
    await pool.close(5_000);
  }
}

export const bench: Bench = {
  name: 'split',
  question: 'How much sooner is a large body published when two workers read it at once?',
  run,
};
