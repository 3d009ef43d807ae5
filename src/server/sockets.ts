/** All live connections: upgrades, messages, the way to the hub and the end. */
import { MESSAGE_BYTES_MAX } from '../live/protocol.js';
import { CLOSE_GOING_AWAY, CLOSE_TRY_AGAIN } from '../live/transport.js';
import type { TokenRecord } from '../model/access.js';
import type { ClientAddresses } from './access/client-address.js';
import { CLOSE_UNAUTHORIZED } from './access/expiry.js';
import type { Connections } from './connections.js';
import type { ServerCore } from './core.js';
import { CLOSE_FLOOD, FLOOD_REASON } from './message-pace.js';
import {
  LIBRARY_BYTES_MAX,
  LiveSocket,
  idleSeconds,
  type LiveHub,
  type SocketData,
  type SocketPatience,
} from './socket.js';
import { streamClient, type StreamClient, type Upgrades } from './upgrades.js';
import type { Uws, UwsBehavior, UwsRequest, UwsResponse, UwsSocketContext, UwsWebSocket } from './uws.js';

/** RFC 6455: data of a kind that the endpoint does not take; an error of the server. */
const CLOSE_UNSUPPORTED = 1003;
const CLOSE_INTERNAL = 1011;

/** Code of a connection that ended without a close frame: the library's words say why, where it knows. */
const CLOSED_ABNORMALLY = 1006;
const LIBRARY_IDLE = 'WebSocket timed out from inactivity';

const decoder = new TextDecoder();

type EventName = 'open' | 'message' | 'drain' | 'ping' | 'pong' | 'close';

export type SocketOptions = Omit<UwsBehavior<unknown>, 'upgrade' | EventName>;

/** Every option is said, also where it equals the default. */
export function socketOptions(uws: Uws, patience: SocketPatience): SocketOptions {
  return {
    compression: uws.DISABLED,
    maxPayloadLength: MESSAGE_BYTES_MAX,
    idleTimeout: idleSeconds(patience),
    maxBackpressure: LIBRARY_BYTES_MAX,
    maxLifetime: 0,
    closeOnBackpressureLimit: false,
    sendPingsAutomatically: true,
  };
}

/** What happens to a WebSocket. */
export type SocketEvents = Pick<UwsBehavior<SocketData>, EventName>;

export interface SocketsDeps {
  readonly core: ServerCore;
  readonly hub: LiveHub;
  readonly connections: Connections;
  readonly upgrades: Upgrades;
  readonly patience: SocketPatience;
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

  /** What was handed over for clients and waits in this process. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const socket of this.#open) bytes += socket.bufferedBytes();
    return bytes;
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
      ...socketOptions(uws, this.#deps.patience),
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
      ping: (ws) => void this.#admitted(ws.getUserData().socket),
      pong: (ws) => void this.#admitted(ws.getUserData().socket),
      close: (ws, code, message) => this.#closed(ws.getUserData().socket, code, message),
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
    if (!this.#admitted(socket)) return;
    if (isBinary) socket.close(CLOSE_UNSUPPORTED, 'send text messages');
    // The library takes `data` back when this returns.
    else this.#guarded(socket, () => socket.session?.receive(decoder.decode(data)));
  }

  /** Closes a client that sends too much, whatever it sends. */
  #admitted(socket: LiveSocket): boolean {
    const { clock, stats } = this.#deps.core;
    if (socket.pace.admit(clock.monotonicMs())) return true;
    if (socket.endedWith === null) stats.counters.add('live_floods_closed');
    socket.close(CLOSE_FLOOD, FLOOD_REASON);
    return false;
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

  #closed(socket: LiveSocket, code: number, message: ArrayBuffer): void {
    const { core, connections } = this.#deps;
    this.#open.delete(socket);
    // What a client gives as its reason is nobody's business.
    const reason = code === CLOSED_ABNORMALLY ? decoder.decode(message) : '';
    if (reason === LIBRARY_IDLE) core.stats.counters.add('live_idle_closed');
    if (socket.endedWith === CLOSE_TRY_AGAIN) core.stats.counters.add('slow_clients_closed');
    if (socket.endedWith === CLOSE_UNAUTHORIZED) core.stats.counters.add('live_tokens_ended');
    // The library reports the closing of HTTP connections only; this one has left HTTP.
    connections.closed();
    const { requestId, remote, openedMs } = socket;
    const duration = Math.round(core.clock.monotonicMs() - openedMs);
    const why = reason === '' ? {} : { reason };
    core.log.info('live.close', { request_id: requestId, remote, code, ...why, duration_ms: duration });
    try {
      socket.ended();
    } catch (error) {
      core.log.error('live.error', { request_id: requestId, err: error });
    }
  }
}
