/**
 * The composition root: the only place that knows all stages. Started in order, stopped in reverse.
 *
 * sources → pool (parse workers) → segments → fabric → reads, lists, live diffs → server
 */
import type { Config } from './config/config.js';
import type { LoadedConfig } from './config/load.js';
import { firstExample, type Example } from './daemon-example.js';
import { exposeHistories, historyService, makeHistories } from './daemon-history.js';
import { exposeCounts, exposeReaders } from './daemon-metrics.js';
import {
  makeBodies,
  makeCoverage,
  makeCursors,
  makeHub,
  drainMs,
  makePool,
  poolCloseMs,
  serverOptions,
  type DaemonParts,
  type SharedParts,
} from './daemon-parts.js';
import { makePushDesk } from './daemon-push.js';
import type { newReaders, Readers } from './daemon-readers.js';
import { Reloads } from './daemon-reload.js';
import { SERVER_SERVICE, SourceSet } from './daemon-sources.js';
import { exposeState, makeKeeper, stateService } from './daemon-state.js';
import { Fabric } from './fabric/fabric.js';
import { SourceStatus } from './fabric/source-status.js';
import type { Service } from './lifecycle/service.js';
import { SUPERVISION_DEFAULTS, Supervisor } from './lifecycle/supervisor.js';
import type { Hub } from './live/hub.js';
import { makeBootNonce } from './model/ids.js';
import { FREE_BYTES_MAX } from './model/limits.js';
import type { Pool } from './pool/pool.js';
import { ENDPOINT_NAMES } from './server/endpoint.js';
import type { RunningServer } from './server/running-server.js';
import { startServer } from './server/server.js';
import type { Histories } from './sink/histories.js';
import { FreeList } from './snapshot/free-list.js';
import { sourceService } from './source-service.js';
import type { StateKeeper } from './state/keeper.js';
import { Stats } from './stats/stats.js';
import type { BodyService } from './view/bodies.js';
import type { CursorService } from './view/cursors.js';

export interface Daemon {
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  /** Resolves at the first publish of any source with a row and a column to try. */
  readonly example: Promise<Example>;
  /** Takes over what may change while it runs (daemon-reload.ts says what). Logs how that went. */
  reload(read: () => LoadedConfig): void;
  /** Graceful: answers what was asked, then ends everything. True when all of it stopped cleanly. */
  stop(): Promise<boolean>;
}

/**
 * Starts everything; resolves when the port is open and the sources have begun. Throws ListenError
 * (exit 1) or NativeBuildError (exit 78).
 */
export async function startDaemon(config: Config, parts: DaemonParts): Promise<Daemon> {
  // Loaded by who needs it: each file costs the start a part of a millisecond.
  const readers = config.readers > 1 ? await import('./daemon-readers.js') : null;
  const root = new CompositionRoot(config, parts, readers?.newReaders ?? null);
  await root.supervisor.start();
  const { serverHost } = config;
  const port = root.port;
  const host = serverHost.includes(':') ? `[${serverHost}]` : serverHost;
  return {
    port,
    url: `${config.listenerTls ? 'https' : 'http'}://${host}:${port}`,
    example: firstExample(root.fabric),
    reload: (read) => root.reloads.ask(read),
    stop: () => root.supervisor.stop(),
  };
}

class CompositionRoot {
  readonly supervisor: Supervisor;
  readonly reloads: Reloads;
  readonly #config: Config;
  readonly #parts: DaemonParts;
  readonly #stats: Stats;
  readonly #free: FreeList;
  readonly #pool: Pool;
  readonly fabric: Fabric;
  readonly #hub: Hub;
  readonly #bodies: BodyService;
  readonly #cursors: CursorService;
  readonly #histories: Histories | null;
  readonly #keeper: StateKeeper | null;
  readonly #sources: SourceSet;
  /** Null: main serves alone. */
  readonly #readers: Readers | null;
  #server: RunningServer | null = null;

  constructor(config: Config, parts: DaemonParts, makeReaders: typeof newReaders | null) {
    const { clock, random, log } = parts;
    this.#config = config;
    this.#parts = parts;
    this.#stats = new Stats({
      version: parts.version,
      clock,
      endpoints: ENDPOINT_NAMES,
      sources: config.sources.map(({ id }) => id),
      redactor: parts.redactor,
    });
    this.#free = new FreeList(FREE_BYTES_MAX, () => {
      this.#stats.counters.add('buffers_dropped');
      this.#pool.recycle();
    });
    this.#pool = makePool(config, parts, this.#stats);
    const statuses = config.sources.map(({ id, staleMsMax }) => new SourceStatus(id, staleMsMax, clock));
    this.fabric = new Fabric(makeBootNonce(random), statuses);
    this.#bodies = makeBodies(config, this.#shared());
    this.#cursors = makeCursors(config, this.#shared(), random);
    this.#hub = makeHub(config, this.#shared());
    this.#histories = makeHistories(config, this.#shared(), this.#free);
    exposeHistories(this.#stats, this.#histories);
    exposeCounts(this.#stats, {
      pool: this.#pool,
      bodies: this.#bodies,
      cursors: this.#cursors,
      free: this.#free,
      log,
      fabric: this.fabric,
      hub: this.#hub,
    });
    this.#readers = makeReaders?.(config, parts, this.#shared()) ?? null;
    exposeReaders(this.#stats, this.#readers);
    this.#keeper = makeKeeper(config, parts, this.#stats);
    exposeState(this.#stats, this.#keeper);
    this.#sources = new SourceSet({
      ...{ ...this.#shared(), config, random, free: this.#free },
      ...{ keeper: this.#keeper, histories: this.#histories },
    });
    this.reloads = new Reloads({
      ...{ config, stats: this.#stats, log, redactor: parts.redactor, sources: this.#sources },
      ...{ server: () => this.#server, supervisor: () => this.supervisor },
    });
    this.supervisor = new Supervisor(
      [
        this.#workerService(),
        ...(this.#histories ? [historyService(this.#histories)] : []),
        ...this.#stateServices(),
        ...[...this.#sources.actors].map(sourceService),
        this.#serverService(),
      ],
      { ...SUPERVISION_DEFAULTS, clock, random, log, stopTimeoutMs: config.shutdownTimeoutMs },
    );
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  #shared(): SharedParts {
    const { clock, log } = this.#parts;
    return { fabric: this.fabric, jobs: this.#pool, stats: this.#stats, clock, log };
  }

  #stateServices(): Service[] {
    if (!this.#keeper) return [];
    const { clock, log } = this.#parts;
    return [stateService(this.#keeper, this.#sources.actors, this.#config, { clock, log, free: this.#free })];
  }

  /** Stopped last: what is still being answered may need a worker. */
  #workerService(): Service {
    return {
      name: 'workers',
      start: () => Promise.resolve(),
      stop: async () => {
        await this.#pool.close(poolCloseMs(this.#config));
        this.#stats.close();
      },
    };
  }

  /** Started last: the port opens when all else runs. Stopped first. */
  #serverService(): Service {
    const { config, parts, readers } = { config: this.#config, parts: this.#parts, readers: this.#readers };
    return {
      name: SERVER_SERVICE,
      start: async () => {
        const server = startServer({
          options: serverOptions(config, parts.version),
          fabric: this.fabric,
          bodies: this.#bodies,
          coverage: makeCoverage(config, this.#shared()),
          cursors: this.#cursors,
          hub: this.#hub,
          pushes: makePushDesk((id) => this.#sources.actor(id)?.door),
          histories: this.#histories,
          isStateDegraded: () => this.#keeper?.isDegraded ?? false,
          stats: this.#stats,
          statsView: {
            source: (id) => this.#sources.actor(id)?.state(),
            sharedBytes: () => this.#free.stats.sharedBytes,
            ...(readers && { readers: () => readers.documents() }),
          },
          ...(readers && { connections: readers.connections, collect: () => readers.collect() }),
          clock: parts.clock,
          random: parts.random,
          log: parts.log,
        });
        try {
          await readers?.start(server);
        } catch (error) {
          await readers?.stop();
          server.close();
          throw error;
        }
        this.#server = server;
      },
      stop: async () => {
        this.#hub.stop();
        await Promise.all([this.#server?.drain(drainMs(config)), readers?.stop()]);
        this.#server = null;
      },
    };
  }
}
