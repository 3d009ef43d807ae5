/** One live connection: the hub's transport over the library's WebSocket. */
import type { TokenRecord } from '../model/access.js';
import type { LiveTransport, SendStatus } from '../live/transport.js';
import { MessagePace } from './message-pace.js';
import type { UwsWebSocket } from './uws.js';

/** No further frame is handed over while so much waits; the hub offers it again. */
const WAITING_BYTES_MAX = 1024 * 1024;
/**
 * The library's own limit: frames of the hub never reach it, so what does is answers to pings and
 * the like, which it may drop.
 */
export const LIBRARY_BYTES_MAX = 4 * WAITING_BYTES_MAX;

/** What the library accepts; anything else ends the process. */
const IDLE_SECONDS_MIN = 8;
const IDLE_SECONDS_MAX = 960;
/** The hub's own patience ends first: it closes with a reason, the library cuts. */
const IDLE_PER_SLOW = 1.5;

const SENT = 1;
const DROPPED = 2;

const encoder = new TextEncoder();

/** How long clients may take nothing, and be silent. */
export interface SocketPatience {
  readonly slowClientMs: number;
  readonly liveIdleMs: number;
}

/** Seconds without a sign of life after which the library cuts a connection, within its bounds. */
export function idleSeconds({ slowClientMs, liveIdleMs }: SocketPatience): number {
  const wanted = Math.ceil(Math.max(liveIdleMs, slowClientMs * IDLE_PER_SLOW) / 1000);
  return Math.min(IDLE_SECONDS_MAX, Math.max(IDLE_SECONDS_MIN, wanted));
}

/** A client of the hub. live/ implements it. */
export interface LiveSession {
  /** One text message of the client. */
  receive(text: string): void;
  /** Some of what `send` had queued went out. */
  drained(): void;
  /** The connection is gone. */
  closed(): void;
}

export interface LiveHub {
  attach(transport: LiveTransport): LiveSession;
}

/** The library's user data: it keeps a copy of its own members, and no prototype. */
export interface SocketData {
  readonly socket: LiveSocket;
}

/** One connection. */
export class LiveSocket implements LiveTransport {
  readonly requestId: string;
  readonly remote: string;
  readonly openedMs: number;
  /** Whose token it began with. */
  readonly client: TokenRecord | null;
  readonly pace = new MessagePace();
  session: LiveSession | null = null;
  /** The code this side closed with; null while it has not. */
  endedWith: number | null = null;
  #ws: UwsWebSocket<SocketData> | null = null;
  /** The message before was not handed on as a whole: something may wait in this process. */
  #mayWait = false;

  constructor(requestId: string, remote: string, openedMs: number, client: TokenRecord | null = null) {
    this.client = client;
    this.requestId = requestId;
    this.remote = remote;
    this.openedMs = openedMs;
  }

  opened(ws: UwsWebSocket<SocketData>): void {
    this.#ws = ws;
  }

  /** After this the library's socket is not touched any more. */
  ended(): void {
    this.#ws = null;
    this.session?.closed();
    this.session = null;
  }

  send(prefix: string, body: Uint8Array): SendStatus {
    const ws = this.#ws;
    if (!ws) return 'dropped';
    if (this.#mayWait && ws.getBufferedAmount() > WAITING_BYTES_MAX) return 'dropped';
    const status = ws.send(body.length === 0 ? prefix : message(prefix, body), false, false);
    this.#mayWait = status !== SENT;
    if (!this.#mayWait) return 'sent';
    return status === DROPPED ? 'dropped' : 'queued';
  }

  /** The library handed on some of what waited. */
  drain(): void {
    this.session?.drained();
  }

  close(code: number, reason: string): void {
    this.endedWith ??= code;
    this.#ws?.end(code, reason);
  }

  bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }
}

let scratch = new Uint8Array(0);
/** What `scratch` holds: the message of this prefix and body. Bodies are never changed. */
let lastPrefix = '';
let lastBody: Uint8Array | null = null;
let lastMessage = scratch;

/**
 * Prefix and body as one message. Overwritten by the next other one: the library copies it at once.
 * Subscribers of one selection are sent the same one after the other, which is put together once.
 */
function message(prefix: string, body: Uint8Array): Uint8Array {
  if (body !== lastBody || prefix !== lastPrefix) compose(prefix, body);
  return lastMessage;
}

function compose(prefix: string, body: Uint8Array): void {
  const roomBytes = prefix.length * 3 + body.length;
  if (scratch.length < roomBytes) scratch = new Uint8Array(roomBytes * 2);
  const { written } = encoder.encodeInto(prefix, scratch);
  scratch.set(body, written);
  lastMessage = scratch.subarray(0, written + body.length);
  lastPrefix = prefix;
  lastBody = body;
}
