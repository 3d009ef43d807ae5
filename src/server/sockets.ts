/** All live connections: upgrades, messages, the way to the hub and the end. */
import { MESSAGE_BYTES_MAX } from '../live/protocol.js';
import { CLOSE_GOING_AWAY, CLOSE_TRY_AGAIN } from '../live/transport.js';
import type { TokenRecord } from '../model/access.js';
import type { ClientAddresses } from './access/client-address.js';
import { CLOSE_UNAUTHORIZED } from './access/expiry.js';
import type { Connections } from './connections.js';
import type { ServerCore } from './core.js';
import { LIBRARY_BYTES_MAX, LiveSocket, idleSeconds, type LiveHub, type SocketData } from './socket.js';
import { streamClient, type StreamClient, type Upgrades } from './upgrades.js';
import type { Uws, UwsBehavior, UwsRequest, UwsResponse, UwsSocketContext, UwsWebSocket } from './uws.js';

/** RFC 6455: data of a kind that the endpoint does not take; an error of the server. */
const CLOSE_UNSUPPORTED = 1003;
const CLOSE_INTERNAL = 1011;

const decoder = new TextDecoder();

export type SocketOptions = Omit<UwsBehavior<unknown>, 'upgrade' | 'open' | 'message' | 'drain' | 'close'>;

/** Every option is said, also where it equals the default. */
export function socketOptions(uws: Uws, slowClientMs: number): SocketOptions {
  return {
    compression: uws.DISABLED,
    maxPayloadLength: MESSAGE_BYTES_MAX,
    idleTimeout: idleSeconds(slowClientMs),
    maxBackpressure: LIBRARY_BYTES_MAX,
    maxLifetime: 0,
    closeOnBackpressureLimit: false,
    sendPingsAutomatically: true,
  };
}

/** What happens to a WebSocket. */
export type SocketEvents = Pick<UwsBehavior<SocketData>, 'open' | 'message' | 'drain' | 'close'>;

export interface SocketsDeps {
  readonly core: ServerCore;
  readonly hub: LiveHub;
  readonly connections: Connections;
  readonly upgrades: Upgrades;
  readonly slowClientMs: number;
  readonly addresses: ClientAddresses;
}

export class Sockets {
  readonly #deps: SocketsDeps;
  readonly #open = new Set<LiveSocket>();

  constructor(deps: SocketsDeps) {
    this.#deps = deps;
  }

  get open(): number {
    return this.#open.size;
  }

  all(): Iterable<LiveSocket> {
    return this.#open;
  }

  /** Tells every client to come back later. */
  closeAll(): void {
    for (const socket of [...this.#open]) socket.close(CLOSE_GOING_AWAY, 'going away');
  }

  /** What the library is given. */
  behavior(uws: Uws): UwsBehavior<SocketData> {
    return {
      ...socketOptions(uws, this.#deps.slowClientMs),
      ...this.events(),
      upgrade: (res, req, context) => this.#upgrade(res, req, context),
    };
  }

  /** Also for connections that another thread holds. */
  events(): SocketEvents {
    return {
      open: (ws) => this.#opened(ws),
      message: (ws, data, isBinary) => this.#message(ws, data, isBinary),
      drain: (ws) => this.#drained(ws.getUserData().socket),
      close: (ws, code) => this.#closed(ws.getUserData().socket, code),
    };
  }

  #upgrade(res: UwsResponse, req: UwsRequest, context: UwsSocketContext): void {
    this.#deps.upgrades.take<SocketData>(res, req, context, (exchange) =>
      this.companion(streamClient(exchange), exchange.startMs, exchange.client),
    );
  }

  /** Of a connection that begins. */
  companion(client: StreamClient, startMs: number, token: TokenRecord | null): SocketData {
    const remote = this.#deps.addresses.of(client.peer, client.forwardedFor);
    return { socket: new LiveSocket(client.requestId, remote, startMs, token) };
  }

  #opened(ws: UwsWebSocket<SocketData>): void {
    const { socket } = ws.getUserData();
    const { core, hub } = this.#deps;
    this.#open.add(socket);
    socket.opened(ws);
    core.log.info('live.open', { request_id: socket.requestId, remote: socket.remote });
    // A reader thread may open one while this one stops.
    if (core.draining) return socket.close(CLOSE_GOING_AWAY, 'going away');
    this.#guarded(socket, () => {
      socket.session = hub.attach(socket);
    });
  }

  #message(ws: UwsWebSocket<SocketData>, data: ArrayBuffer, isBinary: boolean): void {
    const { socket } = ws.getUserData();
    if (isBinary) socket.close(CLOSE_UNSUPPORTED, 'send text messages');
    // The library takes `data` back when this returns.
    else this.#guarded(socket, () => socket.session?.receive(decoder.decode(data)));
  }

  #drained(socket: LiveSocket): void {
    this.#guarded(socket, () => socket.drain());
  }

  /** A mistake of ours ends one connection, not the process. */
  #guarded(socket: LiveSocket, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#deps.core.log.error('live.error', { request_id: socket.requestId, err: error });
      socket.close(CLOSE_INTERNAL, 'internal error');
    }
  }

  #closed(socket: LiveSocket, code: number): void {
    const { core, connections } = this.#deps;
    this.#open.delete(socket);
    if (socket.endedWith === CLOSE_TRY_AGAIN) core.stats.counters.add('slow_clients_closed');
    if (socket.endedWith === CLOSE_UNAUTHORIZED) core.stats.counters.add('live_tokens_ended');
    // The library reports the closing of HTTP connections only; this one has left HTTP.
    connections.closed();
    const { requestId, remote, openedMs } = socket;
    const duration = Math.round(core.clock.monotonicMs() - openedMs);
    core.log.info('live.close', { request_id: requestId, remote, code, duration_ms: duration });
    try {
      socket.ended();
    } catch (error) {
      core.log.error('live.error', { request_id: requestId, err: error });
    }
  }
}
