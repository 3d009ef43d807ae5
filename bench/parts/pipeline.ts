/** One source without its poller: bodies in, a published table out, in this process. */
import { Fabric } from '../../src/fabric/fabric.js';
import { Ingest } from '../../src/fabric/ingest.js';
import type { PublishEvent } from '../../src/fabric/ingest-types.js';
import { SourceStatus } from '../../src/fabric/source-status.js';
import type { Table } from '../../src/fabric/table.js';
import { systemClock } from '../../src/model/clock.js';
import type { JobResult, JobRunner } from '../../src/model/jobs.js';
import { BODY_BYTES_LIMIT, FREE_BYTES_MAX } from '../../src/model/limits.js';
import { DEFAULT_PARSE_POLICY } from '../../src/model/parse-policy.js';
import type { RatePolicy } from '../../src/model/rates.js';
import { wantedKinds } from '../../src/parse/kinds.js';
import { Pool } from '../../src/pool/pool.js';
import { BodyArena } from '../../src/snapshot/arena.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import type { ParseTask } from '../../src/snapshot/parse-task.js';
import { parse } from '../../workers/parse-worker.js';

const JOB_MS_MAX = 120_000;
const WORKER_HEAP_MB = 512;
const BOOT = 'bench0000';

/** Runs the parse job where it is asked for: the worker's code without its thread. */
export const inlineJobs: JobRunner = {
  run: <T>(_name: string, task: unknown): Promise<JobResult<T>> => {
    const startedMs = systemClock.monotonicMs();
    const value = parse(task as ParseTask) as T;
    return Promise.resolve({ ok: true, value, runMs: systemClock.monotonicMs() - startedMs });
  },
};

/** A pool as the daemon has it, with one worker. */
export function onePool(): Pool {
  return new Pool({
    workers: 1,
    encodeQueueMax: 8,
    workerHeapMb: WORKER_HEAP_MB,
    clock: systemClock,
    onWorkerLost: (reason) => {
      throw new Error(`a worker was lost: ${reason}`);
    },
  });
}

export class Pipeline {
  readonly free = new FreeList(FREE_BYTES_MAX, () => undefined);
  readonly fabric: Fabric;
  readonly #ingest: Ingest;
  #last: PublishEvent | null = null;

  /** `rates`: columns whose previous samples are kept; none when absent. */
  constructor(jobs: JobRunner, rates?: RatePolicy) {
    const status = new SourceStatus('bench', 0, systemClock);
    this.fabric = new Fabric(BOOT, [status]);
    this.#ingest = new Ingest(
      {
        sourceId: 'bench',
        policy: DEFAULT_PARSE_POLICY,
        parseTimeoutMs: JOB_MS_MAX,
        ...(rates && { rates }),
      },
      {
        fabric: this.fabric,
        status,
        jobs,
        free: this.free,
        clock: systemClock,
        observer: {
          published: (event) => {
            this.#last = event;
          },
          generation: () => undefined,
        },
        wantedKinds,
      },
    );
  }

  get table(): Table {
    const { table } = this.fabric;
    if (!table) throw new Error('BUG: nothing was published yet');
    return table;
  }

  /** A body as it arrives from the network: in shared memory of the free list. */
  receive(bytes: Uint8Array): BodyArena {
    const arena = new BodyArena(this.free, bytes.length, BODY_BYTES_LIMIT);
    arena.append(bytes);
    return arena;
  }

  /** From received to published; throws when the body is refused or equals the one before. */
  async publish(body: BodyArena): Promise<PublishEvent> {
    const outcome = await this.#ingest.deliver({
      bytes: body,
      receivedAtMs: systemClock.nowMs(),
      receivedAtMonoMs: systemClock.monotonicMs(),
      snapshotTsMs: null,
      hasEtag: false,
    });
    if (outcome !== 'ok' || !this.#last) throw new Error(`the body was ${outcome}, not published`);
    return this.#last;
  }
}
