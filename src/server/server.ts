/** The HTTP and WebSocket server of the main thread. */
import type { Stats } from '../stats/stats.js';
import { makeAccess } from './access/access.js';
import { ExpirySweep } from './access/expiry.js';
import { Connections, connectionsCap } from './connections.js';
import { OPEN_TO_ALL, type ServerContext } from './context.js';
import type { ServerCore } from './core.js';
import { Dispatcher } from './dispatch.js';
import { Front } from './front.js';
import { TimerLoopLag } from './guards/overload.js';
import { makeCore } from './make-core.js';
import { buildRoutes } from './routes/routes.js';
import { RunningServer, type ServerParts } from './running-server.js';
import { Sockets } from './sockets.js';
import { STREAM_PATH, Upgrades } from './upgrades.js';
import { loadUws, type Uws, type UwsApp } from './uws.js';

/**
 * Starts to serve. Throws NativeBuildError (the library does not load: exit 78), ListenError (the
 * address is taken or not local: exit 1).
 */
export function startServer(context: ServerContext, uws: Uws = loadUws()): RunningServer {
  const { options } = context;
  const parts = assemble(context, uws);
  try {
    const { host, port, access = OPEN_TO_ALL } = options;
    const front = new Front({
      uws,
      mount: parts.mount,
      host,
      port,
      tls: access.listenerTls,
      ...(context.connections && { share: 'open' as const }),
    });
    context.stats.expose({
      name: 'weft_certificates',
      help: 'Certificates that open connections began with, and the current one; 0 without TLS.',
      kind: 'gauge',
      value: () => front.certificates,
    });
    return new RunningServer(parts, front);
  } catch (error) {
    parts.lag.stop();
    parts.expiry?.stop();
    throw error;
  }
}

function assemble(context: ServerContext, uws: Uws): ServerParts {
  const { options, clock, stats } = context;
  const lag = new TimerLoopLag(clock);
  const access = makeAccess(options.access ?? OPEN_TO_ALL, clock, stats);
  const core = makeCore(context, lag, access);
  const connections = new Connections(
    connectionsCap(options.connectionsMax, options.descriptorsReserved),
    context.connections,
  );
  const { routes, stream, unknown } = buildRoutes(context, core);
  const sockets = new Sockets({
    core,
    hub: context.hub,
    connections,
    upgrades: new Upgrades(core, stream),
    patience: options,
    addresses: access.addresses,
  });
  const dispatcher = new Dispatcher(core, routes, unknown);
  expose(stats, core, connections, sockets);
  const socket = sockets.behavior(uws);
  const http = dispatcher.any();
  const mount = (app: UwsApp): (() => number) => {
    const own = limitConnections(app, connections, stats);
    const close: typeof socket.close = (ws, code, message) => {
      own.open--;
      socket.close?.(ws, code, message);
    };
    // Before anything else: the library crashes when it publishes to an app without such a route.
    app.ws(STREAM_PATH, { ...socket, close });
    for (const route of routes.exact) app.get(route.path, dispatcher.direct(route));
    app.any('/*', http);
    return () => own.open;
  };
  const expiry = access.tokens && new ExpirySweep(access.tokens, clock, () => sockets.all());
  return { core, mount, connections, sockets, lag, expiry, gate: { http, sockets, connections } };
}

/** Closes what is beyond the cap at once. Counts the app's own as long as they are HTTP. */
export function limitConnections(app: UwsApp, connections: Connections, stats: Stats): { open: number } {
  const own = { open: 0 };
  app.filter((res, change) => {
    own.open += change;
    if (change < 0) return connections.closed();
    stats.counters.add('connections_opened');
    if (!connections.opened()) {
      stats.counters.add('connections_rejected');
      res.close();
    }
  });
  return own;
}

function expose(stats: Stats, core: ServerCore, connections: Connections, sockets: Sockets): void {
  const gauge = (name: string, help: string, value: () => number): void =>
    stats.expose({ name: `weft_${name}`, help, kind: 'gauge', value });
  gauge('connections', 'Open connections, HTTP and WebSocket.', () => connections.total);
  gauge('connections_max', 'Open connections that are allowed.', () => connections.max);
  gauge('live_connections', 'Open WebSocket connections.', () => sockets.open);
  gauge(
    'live_waiting_bytes',
    'Frames handed to WebSockets that take no more now.',
    () => sockets.waitingBytes,
  );
  gauge('requests_in_flight', 'Requests that wait for their answer or its end.', () => core.inFlight.count);
  gauge(
    'response_bytes_in_flight',
    'Bytes of large answers still to be sent.',
    () => core.bulk.bytesInFlight,
  );
}
