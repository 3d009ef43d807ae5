import { afterEach, describe, expect, test } from 'vitest';
import type { Pool } from '../../src/pool/pool.js';
import { entriesOf, poolOf } from '../fixtures/pools.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import type { SegmentSpec } from '../../src/snapshot/layout.js';
import { Segment } from '../../src/snapshot/segment.js';
import { BankWriter } from '../../src/snapshot/writer.js';
import type { FaultTask } from '../fixtures/faulty-worker.js';

const SPEC: SegmentSpec = {
  columns: Array.from({ length: 16 }, (_, c) => ({ name: `m${c}`, kind: 'f64' as const })),
  slotCapacity: 4096,
  keyBytesCapacity: 65536,
  stringCapacity: 64,
  stringBytesCapacity: 64,
  baseVersion: 0,
  hasRowTime: false,
};

const url = new URL('../fixtures/faulty-worker.js', import.meta.url).href;
const entry = { url, exportName: 'parse' };
const pools: Pool[] = [];

function newPool(lost: string[]): Pool {
  const pool = poolOf(1, {
    encodeQueueMax: 4,
    workerHeapMb: 48,
    onWorkerLost: (reason) => lost.push(reason),
    entries: entriesOf(entry),
  });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close(1000);
});

function publishNext(segment: Segment): number {
  const version = segment.beginFill();
  const writer = new BankWriter(segment.ref, version);
  for (let slot = 0; slot < 100; slot++) {
    const key = new TextEncoder().encode(`sw-${slot}`);
    writer.setPresent(writer.slotOf(key, 0, key.length));
    for (let c = 0; c < 16; c++) writer.f64[writer.cell0[c]! + slot] = version * 1000 + c;
  }
  writer.finish(version, version);
  segment.endFill(version, true);
  return version;
}

/** A copy of every cell of a bank. */
function cellsOf(segment: Segment, version: number): Float64Array[] {
  const { columns } = segment.reader.bank(version);
  return columns.map((column) => column.f64.slice(column.cell0, column.cell0 + SPEC.slotCapacity));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(['spin', 'native'] as const)('C-08: a worker terminated while it writes (%s)', (fault) => {
  test('stops writing at its exit, leaves the published bank intact, and the same version is filled again', async () => {
    const lost: string[] = [];
    const pool = newPool(lost);
    const segment = new Segment(SPEC, new FreeList(0, () => undefined));
    const published = publishNext(segment);
    const before = cellsOf(segment, published);

    // The deadline begins with the job, and a thread takes its time to start.
    const warm: FaultTask = { fault: 'none', target: null };
    expect((await pool.run('parse', warm, { jobClass: 'refresh', timeoutMs: 20_000 })).ok).toBe(true);
    const version = segment.beginFill();
    const task: FaultTask = { fault, target: { segment: segment.ref, version } };
    const result = await pool.run<string>('parse', task, { jobClass: 'refresh', timeoutMs: 1_500 });
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.reason).toBe('timeout');
    expect(segment.writer).toBeGreaterThan(0);
    await result.exited;

    // From here on the memory is ours: nothing moves in the bank the dead thread was filling.
    const atExit = cellsOf(segment, version);
    await pause(250);
    expect(cellsOf(segment, version)).toEqual(atExit);
    expect(cellsOf(segment, published)).toEqual(before);
    expect(segment.version).toBe(published);

    segment.endFill(version, false);
    expect(publishNext(segment)).toBe(version);
    expect(segment.version).toBe(version);
    expect(lost).toHaveLength(1);
  });
});

describe('a worker that dies by itself', () => {
  test.each(['exit', 'heap', 'throw'] as const)(
    '%s: the job fails as a value and the next one works',
    async (fault) => {
      const lost: string[] = [];
      const pool = newPool(lost);
      const failed = await pool.run<string>(
        'parse',
        { fault, target: null },
        { jobClass: 'refresh', timeoutMs: 20_000 },
      );
      expect(failed.ok).toBe(false);
      if (!failed.ok) {
        expect(failed.reason).toBe('worker');
        await failed.exited;
      }
      const next = await pool.run<string>(
        'parse',
        { fault: 'none', target: null },
        { jobClass: 'refresh', timeoutMs: 20_000 },
      );
      expect(next).toMatchObject({ ok: true, value: 'done' });
      // A thrown error costs no thread; the others do.
      expect(lost).toHaveLength(fault === 'throw' ? 0 : 1);
      expect(pool.load).toEqual({ running: 0, waiting: 0, refused: 0, failed: 1 });
    },
  );
});

test('encode jobs beyond the queue are refused and counted', async () => {
  const pool = newPool([]);
  const results = Array.from({ length: 6 }, () =>
    pool.run<string>(
      'encodeList',
      { fault: 'none', target: null },
      { jobClass: 'encode', timeoutMs: 20_000 },
    ),
  );
  // One runs, four wait, and for the sixth there is no place.
  expect(pool.load).toEqual({ running: 1, waiting: 4, refused: 1, failed: 0 });
  const ended = (await Promise.all(results)).map((result) => (result.ok ? 'ok' : result.reason));
  expect(ended).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'overloaded']);
});
