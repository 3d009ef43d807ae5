/** From the library's call to the route's handler: what every request passes. */
import { WeftError } from '../model/errors.js';
import { QUERY_BYTES_MAX } from '../model/limits.js';
import { isPreflight, type CorsGuard } from './access/cors.js';
import type { ServerCore } from './core.js';
import type { Endpoint } from './endpoint.js';
import { Exchange } from './exchange.js';
import { checkAll } from './guards/guard.js';
import { headerLines } from './header-block.js';
import { framingError, REQUEST_BODY_BYTES_MAX } from './request-head.js';
import { QuickPath } from './quick.js';
import type { Target } from './request-facts.js';
import type { Route, Routes } from './route.js';
import type { UwsRequest, UwsResponse } from './uws.js';

const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';
const POST_METHODS = 'POST, OPTIONS';

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
    const quick =
      route.quick && QuickPath.serves(this.#core, endpoint)
        ? new QuickPath(this.#core, endpoint, route.quick)
        : null;
    return (res, req) => this.#enter(res, req, target, route, quick);
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

  #enter(
    res: UwsResponse,
    req: UwsRequest,
    target: Target,
    route: Route | undefined,
    quick: QuickPath | null = null,
  ): void {
    const startMs = this.#core.clock.monotonicMs();
    this.#core.lastRequestMs = startMs;
    const head = this.#core.head;
    head.read(req);
    const query = req.getQuery() ?? '';
    if (quick?.answer(res, query, startMs) === true) return;
    const exchange = new Exchange(this.#core, res, query, target, startMs);
    const isPush = route?.isPost === true && target.method === 'POST';
    const isBodyless = target.method === 'GET' || target.method === 'HEAD';
    const framing = head.fault(isPush ? 'streamed' : isBodyless ? 'none' : 'small');
    const fault = framing === undefined ? addressFault(exchange) : framingError(framing);
    if (fault !== undefined) exchange.refuseFraming(fault);
    else if (isPush) this.#receive(exchange, route);
    else if (head.connectionClose) {
      // Answered in a later turn, so that a request behind this one is dropped and never run.
      setImmediate(() => this.#run(exchange, route));
    } else this.#run(exchange, route);
    exchange.leaveHandler();
  }

  /**
   * A request whose body the handler reads: it must begin at once, but every answer comes in a later
   * turn, so that what stands behind the body is dropped and never run. A large body that nobody will
   * read closes the connection.
   */
  #receive(exchange: Exchange, route: Route): void {
    const { head, guards } = this.#core;
    exchange.body.closes = head.chunked || head.bodyBytes > REQUEST_BODY_BYTES_MAX;
    try {
      const verdict = checkAll(guards, exchange);
      if (!verdict.allow) {
        setImmediate(() => exchange.refuse(verdict));
        return;
      }
      void route.handle(exchange);
    } catch (error) {
      setImmediate(() => exchange.fail(error));
    }
  }

  #run(exchange: Exchange, route: Route | undefined): void {
    if (exchange.done) return;
    try {
      const { guards, cors } = this.#core;
      // A browser's preflight carries no token: only its origin is looked at.
      const asksFirst = cors !== null && isPreflight(exchange);
      const verdict = asksFirst ? cors.check(exchange) : checkAll(guards, exchange);
      if (!verdict.allow) return exchange.refuse(verdict);
      if (route === undefined) throw new WeftError('not_found', `cannot find ${exchange.shownPath}`);
      const { method } = exchange;
      if (asksFirst) replyPreflight(exchange, cors, route.isPost === true ? POST_METHODS : ALLOWED_METHODS);
      else if (route.isPost === true) refuseMethod(exchange, POST_METHODS);
      else if (method === 'GET' || exchange.isHead) this.#handle(exchange, route);
      else refuseMethod(exchange, ALLOWED_METHODS);
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

function addressFault({ query, target }: Exchange): WeftError | undefined {
  if (query.length + target.path.length <= QUERY_BYTES_MAX) return undefined;
  return new WeftError('uri_too_long', `cannot read an address of more than ${QUERY_BYTES_MAX} bytes`);
}

/** The body is none, but answers without them would be the only ones. */
const PLAIN_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };

function replyPreflight(exchange: Exchange, cors: CorsGuard, methods: string): void {
  exchange.headers().append(cors.preflight(methods));
  exchange.replyEmpty(204);
}

function refuseMethod(exchange: Exchange, allowed: string): void {
  if (exchange.method === 'OPTIONS') {
    exchange.headers().append(headerLines({ Allow: allowed, ...PLAIN_HEADERS }));
    exchange.replyEmpty(204);
    return;
  }
  const message = `cannot ${exchange.method.slice(0, 20)} here: allowed are ${allowed}`;
  exchange.refuse({
    allow: false,
    status: 405,
    error: 'method_not_allowed',
    message,
    headers: { Allow: allowed },
  });
}
