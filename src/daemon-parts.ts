/** The stages that daemon.ts wires, made from the configuration. Part of the composition root. */
import type { Config } from './config/config.js';
import type { Fabric } from './fabric/fabric.js';
import { Hub } from './live/hub.js';
import type { Clock, Random } from './model/clock.js';
import type { JobRunner } from './model/jobs.js';
import { FRAME_PART_BYTES, HEARTBEAT_MS } from './model/limits.js';
import type { RootLogger } from './log/logger.js';
import type { Logger } from './model/log.js';
import type { Redactor } from './model/redact.js';
import { Pool } from './pool/pool.js';
import type { WorkerEntries } from './pool/worker-urls.js';
import { descriptorsReservedBy } from './server/connections.js';
import type { ServerOptions } from './server/context.js';
import type { Stats } from './stats/stats.js';
import { BodyService } from './view/bodies.js';
import { CoverageService } from './view/coverage-service.js';
import { CursorService } from './view/cursors.js';

/** Encode jobs that may wait for each worker: past it lists are refused as overloaded. */
const ENCODE_QUEUE_PER_WORKER = 32;

/** For running jobs, when answers have been finished. Twice this is kept back from those. */
export const poolCloseMs = (config: Config): number => Math.min(1_000, config.shutdownTimeoutMs / 4);

/** For answers under way, when the daemon stops. */
export const drainMs = (config: Config): number => config.shutdownTimeoutMs - 2 * poolCloseMs(config);

/** Tests replace threads to inject faults. */
export interface ThreadEntries {
  readonly workerEntries?: WorkerEntries;
  /** Of a thread that serves beside main. */
  readonly readerEntry?: URL;
}

/** What the process gives the daemon. */
export interface DaemonParts extends ThreadEntries {
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: RootLogger;
  readonly redactor: Redactor;
}

/** What several stages need. */
export interface SharedParts {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  readonly stats: Stats;
  readonly clock: Clock;
  readonly log: Logger;
}

export function makePool(config: Config, { clock, log, workerEntries }: DaemonParts, stats: Stats): Pool {
  const { workers, workerHeapMb } = config;
  return new Pool({
    workers,
    workerHeapMb,
    encodeQueueMax: workers * ENCODE_QUEUE_PER_WORKER,
    clock,
    onWorkerLost: (reason) => {
      stats.counters.add('worker_restarts');
      log.error('worker.lost', { reason }, 'a worker was lost and is replaced');
    },
    ...(workerEntries ? { entries: workerEntries } : {}),
  });
}

export function makeBodies(config: Config, { fabric, jobs, clock }: SharedParts): BodyService {
  const { bodyCacheBytes, listBytesMax, parseTimeoutMs } = config;
  return new BodyService({
    fabric,
    jobs,
    clock,
    bodyCacheBytes,
    listBytesMax,
    jobTimeoutMs: parseTimeoutMs,
  });
}

export function makeCoverage(config: Config, { fabric, jobs }: SharedParts): CoverageService {
  const { listBytesMax, parseTimeoutMs } = config;
  return new CoverageService({ fabric, jobs, listBytesMax, jobTimeoutMs: parseTimeoutMs });
}

export function makeCursors(
  config: Config,
  { fabric, jobs, clock }: SharedParts,
  random: Random,
): CursorService {
  const { cursorBytesMax, cursorTtlMs, listBytesMax, parseTimeoutMs } = config;
  return new CursorService({
    fabric,
    jobs,
    clock,
    random,
    cursorBytesMax,
    cursorTtlMs,
    listBytesMax,
    jobTimeoutMs: parseTimeoutMs,
  });
}

export function makeHub(config: Config, { fabric, jobs, clock, log, stats }: SharedParts): Hub {
  const { slowClientMs, frameCellsMax, listBytesMax, subscriptionsMax, parseTimeoutMs } = config;
  return new Hub({
    fabric,
    jobs,
    clock,
    log,
    stats: stats.live,
    limits: {
      slowClientMs,
      frameCellsMax,
      frameBytesMax: listBytesMax,
      subscriptionsMax,
      jobTimeoutMs: parseTimeoutMs,
      heartbeatMs: HEARTBEAT_MS,
      partBytes: FRAME_PART_BYTES,
    },
  });
}

/** Limits, dialect and access log are named alike in both. */
export function serverOptions(config: Config, version: string): ServerOptions {
  const { serverHost: host, serverPort: port } = config;
  const descriptorsReserved = descriptorsReservedBy(config);
  return { ...config, host, port, descriptorsReserved, access: config, version };
}
