/** One source in a process of its own: bodies from files, through the real pipeline, with one worker. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { BODY_BYTES_LIMIT } from '../../src/model/limits.js';
import { BodyArena } from '../../src/snapshot/arena.js';
import { accountOf, type SegmentAccount } from './account.js';
import { answerParent } from './answer.js';
import { onePool, Pipeline } from './pipeline.js';
import { busiestMs, threadCpuNs } from './thread-cpu.js';

const CHUNK_BYTES = 1024 * 1024;

export interface BigPublish {
  /** From received to published. */
  readonly ms: number;
  /** CPU of the worker. */
  readonly cpuMs: number;
  readonly rows: number;
  readonly changedCells: number;
}

export interface BigMemory extends SegmentAccount {
  readonly rss: number;
  /** All shared buffers, and of them what no body and no segment has now. */
  readonly shared: number;
  readonly free: number;
  readonly segment: number;
}

const pool = onePool();
const pipeline = new Pipeline(pool);
const chunk = Buffer.alloc(CHUNK_BYTES);

/** As a body arrives: piece by piece, and nobody keeps another copy of it. */
function receive(file: string): BodyArena {
  const fd = openSync(file, 'r');
  try {
    const arena = new BodyArena(pipeline.free, fstatSync(fd).size, BODY_BYTES_LIMIT);
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      arena.append(chunk.subarray(0, read));
    }
    return arena;
  } finally {
    closeSync(fd);
  }
}

answerParent(
  {
    rss: () => process.memoryUsage.rss(),
    publish: async (file: string): Promise<BigPublish> => {
      const body = receive(file);
      const cpu = threadCpuNs();
      const started = performance.now();
      const { report, changes } = await pipeline.publish(body);
      const ms = performance.now() - started;
      const cpuMs = busiestMs(cpu, threadCpuNs());
      return { ms, cpuMs, rows: report.rows, changedCells: changes.changedCells };
    },
    memory: (): BigMemory => {
      const { segment } = pipeline.table.parts[0]!.ref;
      const { sharedBytes: shared, freeBytes: free } = pipeline.free.stats;
      const rss = process.memoryUsage.rss();
      return { ...accountOf(segment), rss, shared, free, segment: segment.buffer.byteLength };
    },
  },
  () => void pool.close(5_000).then(() => process.exit(0)),
);
