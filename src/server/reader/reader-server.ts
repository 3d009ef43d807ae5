/** The server of a reader thread: point reads answered here, everything else handed on to main. */
import type { FabricMirror } from '../../fabric/mirror.js';
import { TableMoved } from '../../fabric/mirror.js';
import { WeftError } from '../../model/errors.js';
import { Connections, connectionsCap, type ConnectionCount } from '../connections.js';
import { makeAccess } from '../access/access.js';
import { OPEN_TO_ALL, type ServerContext } from '../context.js';
import { Dispatcher } from '../dispatch.js';
import type { Endpoint } from '../endpoint.js';
import { TimerLoopLag } from '../guards/overload.js';
import { Front } from '../front.js';
import { makeCore, type CoreContext } from '../make-core.js';
import type { MessageEnd, ToMain, ToReader } from '../relay/messages.js';
import { buildLocalRoutes, type Around } from '../routes/routes.js';
import { RunningServer } from '../running-server.js';
import { limitConnections } from '../server.js';
import { socketOptions } from '../sockets.js';
import { STREAM_PATH, Upgrades } from '../upgrades.js';
import { loadUws, type Uws, type UwsApp, type UwsHandler } from '../uws.js';
import { ForwardedSockets } from './forwarded-sockets.js';
import { Forwarder } from './forwarder.js';

/** A publish takes far longer than a read: more repeats than this mean that something is wrong. */
const ATTEMPTS_MAX = 100;

export type ReaderOptions = Omit<ServerContext['options'], 'port'>;

export interface ReaderContext extends CoreContext {
  readonly options: ReaderOptions;
  /** That main listens on. */
  readonly port: number;
  readonly fabric: FabricMirror;
  readonly connections: ConnectionCount;
  readonly end: MessageEnd<ToMain>;
}

export interface ReaderServer {
  readonly running: RunningServer;
  /** What main says of requests and sockets. */
  take(message: RelayedToReader): void;
}

export type RelayedToReader = Exclude<ToReader, { readonly kind: 'collect' | 'drain' | 'close' }>;

/** Throws NativeBuildError or ListenError. */
export function startReaderServer(context: ReaderContext, uws: Uws = loadUws()): ReaderServer {
  const { options, port, clock, fabric, stats, end } = context;
  const lag = new TimerLoopLag(clock);
  // Main starts no readers where anybody is asked for anything (daemon-readers.ts).
  const core = makeCore(context, lag, makeAccess(OPEN_TO_ALL, clock, stats));
  const connections = new Connections(
    connectionsCap(options.connectionsMax, options.descriptorsReserved),
    context.connections,
  );
  const forwarder = new Forwarder({ end, inFlight: core.inFlight });
  const stream: Endpoint = { name: 'stream', cost: 'cheap', latency: stats.endpoint('stream') };
  const sockets = new ForwardedSockets({ end, upgrades: new Upgrades(core, stream), connections, core });
  const around = steady(fabric, () => stats.counters.add('reader_repeats'));
  const routes = buildLocalRoutes({ options, stats, fabric, clock, around }, core);
  const dispatcher = new Dispatcher(core, routes, {
    name: 'other',
    cost: 'cheap',
    latency: stats.endpoint('other'),
  });
  const here = dispatcher.any();
  const any: UwsHandler = (res, req) => {
    const method = req.getCaseSensitiveMethod();
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && routes.find(req.getUrl())) here(res, req);
    else {
      core.lastRequestMs = clock.monotonicMs();
      forwarder.http(res, req);
    }
  };
  const mount = (app: UwsApp): (() => number) => {
    const own = limitConnections(app, connections, stats);
    app.ws(STREAM_PATH, sockets.behavior(socketOptions(uws, options)));
    for (const route of routes.exact) app.get(route.path, dispatcher.direct(route));
    app.any('/*', any);
    return () => own.open;
  };
  const parts = { core, mount, connections, sockets, lag, expiry: null, gate: null };
  try {
    const front = new Front({ uws, mount, host: options.host, port, tls: null, share: 'join' });
    const running = new RunningServer(parts, front);
    return { running, take: (message) => hear(message, forwarder, sockets) };
  } catch (error) {
    lag.stop();
    throw error;
  }
}

/** Handlers that begin again when a publish came while they read. They must not wait. */
function steady(fabric: FabricMirror, onRepeat: () => void): Around {
  return {
    handle: (inner) => (exchange) => {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
        fabric.refresh();
        try {
          return inner(exchange);
        } catch (error) {
          // What was read may have been half of one table and half of another: so is what it led to.
          if (!(error instanceof TableMoved) && !fabric.hasMoved) throw error;
          onRepeat();
        }
      }
      throw new WeftError('overloaded', 'cannot read a cell: tables are published faster than it is read', 1);
    },
    quick: (inner) => (query, startMs, head) => {
      fabric.refresh();
      try {
        const answer = inner(query, startMs, head);
        return fabric.hasMoved ? undefined : answer;
      } catch {
        // The whole way finds out whether that was a defect or a publish.
        return undefined;
      }
    },
  };
}

function hear(message: RelayedToReader, forwarder: Forwarder, sockets: ForwardedSockets): void {
  switch (message.kind) {
    case 'head':
      return forwarder.head(message.head);
    case 'socketSend':
      return sockets.send(message);
    case 'socketEnd':
      return sockets.end(message);
    default:
      return forwarder.take(message);
  }
}
