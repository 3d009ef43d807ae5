/**
 * The limit: the same HTTP and WebSocket library with nothing behind it. One constant response for
 * every path, headers handed over as one value; one constant message to every WebSocket.
 */
import { headerLines } from '../../src/server/header-block.js';
import { loadUws, type UwsApp, type UwsBytes, type UwsWebSocket } from '../../src/server/uws.js';
import { answerParent } from './answer.js';

export interface BareOrder {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What of the library the server itself does not use. */
interface TopicSocket extends UwsWebSocket<object> {
  subscribe(topic: string): boolean;
}
interface TopicApp extends UwsApp {
  publish(topic: string, message: UwsBytes, isBinary: boolean, compress: boolean): boolean;
}

export interface BroadcastOrder {
  readonly bytes: number;
  /** 0 ends it. */
  readonly everyMs: number;
  /** Sockets are shared out to so many topics, each is published to; 0: each socket is sent to. */
  readonly topics: number;
}

const FIRST = 'X-Request-Id';

const uws = loadUws();
const sockets = new Set<UwsWebSocket<object>>();
let app: TopicApp | undefined;
let timer: NodeJS.Timeout | undefined;

function listen({ headers, body }: BareOrder): Promise<number> {
  const { [FIRST]: id = 'bare', ...rest } = headers;
  // One value for all of them, behind the status: no way through the library is shorter.
  const head = Buffer.concat([Buffer.from(`200 OK\r\n${FIRST}: ${id}`), headerLines(rest)]);
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    app = uws.App() as TopicApp;
    app
      .ws<object>('/telemetry/stream', {
        compression: uws.DISABLED,
        maxPayloadLength: 64 * 1024,
        maxBackpressure: 64 * 1024 * 1024,
        maxLifetime: 0,
        idleTimeout: 120,
        closeOnBackpressureLimit: false,
        sendPingsAutomatically: true,
        upgrade: (res, req, context) => {
          const header = (key: string): string => req.getHeader(key);
          res.upgrade(
            {},
            header('sec-websocket-key'),
            header('sec-websocket-protocol'),
            header('sec-websocket-extensions'),
            context,
          );
        },
        open: (ws) => void sockets.add(ws),
        message: () => undefined,
        drain: () => undefined,
        close: (ws) => void sockets.delete(ws),
      })
      .any('/*', (res) => {
        res.writeStatus(head);
        res.end(bytes);
      })
      .listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
        if (socket) resolve(uws.us_socket_local_port(socket));
        else reject(new Error('cannot listen on a free port'));
      });
  });
}

answerParent({
  listen,
  cpuUs: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** A message to each socket, each so many ms. */
  broadcast: ({ bytes, everyMs, topics }: BroadcastOrder) => {
    clearInterval(timer);
    if (everyMs === 0) return;
    const message = Buffer.alloc(bytes, 0x20);
    if (topics > 0) [...sockets].forEach((socket, i) => (socket as TopicSocket).subscribe(`t${i % topics}`));
    timer = setInterval(() => {
      if (topics === 0) for (const socket of sockets) socket.send(message, false, false);
      else for (let t = 0; t < topics; t++) app?.publish(`t${t}`, message, false, false);
    }, everyMs);
  },
});
