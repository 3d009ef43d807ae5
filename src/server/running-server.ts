/** A server from its start to a graceful stop, in whatever thread it serves. */
import type { ExpirySweep } from './access/expiry.js';
import type { Connections } from './connections.js';
import type { AccessOptions } from './context.js';
import type { ServerCore } from './core.js';
import type { Front } from './front.js';
import type { TimerLoopLag } from './guards/overload.js';
import type { ServerGate } from './relay/relay-desk.js';
import type { UwsApp } from './uws.js';

const DRAIN_POLL_MS = 10;
/**
 * Idle connections of a stopping server are kept for so many looks behind the last request. Looks, not
 * time: on a busy machine the loop is late, and requests may have come that it has not read; between two
 * looks it reads them. A late loop also means that clients are late.
 */
const QUIET_LOOKS = 10;
/** The same when nobody has asked for so long before. */
const IDLE_MS = 100;
const IDLE_LOOKS = 3;

/** What a running server is asked for by /metrics and tests. */
export interface ServerLoad {
  readonly connections: number;
  readonly connectionsRejected: number;
  readonly sockets: number;
  readonly inFlight: number;
  readonly bytesInFlight: number;
}

export class RunningServer {
  readonly port: number;
  /** For what reader threads hand on; null in one of them. */
  readonly gate: ServerGate | null;
  readonly #core: ServerCore;
  readonly #front: Front;
  readonly #connections: Connections;
  readonly #sockets: OpenSockets;
  readonly #lag: TimerLoopLag;
  readonly #expiry: ExpirySweep | null;
  #closed = false;

  constructor(parts: ServerParts, front: Front) {
    this.port = front.port;
    this.gate = parts.gate;
    this.#core = parts.core;
    this.#front = front;
    this.#expiry = parts.expiry;
    this.#connections = parts.connections;
    this.#sockets = parts.sockets;
    this.#lag = parts.lag;
  }

  /**
   * Other tokens and another certificate from now on; live connections whose token was taken back are
   * closed. Returns what changed. Throws CertificateError or ListenError: then nothing has.
   */
  reload(access: Pick<AccessOptions, 'tokens' | 'listenerTls'>): readonly string[] {
    const changed: string[] = [];
    const { tokens } = this.#core;
    if (access.listenerTls !== null && this.#front.renew(access.listenerTls)) changed.push('certificate');
    if (tokens !== null && access.tokens !== null) {
      tokens.replace(access.tokens);
      this.#expiry?.sweep();
      changed.push('tokens');
    }
    return changed;
  }

  get load(): ServerLoad {
    const { inFlight, bulk } = this.#core;
    return {
      connections: this.#connections.open,
      connectionsRejected: this.#connections.rejected,
      sockets: this.#sockets.open,
      inFlight: inFlight.count,
      bytesInFlight: bulk.bytesInFlight,
    };
  }

  /**
   * A graceful stop: accepts no more, tells live clients to go, finishes what was asked, and
   * closes. Connections close behind their next answer; what is still open after `deadlineMs`, or
   * idle, is cut.
   */
  async drain(deadlineMs: number): Promise<void> {
    const { clock } = this.#core;
    const endMs = clock.monotonicMs() + deadlineMs;
    this.#core.draining = true;
    this.#front.stopListening();
    this.#sockets.closeAll();
    let { lastRequestMs } = this.#core;
    let left = clock.monotonicMs() - lastRequestMs > IDLE_MS ? IDLE_LOOKS : QUIET_LOOKS;
    while (!this.#closed && !this.#empty && left > 0 && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => void clock.schedule(DRAIN_POLL_MS, resolve));
      const isBusy = this.#core.inFlight.count > 0 || this.#core.lastRequestMs !== lastRequestMs;
      lastRequestMs = this.#core.lastRequestMs;
      left = isBusy ? QUIET_LOOKS : left - 1;
    }
    this.close();
  }

  get #empty(): boolean {
    return this.#core.inFlight.count === 0 && this.#connections.open === 0 && this.#sockets.open === 0;
  }

  /** Cuts everything that is open. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#core.draining = true;
    this.#lag.stop();
    this.#expiry?.stop();
    this.#front.close();
  }
}

/** The live connections of a server. */
export interface OpenSockets {
  readonly open: number;
  /** Tells every client to come back later. */
  closeAll(): void;
}

export interface ServerParts {
  readonly core: ServerCore;
  /** Registers filter and routes; what counts the connections of that app. */
  readonly mount: (app: UwsApp) => () => number;
  readonly connections: Connections;
  readonly sockets: OpenSockets;
  readonly lag: TimerLoopLag;
  readonly expiry: ExpirySweep | null;
  readonly gate: ServerGate | null;
}
