/**
 * A fabric that behaves, or misbehaves on demand, as an HTTP server: docs/simulator.md.
 * It holds the bodies of the present tick and builds those of the next one in a thread of its own.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemRandom, type Clock, type Random } from '../model/clock.js';
import { makeBootNonce } from '../model/ids.js';
import { BuildThread, type Builder } from './build-thread.js';
import { answerCounters, type CountersContext } from './counters.js';
import { Exchange } from './exchange.js';
import type { SimulatorLog } from './log.js';
import { seededRandom } from './noise.js';
import { fillOptions, shapeOf, type SimulatorDialect, type SimulatorOptions } from './options.js';
import { Ticks } from './ticks.js';

export interface SimulatorDeps {
  readonly clock: Clock;
  readonly log: SimulatorLog;
  /** Draws the faults of FAULT_500_PCT and FAULT_SLOW_MS. Default: a stream that repeats with the seed. */
  readonly random?: Random;
  /** Default: a thread. Tests give one that they can hold. */
  readonly builder?: Builder;
}

export interface Simulator {
  readonly port: number;
  /** `http://host:port`, without a path. */
  readonly url: string;
  /** One tick at once; resolves when what it built is served. */
  tick(): Promise<void>;
  /** Ends the listener, every connection and the thread. */
  close(): Promise<void>;
}

/** Paths that serve a matrix; undefined = the dialect that the request names. */
const COUNTERS_PATHS: ReadonlyMap<string, SimulatorDialect | undefined> = new Map([
  ['/counters', undefined],
  ['/csv/metrics', 'ufm'],
  ['/csv/cset/converted_enterprise', 'ufm'],
]);

const ALLOW = 'GET, HEAD';
/** A connection that moves nothing for so long is closed. Above the longest delay on demand. */
const IDLE_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;
const CONNECTIONS_MAX = 4096;

/**
 * Starts a simulator; resolves when it listens.
 * @throws Error that names every option out of range, or the address that cannot be listened on.
 */
export async function startSimulator(
  given: Partial<SimulatorOptions>,
  deps: SimulatorDeps,
): Promise<Simulator> {
  const options = fillOptions(given);
  const { clock, log } = deps;
  const builder = deps.builder ?? new BuildThread(shapeOf(options));
  const ticks = new Ticks(options, makeBootNonce(systemRandom), builder, clock, log);
  const random = deps.random ?? seededRandom(options.seed);
  const context: CountersContext = { options, ticks, clock, random, log };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => handle(context, req, res));
  server.timeout = IDLE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, options);
  ticks.start();
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    url: `http://${host}:${port}`,
    tick: () => ticks.advance(0),
    async close() {
      ticks.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, builder.close()]);
    },
  };
}

function listen(server: Server, { host, port }: SimulatorOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the address is in use' : cause.message;
      const knobs = 'GENERATOR_HOST, GENERATOR_PORT';
      reject(new Error(`cannot listen on ${host}:${port}: ${why} (${knobs})`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function handle(context: CountersContext, req: IncomingMessage, res: ServerResponse): void {
  const exchange = new Exchange(req, res, context.clock, context.log);
  route(context, exchange).catch((error: unknown) => {
    if (exchange.gone.aborted) return;
    context.log.event('error', 'gen.error', { path: exchange.path, error: String(error) });
    if (res.headersSent) res.destroy();
    else exchange.json(500, { error: 'internal', message: String(error) });
  });
}

async function route(context: CountersContext, exchange: Exchange): Promise<void> {
  const { path, req, res } = exchange;
  const counters = COUNTERS_PATHS.has(path);
  if (!counters && path !== '/health') {
    return exchange.json(404, { error: 'not_found', message: `No such path: try /counters or /health.` });
  }
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', ALLOW);
    return exchange.json(405, { error: 'method_not_allowed', message: `Allowed: ${ALLOW}.` });
  }
  if (!counters) return exchange.json(200, { ok: true });
  await answerCounters(context, exchange, COUNTERS_PATHS.get(path));
}
