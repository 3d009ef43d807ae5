/** The WebSockets of a reader thread: main's hub speaks to them, the library here carries it. */
import type { Connections } from '../connections.js';
import type { ServerCore } from '../core.js';
import type { Exchange } from '../exchange.js';
import { CLOSE_FLOOD, FLOOD_REASON, MessagePace } from '../message-pace.js';
import type { MessageEnd, ToMain, ToReader } from '../relay/messages.js';
import type { UwsBehavior, UwsWebSocket } from '../uws.js';
import type { SocketOptions } from '../sockets.js';
import { streamClient, type StreamClient, type Upgrades } from '../upgrades.js';

const DROPPED = 2;
/** RFC 6455: an error of the server. */
const CLOSE_INTERNAL = 1011;

/** The library's companion of a WebSocket: it keeps a copy of its members. */
interface ForwardedSocketData {
  readonly id: number;
  readonly client: StreamClient;
}

interface Held {
  readonly pace: MessagePace;
  readonly ws: UwsWebSocket<ForwardedSocketData>;
  /** Bytes that main has sent, and of these what it knows to wait no more. */
  sentBytes: number;
  toldBytes: number;
}

export interface ForwardedSocketsDeps {
  readonly end: MessageEnd<ToMain>;
  readonly upgrades: Upgrades;
  readonly connections: Connections;
  readonly core: Pick<ServerCore, 'clock' | 'stats'>;
}

export class ForwardedSockets {
  readonly #deps: ForwardedSocketsDeps;
  readonly #held = new Map<number, Held>();
  /** Sent to in this turn of the loop. */
  readonly #moved = new Set<number>();
  #lastId = 0;

  constructor(deps: ForwardedSocketsDeps) {
    this.#deps = deps;
  }

  get open(): number {
    return this.#held.size;
  }

  /** Main closes them, with a reason. */
  closeAll(): void {}

  /** `main`: the options of main's own sockets. */
  behavior(main: SocketOptions): UwsBehavior<ForwardedSocketData> {
    const { end, upgrades, connections } = this.#deps;
    return {
      ...main,
      upgrade: (res, req, context) =>
        upgrades.take(res, req, context, (exchange) => this.#companion(exchange)),
      open: (ws) => {
        const { id, client } = ws.getUserData();
        this.#held.set(id, { ws, pace: new MessagePace(), sentBytes: 0, toldBytes: 0 });
        // Main counts it from now on, and the library does not report its closing to the filter.
        connections.closed();
        end.postMessage({ kind: 'socketOpen', id, client });
      },
      message: (ws, message, isBinary) => {
        if (!this.#admitted(ws)) return;
        const data = message.slice(0);
        end.postMessage({ kind: 'socketMessage', id: ws.getUserData().id, data, isBinary }, [data]);
      },
      drain: (ws) => this.#tell(ws.getUserData().id),
      // Main's own count begins with what reaches it.
      ping: (ws) => void this.#admitted(ws),
      pong: (ws) => void this.#admitted(ws),
      close: (ws, code, message) => {
        const { id } = ws.getUserData();
        this.#held.delete(id);
        end.postMessage({ kind: 'socketClosed', id, code, reason: message.slice(0) });
      },
    };
  }

  #admitted(ws: UwsWebSocket<ForwardedSocketData>): boolean {
    const { clock, stats } = this.#deps.core;
    if (this.#held.get(ws.getUserData().id)?.pace.admit(clock.monotonicMs()) !== false) return true;
    stats.counters.add('live_floods_closed');
    ws.end(CLOSE_FLOOD, FLOOD_REASON);
    return false;
  }

  #companion(exchange: Exchange): ForwardedSocketData {
    return { id: ++this.#lastId, client: streamClient(exchange) };
  }

  send({ id, data, isBinary }: Extract<ToReader, { kind: 'socketSend' }>): void {
    const held = this.#held.get(id);
    if (!held) return;
    held.sentBytes += typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    // Main stops long before the library's limit: what is dropped all the same would be a gap.
    if (held.ws.send(data, isBinary, false) === DROPPED) return held.ws.end(CLOSE_INTERNAL, 'internal error');
    if (this.#moved.size === 0) setImmediate(() => this.#tellAll());
    this.#moved.add(id);
  }

  end({ id, code, reason }: Extract<ToReader, { kind: 'socketEnd' }>): void {
    this.#held.get(id)?.ws.end(code, reason);
  }

  #tellAll(): void {
    const moved = [...this.#moved];
    this.#moved.clear();
    for (const id of moved) this.#tell(id);
  }

  /** Tells main how much waits no more. */
  #tell(id: number): void {
    const held = this.#held.get(id);
    if (!held) return;
    // The library counts its frame headers, too.
    const waitingBytes = Math.min(held.ws.getBufferedAmount(), held.sentBytes);
    const bytes = held.sentBytes - waitingBytes - held.toldBytes;
    if (bytes <= 0) return;
    held.toldBytes += bytes;
    this.#deps.end.postMessage({ kind: 'socketTaken', id, bytes });
  }
}
