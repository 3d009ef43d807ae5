/** Taking a port, so that a port taken by somebody else is noticed. */
import type { Uws, UwsApp, UwsListenSocket } from './uws.js';

/** The address cannot be listened on; the process exits 1. */
export class ListenError extends Error {
  constructor(host: string, port: number) {
    const shown = host.includes(':') ? `[${host}]` : host;
    super(
      `cannot listen on ${shown}:${port}: address in use or not local ` +
        `(METRICS_SERVER_HOST, METRICS_SERVER_PORT)`,
    );
    this.name = 'ListenError';
  }
}

/** SO_REUSEPORT, without a name in the library's binding. */
const LISTEN_SHARED = 0;

/** A socket that accepts connections. */
export class Listener {
  readonly port: number;
  readonly #uws: Uws;
  /** The library crashes when a socket is closed twice. */
  #socket: UwsListenSocket | null;

  private constructor(uws: Uws, socket: UwsListenSocket) {
    this.#uws = uws;
    this.#socket = socket;
    this.port = uws.us_socket_local_port(socket);
  }

  /** Port 0 takes any free one. Throws ListenError, or RangeError for a port that is none. */
  static open(uws: Uws, app: UwsApp, host: string, port: number): Listener {
    // The library takes the port modulo 65536.
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new RangeError(`cannot listen on port ${port}: it must be an integer from 0 to 65535`);
    }
    const answers: (UwsListenSocket | false)[] = [];
    // Without the option a second process shares the port silently and takes half of the clients.
    app.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => answers.push(socket));
    const taken = answers[0];
    if (!taken) throw new ListenError(host, port);
    const listener = new Listener(uws, taken);
    if (port !== 0 && listener.port !== port) {
      listener.close();
      throw new ListenError(host, port);
    }
    return listener;
  }

  /**
   * The same, and leaves the port open to `join`: a port that is shared cannot tell whether somebody
   * else has it, so it is taken alone first.
   */
  static openShared(uws: Uws, app: UwsApp, host: string, port: number): Listener {
    const alone = Listener.open(uws, app, host, port);
    alone.close();
    return Listener.join(uws, app, host, alone.port);
  }

  /** Listens beside a socket that openShared made. Throws ListenError. */
  static join(uws: Uws, app: UwsApp, host: string, port: number): Listener {
    const answers: (UwsListenSocket | false)[] = [];
    app.listen(host, port, LISTEN_SHARED, (socket) => answers.push(socket));
    if (!answers[0]) throw new ListenError(host, port);
    return new Listener(uws, answers[0]);
  }

  /** Accepts no more; open connections stay. Calling it again does nothing. */
  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) this.#uws.us_listen_socket_close(socket);
  }
}
