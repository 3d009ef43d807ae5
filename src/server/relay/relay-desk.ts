/**
 * Main's side of one reader thread: requests and sockets that it handed on go through main's own
 * server, the same guards, limits and routes, as if main had taken the connection.
 */
import type { Connections } from '../connections.js';
import type { Clock } from '../../model/clock.js';
import type { SocketData } from '../socket.js';
import type { SocketEvents, Sockets } from '../sockets.js';
import type { StreamClient } from '../upgrades.js';
import type { UwsHandler } from '../uws.js';
import type { MessageEnd, ToMain, ToReader } from './messages.js';
import { RelayedRequest } from './relayed-request.js';
import { RelayedResponse } from './relayed-response.js';
import { RelayedSocket } from './relayed-socket.js';

/** The closing code of a connection that ended without a close frame. */
const CLOSED_ABNORMALLY = 1006;

/** Where main's server takes what did not come through its own port. */
export interface ServerGate {
  readonly http: UwsHandler;
  readonly sockets: Sockets;
  readonly connections: Connections;
}

/** What concerns one request or socket. */
export type RelayMessage = Extract<ToMain, { readonly kind: 'ask' } | { readonly id: number }>;

export class RelayDesk {
  readonly #gate: ServerGate;
  readonly #end: MessageEnd<ToReader>;
  readonly #clock: Clock;
  readonly #events: SocketEvents;
  readonly #responses = new Map<number, RelayedResponse>();
  readonly #sockets = new Map<number, RelayedSocket<SocketData>>();
  #answered = 0;

  constructor(gate: ServerGate, end: MessageEnd<ToReader>, clock: Clock) {
    this.#gate = gate;
    this.#end = end;
    this.#clock = clock;
    this.#events = gate.sockets.events();
  }

  /** Requests answered so far. */
  get answered(): number {
    return this.#answered;
  }

  take(message: RelayMessage): void {
    switch (message.kind) {
      case 'ask':
        return this.#ask(message);
      case 'chunk':
        return this.#responses.get(message.id)?.chunk(message.bytes, message.isLast);
      case 'sliceTaken':
        return this.#responses.get(message.id)?.sliceTaken();
      case 'gone':
        return this.#responses.get(message.id)?.aborted();
      default:
        return this.#socket(message);
    }
  }

  #ask({ request }: Extract<ToMain, { kind: 'ask' }>): void {
    const { id } = request;
    const response = new RelayedResponse({
      end: this.#end,
      asked: request,
      onOver: (answered) => {
        this.#responses.delete(id);
        if (answered) this.#answered++;
      },
    });
    this.#responses.set(id, response);
    this.#gate.http(response, new RelayedRequest(request));
  }

  #socket(message: Extract<RelayMessage, { kind: `socket${string}` }>): void {
    const { id } = message;
    if (message.kind === 'socketOpen') return this.#opened(id, message.client);
    const socket = this.#sockets.get(id);
    if (!socket) return;
    if (message.kind === 'socketMessage') this.#events.message(socket, message.data, message.isBinary);
    else if (message.kind === 'socketTaken') {
      socket.taken(message.bytes);
      this.#events.drain(socket);
    } else this.#closed(id, socket, message.code, message.reason);
  }

  #opened(id: number, client: StreamClient): void {
    const userData = this.#gate.sockets.companion(client, this.#clock.monotonicMs(), null);
    const socket = new RelayedSocket(this.#end, id, userData);
    this.#sockets.set(id, socket);
    // The reader has counted it out: a WebSocket is main's, wherever it came in.
    this.#gate.connections.opened();
    this.#events.open(socket);
  }

  #closed(id: number, socket: RelayedSocket<SocketData>, code: number, reason = new ArrayBuffer(0)): void {
    this.#sockets.delete(id);
    socket.closed();
    this.#events.close(socket, code, reason);
  }

  /** The reader has ended: its clients are gone. */
  lost(): void {
    for (const response of [...this.#responses.values()]) response.aborted();
    for (const [id, socket] of [...this.#sockets]) this.#closed(id, socket, CLOSED_ABNORMALLY);
  }
}
