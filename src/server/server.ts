/** The HTTP and WebSocket server: from its start to a graceful stop. Main thread only. */
import type { Stats } from '../stats/stats.js';
import { BulkSender } from './bulk.js';
import { Connections, connectionsCap } from './connections.js';
import { makeAccess, type Access } from './access/access.js';
import { ExpirySweep } from './access/expiry.js';
import { OPEN_TO_ALL, type AccessOptions, type ServerContext } from './context.js';
import type { ServerCore } from './core.js';
import { Dispatcher } from './dispatch.js';
import { Front } from './front.js';
import { LOOP_DELAY_MS_MAX, OverloadGuard, TimerLoopLag } from './guards/overload.js';
import { HeaderBlock } from './header-block.js';
import { InFlight } from './in-flight.js';
import { RequestHead } from './request-head.js';
import { RequestIds } from './request-ids.js';
import { buildRoutes } from './routes/routes.js';
import { Sockets, STREAM_PATH } from './sockets.js';
import { loadUws, type Uws, type UwsApp } from './uws.js';

const DEADLINE_MS = 60_000;
/** Idle connections are kept so long after the last request of a stopping server. */
const QUIET_MS = 100;
const DRAIN_POLL_MS = 10;

/** What a running server is asked for by /metrics and tests. */
export interface ServerLoad {
  readonly connections: number;
  readonly connectionsRejected: number;
  readonly sockets: number;
  readonly inFlight: number;
  readonly bytesInFlight: number;
}

export class RunningServer {
  readonly port: number;
  readonly #core: ServerCore;
  readonly #front: Front;
  readonly #connections: Connections;
  readonly #sockets: Sockets;
  readonly #lag: TimerLoopLag;
  readonly #expiry: ExpirySweep | null;
  #closed = false;

  constructor(parts: Parts, front: Front) {
    this.port = front.port;
    this.#core = parts.core;
    this.#front = front;
    this.#expiry = parts.expiry;
    this.#connections = parts.connections;
    this.#sockets = parts.sockets;
    this.#lag = parts.lag;
  }

  /**
   * Other tokens and another certificate from now on; live connections whose token was taken back are
   * closed. Returns what changed. Throws CertificateError or ListenError; the tokens have changed then,
   * the certificate has not.
   */
  reload(access: Pick<AccessOptions, 'tokens' | 'listenerTls'>): readonly string[] {
    const changed: string[] = [];
    const { tokens } = this.#core;
    if (tokens !== null && access.tokens !== null) {
      tokens.replace(access.tokens);
      this.#expiry?.sweep();
      changed.push('tokens');
    }
    if (access.listenerTls !== null && this.#front.renew(access.listenerTls)) changed.push('certificate');
    return changed;
  }

  get load(): ServerLoad {
    const { inFlight, bulk } = this.#core;
    return {
      connections: this.#connections.open,
      connectionsRejected: this.#connections.rejected,
      sockets: this.#sockets.open,
      inFlight: inFlight.count,
      bytesInFlight: bulk.bytesInFlight,
    };
  }

  /**
   * A graceful stop: accepts no more, tells live clients to go, finishes what was asked, and
   * closes. Connections close behind their next answer; what is still open after `deadlineMs`, or
   * idle, is cut.
   */
  async drain(deadlineMs: number): Promise<void> {
    const { clock } = this.#core;
    const endMs = clock.monotonicMs() + deadlineMs;
    this.#core.draining = true;
    this.#front.stopListening();
    this.#sockets.closeAll();
    while (!this.#closed && clock.monotonicMs() < endMs && !this.#quiet(clock.monotonicMs())) {
      await new Promise<void>((resolve) => void clock.schedule(DRAIN_POLL_MS, resolve));
    }
    this.close();
  }

  #quiet(nowMs: number): boolean {
    if (this.#core.inFlight.count > 0) return false;
    return this.#connections.open === 0 || nowMs - this.#core.lastRequestMs > QUIET_MS;
  }

  /** Cuts everything that is open. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#core.draining = true;
    this.#lag.stop();
    this.#expiry?.stop();
    this.#front.close();
  }
}

interface Parts {
  readonly core: ServerCore;
  readonly mount: (app: UwsApp) => void;
  readonly connections: Connections;
  readonly sockets: Sockets;
  readonly lag: TimerLoopLag;
  readonly expiry: ExpirySweep | null;
}

/**
 * Starts to serve. Throws NativeBuildError (the library does not load: exit 78), ListenError (the
 * address is taken or not local: exit 1).
 */
export function startServer(context: ServerContext, uws: Uws = loadUws()): RunningServer {
  const { options } = context;
  const parts = assemble(context, uws);
  try {
    const { host, port, access = OPEN_TO_ALL } = options;
    return new RunningServer(
      parts,
      new Front({ uws, mount: parts.mount, host, port, tls: access.listenerTls }),
    );
  } catch (error) {
    parts.lag.stop();
    parts.expiry?.stop();
    throw error;
  }
}

function assemble(context: ServerContext, uws: Uws): Parts {
  const { options, clock, stats } = context;
  const lag = new TimerLoopLag(clock);
  const access = makeAccess(options.access ?? OPEN_TO_ALL, clock, stats);
  const core = coreOf(context, lag, access);
  const connections = new Connections(connectionsCap(options.connectionsMax));
  const { routes, stream, unknown } = buildRoutes(context, core);
  const sockets = new Sockets({
    core,
    hub: context.hub,
    connections,
    endpoint: stream,
    slowClientMs: options.slowClientMs,
    addresses: access.addresses,
  });
  const dispatcher = new Dispatcher(core, routes, unknown);
  expose(stats, core, connections, sockets);
  const mount = (app: UwsApp): void => {
    app.filter((res, change) => {
      if (change < 0) connections.closed();
      else if (!connections.opened()) {
        stats.counters.add('connections_rejected');
        res.close();
      }
    });
    // Before anything else: the library crashes when it publishes to an app without such a route.
    app.ws(STREAM_PATH, sockets.behavior(uws));
    for (const route of routes.exact) app.get(route.path, dispatcher.direct(route));
    app.any('/*', dispatcher.any());
  };
  const expiry = access.tokens && new ExpirySweep(access.tokens, clock, () => sockets.all());
  return { core, mount, connections, sockets, lag, expiry };
}

function expose(stats: Stats, core: ServerCore, connections: Connections, sockets: Sockets): void {
  const gauge = (name: string, help: string, value: () => number): void =>
    stats.expose({ name: `weft_${name}`, help, kind: 'gauge', value });
  gauge('connections', 'Open connections, HTTP and WebSocket.', () => connections.open);
  gauge('connections_max', 'Open connections that are allowed.', () => connections.max);
  gauge('live_connections', 'Open WebSocket connections.', () => sockets.open);
  gauge('requests_in_flight', 'Requests that wait for their answer or its end.', () => core.inFlight.count);
  gauge(
    'response_bytes_in_flight',
    'Bytes of large answers still to be sent.',
    () => core.bulk.bytesInFlight,
  );
}

function coreOf(context: ServerContext, lag: TimerLoopLag, access: Access): ServerCore {
  const { options, clock, log, random, stats } = context;
  const bulk = new BulkSender(options.inFlightBytesMax);
  const overload = new OverloadGuard({
    lag,
    loopDelayMsMax: options.loopDelayMsMax ?? LOOP_DELAY_MS_MAX,
    bytesInFlight: () => bulk.bytesInFlight,
    inFlightBytesMax: options.inFlightBytesMax,
  });
  return {
    clock,
    log,
    stats,
    accessLog: options.accessLog,
    guards: [...access.guards, overload, ...(context.guards ?? [])],
    cors: access.cors,
    tokens: access.tokens,
    requestIds: new RequestIds(random),
    seed: 1 + Math.floor(random() * 0x7fff_fffe),
    inFlight: new InFlight(),
    bulk,
    head: new RequestHead(),
    block: new HeaderBlock(),
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    draining: false,
    lastRequestMs: clock.monotonicMs(),
  };
}
