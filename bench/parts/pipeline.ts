/** Sources without their pollers: bodies in, a published table out, in this process. */
import { Fabric } from '../../src/fabric/fabric.js';
import { Ingest } from '../../src/fabric/ingest.js';
import type { PublishEvent } from '../../src/fabric/ingest-types.js';
import type { PartRule } from '../../src/fabric/part-jobs.js';
import type { SettleTask } from '../../src/fabric/settle.js';
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
import { settle } from '../../workers/settle-worker.js';

const JOB_MS_MAX = 120_000;
const WORKER_HEAP_MB = 512;
const BOOT = 'bench0000';

/** Runs parse and settle jobs where they are asked for: the workers' code without their threads. */
export const inlineJobs: JobRunner = {
  run: <T>(name: string, task: unknown): Promise<JobResult<T>> => {
    const startedMs = systemClock.monotonicMs();
    const value = (name === 'settle' ? settle(task as SettleTask) : parse(task as ParseTask)) as T;
    return Promise.resolve({ ok: true, value, runMs: systemClock.monotonicMs() - startedMs });
  },
};

/** A pool as the daemon has it, with one worker. */
export function onePool(): Pool {
  return poolOf(1);
}

export function poolOf(workers: number): Pool {
  return new Pool({
    workers,
    encodeQueueMax: 8,
    workerHeapMb: WORKER_HEAP_MB,
    clock: systemClock,
    onWorkerLost: (reason) => {
      throw new Error(`a worker was lost: ${reason}`);
    },
  });
}

export interface PipelineOptions {
  /** Columns whose previous samples are kept; none when absent. */
  readonly rates?: RatePolicy;
  /** Whether several workers read one body. Default: never. */
  readonly parts?: PartRule;
  /** In the order of configuration. Default: one. */
  readonly sources?: readonly string[];
}

export class Pipeline {
  readonly free = new FreeList(FREE_BYTES_MAX, () => undefined);
  readonly fabric: Fabric;
  readonly #ingests: readonly Ingest[];
  /** Of each body that several workers read: null, or why one read it again. */
  readonly splits: (string | null)[] = [];
  #last: PublishEvent | null = null;

  constructor(jobs: JobRunner, { rates, parts, sources = ['bench'] }: PipelineOptions = {}) {
    const statuses = sources.map((id) => new SourceStatus(id, 0, systemClock));
    this.fabric = new Fabric(BOOT, statuses);
    this.#ingests = statuses.map(
      (status) =>
        new Ingest(
          {
            sourceId: status.id,
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
              split: (why) => this.splits.push(why),
            },
            ...(parts && { parts }),
            wantedKinds,
          },
        ),
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

  /**
   * From received to published; throws when the body is refused or equals the one before. `source`:
   * which one, in their order. `snapshotTsMs`: of the data; null: the time of its receipt.
   */
  async publish(body: BodyArena, source = 0, snapshotTsMs: number | null = null): Promise<PublishEvent> {
    const outcome = await this.#ingests[source]!.deliver({
      bytes: body,
      receivedAtMs: systemClock.nowMs(),
      receivedAtMonoMs: systemClock.monotonicMs(),
      snapshotTsMs,
      hasEtag: false,
    });
    if (outcome !== 'ok' || !this.#last) throw new Error(`the body was ${outcome}, not published`);
    return this.#last;
  }
}
