/** Which path leads to which handler. */
import type { Endpoint } from './endpoint.js';
import type { ErrorStyle } from './errors.js';
import type { Exchange } from './exchange.js';
import type { QuickHandler } from './quick.js';

/** Answers by calling one of the exchange's reply methods; what it throws is answered for it. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

export interface Route {
  /** `/a/b`, with `*` for segments that stay open: `/a/*`. */
  readonly path: string;
  readonly endpoint: Endpoint;
  /** In whose words errors are told from the start. */
  readonly errorStyle: ErrorStyle;
  readonly handle: Handler;
  /** The same for a plain GET on the exact path, where the answer is at hand. */
  readonly quick?: QuickHandler;
  /** Answers POST instead of GET and HEAD, and reads a body: then it may answer in a later turn only. */
  readonly isPost?: boolean;
}

export interface RouteMatch {
  readonly route: Route;
  /** The open segments, not decoded. */
  readonly segments: readonly string[];
}

const NO_SEGMENTS: readonly string[] = [];

/**
 * Finds routes by the raw path, segment by segment: nothing is decoded, collapsed or resolved, so
 * that `//`, a trailing slash, `.` and `..` lead nowhere.
 */
export class Routes {
  readonly #exact = new Map<string, Route>();
  readonly #open = new Map<string, Route>();

  add(route: Route): void {
    const routes = route.path.includes('*') ? this.#open : this.#exact;
    if (routes.has(route.path)) throw new Error(`BUG: two routes for ${route.path}`);
    routes.set(route.path, route);
  }

  get exact(): readonly Route[] {
    return [...this.#exact.values()];
  }

  find(path: string): RouteMatch | undefined {
    const exact = this.#exact.get(path);
    if (exact) return { route: exact, segments: NO_SEGMENTS };
    for (const [pattern, route] of this.#open) {
      const segments = openSegments(pattern, path);
      if (segments) return { route, segments };
    }
    return undefined;
  }
}

/** What the stars of `pattern` stand for in `path`, or undefined when it does not fit. */
function openSegments(pattern: string, path: string): string[] | undefined {
  const star = pattern.indexOf('*');
  if (!path.startsWith(pattern.slice(0, star))) return undefined;
  const segments = path.slice(star).split('/');
  // Stars stand at the end only: `/a/*/*`.
  if (segments.length !== (pattern.length - star + 1) / 2) return undefined;
  const usable = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return usable ? segments : undefined;
}
