/** From the library's call to the route's handler: what every request passes. */
import { WeftError } from '../model/errors.js';
import { QUERY_BYTES_MAX } from '../model/limits.js';
import type { ServerCore } from './core.js';
import type { Endpoint } from './endpoint.js';
import { Exchange } from './exchange.js';
import { checkAll } from './guards/guard.js';
import { headerLines } from './header-block.js';
import { framingError } from './request-head.js';
import type { Target } from './request-facts.js';
import type { Route, Routes } from './route.js';
import type { UwsRequest, UwsResponse } from './uws.js';

export const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';

const ALLOW_LINE = headerLines({ Allow: ALLOWED_METHODS });

export class Dispatcher {
  readonly #core: ServerCore;
  readonly #routes: Routes;
  readonly #unknown: Endpoint;

  /** Requests that lead nowhere are counted under `unknown`. */
  constructor(core: ServerCore, routes: Routes, unknown: Endpoint) {
    this.#core = core;
    this.#routes = routes;
    this.#unknown = unknown;
  }

  /** A handler for GET on the exact path of `route`: no search at all. */
  direct(route: Route): (res: UwsResponse, req: UwsRequest) => void {
    const { path, endpoint, errorStyle } = route;
    const target: Target = { method: 'GET', path, segments: [], endpoint, errorStyle };
    return (res, req) => this.#enter(res, req, target, route);
  }

  /** A handler for every other request. */
  any(): (res: UwsResponse, req: UwsRequest) => void {
    return (res, req) => {
      const path = req.getUrl();
      const match = this.#routes.find(path);
      const endpoint = match?.route.endpoint ?? this.#unknown;
      const errorStyle = match?.route.errorStyle ?? 'json';
      const method = req.getCaseSensitiveMethod();
      const target = { method, path, segments: match?.segments ?? [], endpoint, errorStyle };
      this.#enter(res, req, target, match?.route);
    };
  }

  #enter(res: UwsResponse, req: UwsRequest, target: Target, route: Route | undefined): void {
    const startMs = this.#core.clock.monotonicMs();
    this.#core.lastRequestMs = startMs;
    const head = this.#core.head;
    head.read(req);
    const exchange = new Exchange(this.#core, res, req, target, startMs);
    const fault = head.fault(target.method === 'GET' || target.method === 'HEAD');
    if (fault !== undefined) exchange.refuseFraming(framingError(fault));
    else if (head.connectionClose) {
      // Answered in a later turn, so that a request behind this one is dropped and never run.
      setImmediate(() => this.#run(exchange, route));
    } else this.#run(exchange, route);
    exchange.leaveHandler();
  }

  #run(exchange: Exchange, route: Route | undefined): void {
    if (exchange.done) return;
    try {
      const verdict = checkAll(this.#core.guards, exchange);
      if (!verdict.allow) return exchange.refuse(verdict);
      if (exchange.query.length + exchange.target.path.length > QUERY_BYTES_MAX) {
        throw new WeftError('uri_too_long', `cannot read an address of more than ${QUERY_BYTES_MAX} bytes`);
      }
      if (route === undefined) throw new WeftError('not_found', `cannot find ${exchange.shownPath}`);
      if (exchange.method === 'GET' || exchange.isHead) this.#handle(exchange, route);
      else refuseMethod(exchange);
    } catch (error) {
      exchange.fail(error);
    }
  }

  #handle(exchange: Exchange, route: Route): void {
    const pending = route.handle(exchange);
    if (pending !== undefined) pending.catch((error: unknown) => exchange.fail(error));
    else if (!exchange.answering) {
      throw new Error(`BUG: the handler of ${route.path} returned without an answer`);
    }
  }
}

function refuseMethod(exchange: Exchange): void {
  if (exchange.method === 'OPTIONS') {
    exchange.headers().append(ALLOW_LINE);
    exchange.replyEmpty(204);
    return;
  }
  const message = `cannot ${exchange.method.slice(0, 20)} here: allowed are ${ALLOWED_METHODS}`;
  exchange.refuse({
    allow: false,
    status: 405,
    error: 'method_not_allowed',
    message,
    headers: { Allow: ALLOWED_METHODS },
  });
}
