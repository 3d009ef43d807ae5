/** One kept-alive connection to one endpoint, whose sockets can be destroyed in every state. */

import { createRequire } from 'node:module';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { SourceAddressRules } from '../../model/source-addresses.js';
import type { TlsSettings } from '../../model/tls.js';
import type * as Undici from 'undici';
import type { Dispatcher, buildConnector } from 'undici';
import { checkAddress, checkedLookup } from './checked-lookup.js';
import { connectLending } from './lent-reads.js';

// The client alone: all of undici costs 60 ms of the start, for parts that are not used here.
const require = createRequire(import.meta.url);
const Client = require('undici/lib/dispatcher/client.js') as typeof Undici.Client;
type Client = Undici.Client;

const HEADER_BYTES_MAX = 16 * 1024;
const TCP_KEEP_ALIVE_MS = 60_000;
const IDLE_MS_MIN = 4_000;
const IDLE_MS_MAX = 600_000;

/** What differs from TCP to the origin's address, checked by the CAs that node knows. */
export interface Route {
  readonly tls?: TlsSettings;
  readonly socketPath?: string;
  /** Looked at for every connection: a name may mean another address by then. */
  readonly addresses?: SourceAddressRules;
}

/** What an attempt needs of a connection; simulations put one without a network here. */
export interface Wire {
  readonly connects: number;
  readonly failed: boolean;
  readonly lends: boolean;
  readonly hangUpHint: string;
  takesAtOnce: boolean;
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  drop(reason: Error): void;
  close(): Promise<void>;
}

/**
 * Two habits of undici decide the shape of this class. A request that waits for its connection
 * cannot be aborted, and its socket lives on for ten seconds: hence a connector of our own. And an
 * aborted response makes the client connect again at once, unasked: hence `drop`, which throws the
 * client away.
 */
export class Connection implements Wire {
  readonly #origin: string;
  readonly #route: Route;
  readonly #idleMs: number;
  #client: Client | null = null;
  #socket: Socket | null = null;
  #pending: Socket | null = null;
  #failed = false;
  /** Whether what arrives is read at once and not kept, as part of a plain body. Set by the reader. */
  takesAtOnce = false;
  #connects = 0;
  /** Clients whose sockets are not closed yet. */
  readonly #closing = new Set<Promise<void>>();

  /** `intervalMs`: time between requests, over which an idle connection is kept if the peer agrees. */
  constructor(origin: string, intervalMs: number, route: Route = {}) {
    this.#origin = origin;
    this.#route = route;
    this.#idleMs = Math.min(Math.max(2 * intervalMs, IDLE_MS_MIN), IDLE_MS_MAX);
  }

  /** How many sockets were opened so far. */
  get connects(): number {
    return this.#connects;
  }

  /** Whether the newest socket ended in an error rather than in an orderly close. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether its sockets lend what they read (lent-reads.ts): not below TLS, whose library reads by itself. */
  get lends(): boolean {
    return !this.#origin.startsWith('https:');
  }

  /** What a server may mean that hangs up instead of answering; '' without TLS. */
  get hangUpHint(): string {
    if (!this.#origin.startsWith('https:')) return '';
    return this.#route.tls?.cert
      ? '; it may refuse the client certificate'
      : '; it may want a client certificate (tls.cert and tls.key)';
  }

  /** Errors arrive at the handler, also those of the call itself. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client ??= this.#open();
    this.#client.dispatch(options, handler);
  }

  /** Destroys the socket in whatever state it is; the next dispatch makes a new one. */
  drop(reason: Error): void {
    const client = this.#client;
    this.#client = null;
    this.#pending?.destroy(reason);
    if (!client) return;
    const closed = client.destroy(reason).finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** Destroys everything; resolves when the sockets are closed. */
  async close(): Promise<void> {
    this.drop(new Error('the source was stopped'));
    await Promise.all(this.#closing);
  }

  #open(): Client {
    return new Client(this.#origin, {
      pipelining: 1,
      headersTimeout: 0, // the exchange has one deadline of its own
      bodyTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      maxResponseSize: -1, // counted where the message can name the knob
      keepAliveTimeout: this.#idleMs,
      keepAliveMaxTimeout: this.#idleMs,
      keepAliveTimeoutThreshold: 1_000,
      allowH2: false,
      connect: (options, callback) => this.#connect(options, callback),
    });
  }

  #connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    const secure = options.protocol === 'https:';
    const { addresses, socketPath } = this.#route;
    try {
      // A name is checked when it is resolved.
      if (addresses && socketPath === undefined && isIP(options.hostname))
        checkAddress(options.hostname, addresses);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    const socket = openSocket(options, secure, this.#route, () => this.takesAtOnce);
    this.#connects += 1;
    this.#socket = socket;
    this.#pending = socket;
    this.#failed = false;
    let told = false;
    const tell = (error: Error | null): void => {
      if (told) return;
      told = true;
      if (this.#pending === socket) this.#pending = null;
      if (error) callback(error, null);
      else callback(null, socket);
    };
    socket.once(secure ? 'secureConnect' : 'connect', () => tell(null));
    socket.on('error', (error) => {
      // Set before undici's listener runs: it takes a reset at the end of a body without a length
      // for the end of that body.
      if (this.#socket === socket) this.#failed = true;
      tell(error);
    });
    socket.once('close', () => tell(new Error('the connection was closed while it was made')));
  }
}

function openSocket(
  options: buildConnector.Options,
  secure: boolean,
  route: Route,
  takesAtOnce: () => boolean,
): Socket {
  const { hostname: host } = options;
  const port = Number(options.port) || (secure ? 443 : 80);
  const { tls, socketPath, addresses } = route;
  const lookup = addresses && { lookup: checkedLookup(addresses) };
  const to = socketPath === undefined ? { host, port, ...lookup } : { path: socketPath };
  const servername = tls?.servername ?? options.servername ?? (isIP(host) ? undefined : host);
  const socket = secure
    ? connectTls({
        ...to,
        host, // what the certificate must be for, also over a unix socket
        ALPNProtocols: ['http/1.1'],
        ...(servername && { servername }),
        ...(tls && trustOf(tls)),
      })
    : connectLending(to, takesAtOnce);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  return socket;
}

function trustOf({ ca, cert, key, insecure }: TlsSettings): ConnectionOptions {
  return {
    rejectUnauthorized: !insecure,
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
  };
}
