/**
 * The limit: the same HTTP and WebSocket library with nothing behind it. One constant response for
 * every path, headers handed over as one value; one constant message to every WebSocket.
 */
import { headerLines } from '../../src/server/header-block.js';
import { loadUws, type UwsWebSocket } from '../../src/server/uws.js';
import { answerParent } from './answer.js';

export interface BareOrder {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const FIRST = 'X-Request-Id';

const uws = loadUws();
const sockets = new Set<UwsWebSocket<object>>();
let timer: NodeJS.Timeout | undefined;

function listen({ headers, body }: BareOrder): Promise<number> {
  const { [FIRST]: id = 'bare', ...rest } = headers;
  // One value for all of them, behind the status: no way through the library is shorter.
  const head = Buffer.concat([Buffer.from(`200 OK\r\n${FIRST}: ${id}`), headerLines(rest)]);
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    uws
      .App()
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
  /** A message of so many bytes to each socket, each so many ms; 0 ms ends it. */
  broadcast: ({ bytes, everyMs }: { bytes: number; everyMs: number }) => {
    clearInterval(timer);
    if (everyMs === 0) return;
    const message = Buffer.alloc(bytes, 0x20);
    timer = setInterval(() => {
      for (const socket of sockets) socket.send(message, false, false);
    }, everyMs);
  },
});
