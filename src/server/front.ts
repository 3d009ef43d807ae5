/**
 * The library's app behind the port: over TCP, or over TLS with a certificate that can be replaced.
 *
 * The library cannot give an app another certificate, and what it offers per host name does nothing for
 * clients that connect by address. So a new app takes over: it listens on the same port beside the old
 * one, and only then the old one stops listening. Connections that are open stay with the certificate
 * they began with; an app without any is closed. The library itself forgets no app before the thread
 * ends: about 30 KiB for each renewal.
 */
import type { ListenerTls } from '../model/access.js';
import { Listener } from './listen.js';
import type { Uws, UwsApp } from './uws.js';

/**
 * A cipher of TLS 1.2 that needs a shared key, which nobody has: with it alone every handshake below
 * 1.3 fails, and the ciphers of 1.3 are not concerned. The library has no switch for it.
 */
const NO_TLS_1_2 = 'ECDHE-PSK-CHACHA20-POLY1305';

/** The certificate or key cannot be used; the process exits 1, a reload keeps the old ones. */
export class CertificateError extends Error {
  constructor() {
    super('cannot use the certificate and key of the listener (TLS_CERT, TLS_KEY)');
    this.name = 'CertificateError';
  }
}

export interface FrontParts {
  readonly uws: Uws;
  /** Registers filter and routes; what counts the connections of that app. */
  readonly mount: (app: UwsApp) => () => number;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Null: plain HTTP. */
  readonly tls: ListenerTls | null;
  /** `open`: threads of this process will join the port. `join`: this is one of them. */
  readonly share?: 'open' | 'join';
}

export class Front {
  readonly port: number;
  readonly #parts: FrontParts;
  /** The newest first. Older ones hold connections that were open when their certificate was replaced. */
  #apps: readonly CountedApp[];
  #listener: Listener;
  #fingerprint: string | null;
  #closed = false;

  /** Throws ListenError, CertificateError, or RangeError for a port that is none. */
  constructor(parts: FrontParts) {
    const { port, tls } = parts;
    this.#parts = parts;
    const first = newApp(parts, tls);
    this.#apps = [first];
    this.#fingerprint = tls?.fingerprint ?? null;
    try {
      this.#listener = listen(parts, first.app, port);
    } catch (error) {
      first.app.close();
      throw error;
    }
    this.port = this.#listener.port;
  }

  /**
   * From now on new connections get this certificate. Returns false when it is the one in use. Throws
   * as the constructor does, and then goes on as before.
   */
  renew(tls: ListenerTls): boolean {
    if (this.#closed || this.#fingerprint === null || tls.fingerprint === this.#fingerprint) return false;
    const { uws, host } = this.#parts;
    this.#sweep();
    const next = newApp(this.#parts, tls);
    const before = this.#listener;
    try {
      this.#listener = Listener.join(uws, next.app, host, this.port);
    } catch (error) {
      next.app.close();
      throw error;
    }
    this.#apps = [next, ...this.#apps];
    this.#fingerprint = tls.fingerprint;
    before.close();
    return true;
  }

  /** Certificates of open connections, and the one that new connections get. */
  get certificates(): number {
    this.#sweep();
    return this.#fingerprint === null ? 0 : this.#apps.length;
  }

  /**
   * Lets go of replaced certificates that no connection began with. Not in the callback of the last
   * one's close: the library is still using the app then.
   */
  #sweep(): void {
    const [newest, ...older] = this.#apps;
    const idle = older.filter(({ connections }) => connections() === 0);
    if (this.#closed || idle.length === 0) return;
    for (const { app } of idle) app.close();
    this.#apps = [newest!, ...older.filter((one) => !idle.includes(one))];
  }

  /** Accepts no more; open connections stay. */
  stopListening(): void {
    this.#listener.close();
  }

  /** Cuts everything. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    for (const { app } of this.#apps) app.close();
  }
}

function listen({ uws, host, tls, share }: FrontParts, app: UwsApp, port: number): Listener {
  if (share === 'join') return Listener.join(uws, app, host, port);
  const isShared = tls !== null || share === 'open';
  return isShared ? Listener.openShared(uws, app, host, port) : Listener.open(uws, app, host, port);
}

interface CountedApp {
  readonly app: UwsApp;
  /** Open now, WebSockets too. */
  readonly connections: () => number;
}

function newApp({ uws, mount }: FrontParts, tls: ListenerTls | null): CountedApp {
  const app = tls === null ? uws.App() : newSecureApp(uws, tls);
  return { app, connections: mount(app) };
}

function newSecureApp(uws: Uws, { certFile, keyFile, minVersion }: ListenerTls): UwsApp {
  try {
    return uws.SSLApp({
      cert_file_name: certFile,
      key_file_name: keyFile,
      ...(minVersion === '1.3' && { ssl_ciphers: NO_TLS_1_2 }),
    });
  } catch {
    throw new CertificateError();
  }
}
