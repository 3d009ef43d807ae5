/**
 * How a connection becomes a WebSocket: decided and done within the library's call, never later. In a
 * later turn the answer must be corked, and the library then takes the WebSocket for the response it
 * was, whenever its memory was enlarged where it lay: it may read "close when sent" there, and closes.
 */
import type { ServerCore } from './core.js';
import type { Endpoint } from './endpoint.js';
import { Exchange } from './exchange.js';
import { checkAll } from './guards/guard.js';
import type { Target } from './request-facts.js';
import { framingError } from './request-head.js';
import type { UwsRequest, UwsResponse, UwsSocketContext } from './uws.js';

export const STREAM_PATH = '/telemetry/stream';
const PROTOCOL_VERSION = '13';

/** Who opens a stream. */
export interface StreamClient {
  readonly requestId: string;
  /** Address of the connection, and what proxies wrote of it. */
  readonly peer: string;
  readonly forwardedFor: string;
}

export class Upgrades {
  readonly #core: ServerCore;
  readonly #target: Target;

  /** `endpoint`: upgrades are counted under it. */
  constructor(core: ServerCore, endpoint: Endpoint) {
    this.#core = core;
    this.#target = { method: 'GET', path: STREAM_PATH, segments: [], endpoint, errorStyle: 'json' };
  }

  /** `companion` makes the library's user data for a request that is not refused. */
  take<T>(
    res: UwsResponse,
    req: UwsRequest,
    context: UwsSocketContext,
    companion: (exchange: Exchange) => T,
  ): void {
    const core = this.#core;
    core.head.read(req);
    const query = req.getQuery() ?? '';
    const exchange = new Exchange(core, res, query, this.#target, core.clock.monotonicMs(), 'websocket');
    const fault = core.head.fault('none');
    try {
      if (fault !== undefined) exchange.refuseFraming(framingError(fault));
      else if (!this.#refused(exchange, req)) {
        exchange.upgrade<T>(companion(exchange), req.getHeader('sec-websocket-key'), context);
      }
    } catch (error) {
      exchange.fail(error);
    }
    exchange.leaveHandler();
  }

  #refused(exchange: Exchange, req: UwsRequest): boolean {
    const verdict = checkAll(this.#core.guards, exchange);
    if (!verdict.allow) exchange.refuse(verdict);
    else if (this.#core.draining) {
      const message = 'cannot open a stream: the server is stopping';
      exchange.refuse({ allow: false, status: 503, error: 'overloaded', message, retryAfterS: 1 });
    } else if (req.getHeader('sec-websocket-version') !== PROTOCOL_VERSION) {
      const headers = { 'Sec-WebSocket-Version': PROTOCOL_VERSION };
      const message = `cannot speak this WebSocket version: use ${PROTOCOL_VERSION}`;
      exchange.refuse({ allow: false, status: 426, error: 'bad_request', message, headers });
    }
    return exchange.done;
  }
}

export function streamClient(exchange: Exchange): StreamClient {
  const { requestId, forwardedFor } = exchange;
  return { requestId, peer: exchange.remoteAddress(), forwardedFor };
}
