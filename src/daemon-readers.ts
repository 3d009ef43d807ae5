/** Threads that serve beside main (`readers`), wired. Part of the composition root. */
import { availableParallelism } from 'node:os';
import type { Config } from './config/config.js';
import { drainMs, type DaemonParts, type SharedParts } from './daemon-parts.js';
import { TableFeed } from './fabric/table-feed.js';
import { SupervisedService } from './lifecycle/supervised.js';
import { SUPERVISION_DEFAULTS } from './lifecycle/supervisor.js';
import { descriptorsReservedBy } from './server/connections.js';
import type { ReaderOptions } from './server/reader/reader-server.js';
import { ReaderThread } from './server/reader/reader-thread.js';
import type { RunningServer } from './server/running-server.js';
import { ReaderBoard } from './snapshot/reader-board.js';
import type { ReaderDocument } from './stats/document.js';

/** For the sockets of one thread, when the process ends at once. */
const CLOSE_MS_MAX = 500;

interface OneReader {
  readonly thread: ReaderThread;
  readonly service: SupervisedService;
}

export class Readers {
  readonly #board: ReaderBoard;
  readonly #all: readonly OneReader[];
  readonly #shared: SharedParts;
  #server: RunningServer | null = null;
  /** Ends of the process that are no stop: a second signal, a defect of main. */
  readonly #onExit = (): void => {
    for (const { thread } of this.#all) thread.closeNow(CLOSE_MS_MAX);
  };

  constructor(config: Config, parts: DaemonParts, shared: SharedParts) {
    const { fabric, clock, log, stats } = shared;
    this.#shared = shared;
    const threads = config.readers;
    if (threads > availableParallelism()) {
      const cores = availableParallelism();
      log.warn('readers.many', { readers: threads, cores }, 'READERS is more than there are cores');
    }
    this.#board = ReaderBoard.make(threads);
    const feed = new TableFeed(fabric, this.#board, clock);
    const options = { ...config, host: config.serverHost, version: parts.version };
    this.#all = Array.from({ length: threads - 1 }, (_, i) => {
      const thread = new ReaderThread({
        thread: i + 1,
        board: this.#board,
        feed,
        gate: () => this.#server!.gate!,
        port: () => this.#server!.port,
        options: readerOptions(options),
        sources: fabric.sources.map(({ id, maxStaleMs }) => ({ id, maxStaleMs })),
        stats,
        clock,
        log,
        drainMs: drainMs(config),
        ...(parts.readerEntry ? { entry: parts.readerEntry } : {}),
      });
      const supervision = { ...SUPERVISION_DEFAULTS, clock, random: parts.random, log };
      const service = new SupervisedService(thread, {
        ...supervision,
        stopTimeoutMs: config.shutdownTimeoutMs,
      });
      return { thread, service };
    });
  }

  /** Of all threads, for main's own server. */
  get connections(): { add(change: number): void; readonly total: number } {
    const board = this.#board;
    return {
      add: (change) => board.addConnections(0, change),
      get total() {
        return board.connections;
      },
    };
  }

  /** Behind main's server: the threads join its port. Rejects when one cannot. */
  async start(server: RunningServer): Promise<void> {
    this.#server = server;
    process.on('exit', this.#onExit);
    await Promise.all(this.#all.map(({ service }) => service.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map(({ service }) => service.stop()));
    process.off('exit', this.#onExit);
  }

  /** Fetches what the threads have counted. */
  async collect(): Promise<void> {
    await Promise.all(this.#all.map(({ thread }) => thread.collect()));
  }

  get running(): number {
    return 1 + this.#all.filter(({ service }) => service.state === 'running').length;
  }

  get handedOn(): number {
    return this.#all.reduce((sum, { thread }) => sum + thread.handedOn, 0);
  }

  documents(): readonly ReaderDocument[] {
    const readers = this.#all.map(({ thread, service }) => thread.document(service.state));
    const answered = this.#shared.stats.responses.entries().reduce((sum, [, count]) => sum + count, 0);
    const elsewhere = readers.reduce((sum, { requests }) => sum + requests, 0);
    const connections = this.#board.connectionsOf(0);
    const main = { connections, requests: answered - elsewhere, handed_on: 0, restarts: 0 };
    return [{ thread: 'main', state: 'running', ...main }, ...readers];
  }
}

/** Nothing else of the configuration crosses to a thread: it may hold secrets, and values that no message carries. */
function readerOptions(options: Config & { readonly host: string; readonly version: string }): ReaderOptions {
  const { host, version, connectionsMax, accessLog, defaultDialect } = options;
  const { inFlightBytesMax, loopDelayMsMax, slowClientMs, liveIdleMs } = options;
  return {
    ...{ host, version, connectionsMax, accessLog, defaultDialect },
    ...{ inFlightBytesMax, loopDelayMsMax, slowClientMs, liveIdleMs },
    descriptorsReserved: descriptorsReservedBy(options),
  };
}

/**
 * Threads that serve beside main; `config.readers` is 2 or more. Null where clients are told apart: a
 * reader knows no tokens, rates, origins or certificates, so that main serves alone.
 */
export function newReaders(config: Config, parts: DaemonParts, shared: SharedParts): Readers | null {
  const { tokens, rateLimit, corsOrigins, listenerTls } = config;
  if (tokens === null && rateLimit === null && corsOrigins.length === 0 && listenerTls === null) {
    return new Readers(config, parts, shared);
  }
  const why = 'READERS is not used: with tokens, a rate limit, CORS origins or TLS main serves alone';
  shared.log.warn('readers.off', { readers: config.readers }, why);
  return null;
}
