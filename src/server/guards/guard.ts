/**
 * What stands before a route: the plug point for overload, authentication and rate limits. The
 * same guards are asked before HTTP requests and before WebSocket upgrades.
 */

import type { TokenRecord } from '../../model/access.js';

/**
 * What answering costs. `exempt` routes (health, and what tells why weft refuses) are asked of
 * guards as well, so that authentication may cover them; a guard against load lets them pass.
 */
export type RouteCost = 'exempt' | 'cheap' | 'expensive';

/** A request as guards see it. Valid during `check` only. */
export interface GuardFacts {
  readonly transport: 'http' | 'websocket';
  readonly method: string;
  /** The route's name in /stats; the same for all its dialects. */
  readonly endpoint: string;
  readonly cost: RouteCost;
  /** The value of the Authorization header; empty without one, the last of several. */
  readonly authorization: string;
  readonly authorizationRepeated: boolean;
  /** Empty without one; a list when there are several. */
  readonly origin: string;
  readonly host: string;
  /** Raw text after the question mark. */
  readonly query: string;
  /** Of X-Forwarded-For: whoever sends the request may write what they like. */
  readonly forwardedFor: string;
  /** Of Access-Control-Request-Method; empty without one. */
  readonly requestedMethod: string;
  /** Whose token it is, once a guard has found out; null: nobody asked, or nobody knows. */
  client: TokenRecord | null;
  /** The peer's address as text. Costs a call into the library. */
  remoteAddress(): string;
  /** Headers of whatever answer there will be, as headerLines makes them. */
  addHeaders(lines: Uint8Array): void;
}

/** Why a request is not answered. `message` reads "cannot …" and names the limit and its knob. */
export interface Refused {
  readonly allow: false;
  readonly status: number;
  /** The `error` member of the body. */
  readonly error: string;
  readonly message: string;
  /** Seconds, for Retry-After. */
  readonly retryAfterS?: number;
  /** Further headers, such as WWW-Authenticate. Values are printable ASCII. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type Verdict = { readonly allow: true } | Refused;

export const ALLOW: Verdict = { allow: true };

/**
 * Asked once for each request, on the main thread, before any work: `check` neither waits nor
 * throws, keeps a bounded amount of memory however many peers there are, and answers the same for
 * HTTP and WebSocket. The first refusal counts; later guards are not asked.
 */
export interface Guard {
  /** Names the guard in logs: `overload`. */
  readonly name: string;
  /**
   * True when `check` allows every request of this kind, whoever sends it and whenever: the shortest
   * way to an answer leaves such a guard out. Without it the guard is always asked.
   */
  admits?(kind: Pick<GuardFacts, 'transport' | 'cost'>): boolean;
  /** The same at this moment. Without it, and without `admits`, the guard is always asked. */
  admitsNow?(kind: Pick<GuardFacts, 'transport' | 'cost'>): boolean;
  check(facts: GuardFacts): Verdict;
}

/** Asks each guard in turn. */
export function checkAll(guards: readonly Guard[], facts: GuardFacts): Verdict {
  for (const guard of guards) {
    const verdict = guard.check(facts);
    if (!verdict.allow) return verdict;
  }
  return ALLOW;
}
