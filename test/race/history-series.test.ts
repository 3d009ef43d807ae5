/** Many series in workers over many frames while recording evicts: each is exact, or refused. */
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { WeftError } from '../../src/model/errors.js';
import type { JobName, JobOptions, JobResult, JobRunner } from '../../src/model/jobs.js';
import { nullLogger } from '../../src/model/log.js';
import { parseSeriesQuery } from '../../src/query/history-query.js';
import { Histories } from '../../src/sink/histories.js';
import type { RecordTask } from '../../src/snapshot/history-task.js';
import { recordHistory } from '../../src/snapshot/history-writer.js';
import { row, TableFixture } from '../fixtures/tables.js';
import { poolOf } from '../fixtures/pools.js';

/** Of each source in the beginning: more than the main thread walks itself. */
const FRAMES = 1300;
const ROUNDS = 20;
const SERIES = 60;
const ROWS = 256;
const STEP_MS = 1000;
const START_MS = 1_700_000_000_000;
const MIB = 1024 * 1024;
const BYTES_MAX = 6 * MIB;
/** Beyond packing: 8 bytes a sample, so that blocks are full soon. */
const FACTOR = 0x9e3779b97f4a7c15n;
const RULES = { extra: [], ignoreUnknown: false };

const pool = poolOf(2);
afterAll(() => pool.close(1000));

/** Records at once in this thread, so that it outruns the readers; series go to the pool. */
const jobs: JobRunner = {
  run: async <T>(name: JobName, task: unknown, options: JobOptions): Promise<JobResult<T>> => {
    if (name !== 'recordHistory') return pool.run(name, task, options);
    return { ok: true, value: recordHistory(task as RecordTask) as T, runMs: 0 };
  },
};

const fixture = new TableFixture({ sources: ['s1', 's2'], maxStaleMs: 0 });
const histories = new Histories(
  {
    columns: ['a'],
    windowMs: 36_000_000,
    bytesMax: BYTES_MAX,
    sources: ['s1', 's2'].map((id) => ({ id, intervalMs: STEP_MS })),
    jobTimeoutMs: 30_000,
    bodyBytesMax: 64 * MIB,
  },
  { fabric: fixture.fabric, jobs, free: fixture.free, clock: systemClock, log: nullLogger },
);
const published = { s1: 0, s2: 0 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const valueAt = (n: number, r: number): bigint => BigInt.asUintN(63, BigInt(n * ROWS + r + 1) * FACTOR);

async function publish(source: 's1' | 's2'): Promise<void> {
  const n = ++published[source];
  const rows = Array.from({ length: ROWS }, (_, r) =>
    row(`${source}-${r}`, { a: valueAt(n, r) }, START_MS + n * STEP_MS),
  );
  for (;;) {
    try {
      fixture.publish(source, rows);
      break;
    } catch (error) {
      // The bank is still read: a parse would wait too.
      if (!String(error).includes('pinned bank')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  await turn();
}

/** Asks now, and checks the answer against what is known now. Returns its samples, 0 when refused. */
async function askAndCheck(r: number): Promise<number> {
  const newest = published.s1;
  const query = parseSeriesQuery(`switch_id=s1-${r}&metric=a&int64=string`, '', 36_000_000, RULES);
  const { body } = histories.series(fixture.table, query);
  // Else there is no race to lose.
  expect(body).toBeInstanceOf(Promise);
  let bytes: Uint8Array;
  try {
    bytes = await body;
  } catch (error) {
    expect(error).toBeInstanceOf(WeftError);
    expect((error as WeftError).code).toBe('overloaded');
    return 0;
  }
  const { samples } = JSON.parse(new TextDecoder().decode(bytes)) as { samples: [string, string | number][] };
  const first = newest - samples.length + 1;
  const expected = samples.map((_, i) => [
    new Date(START_MS + (first + i) * STEP_MS).toISOString(),
    String(valueAt(first + i, r)),
  ]);
  const actual = samples.map(([at, value]) => [at, String(value)]);
  const wrong = actual.findIndex(([at, value], i) => at !== expected[i]![0] || value !== expected[i]![1]);
  expect({ wrong, actual: actual[wrong] }).toEqual({ wrong: -1, actual: undefined });
  return samples.length;
}

test('a series is exact, whatever is recorded and evicted while a worker reads it', async () => {
  for (let n = 0; n < FRAMES; n++) {
    await publish('s1');
    await publish('s2');
  }
  let evictedMeanwhile = 0;
  let read = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const answers = Array.from({ length: SERIES }, (_, i) => askAndCheck((round * SERIES + i) % ROWS));
    let open = true;
    const all = Promise.all(answers).finally(() => (open = false));
    // The other source takes the memory that the readers' source held longest.
    for (let n = 0; n < 40; n++) {
      const before = histories.stats.evictions;
      await publish('s2');
      if (open) evictedMeanwhile += histories.stats.evictions - before;
    }
    for (let n = 0; n < 3; n++) await publish('s1');
    read += (await all).reduce((sum, samples) => sum + samples, 0);
    // While nothing is recorded none is refused.
    expect(await askAndCheck(round)).toBeGreaterThan(500);
    for (let n = 0; n < 37; n++) await publish('s1');
    expect(histories.stats.bytes).toBeLessThanOrEqual(BYTES_MAX);
  }
  await histories.stop();
  // Where workers get few turns more of them are overtaken.
  expect(read).toBeGreaterThan(SERIES * 500);
  expect(evictedMeanwhile).toBeGreaterThan(0);
}, 120_000);
