/** Which pages of other sites may read answers and open streams: those whose origin is listed. */
import { ALLOW, type Guard, type GuardFacts, type Verdict } from '../guards/guard.js';
import { headerLines } from '../header-block.js';

/** What pages may read of an answer besides its body. */
const EXPOSED = [
  ...['X-Request-Id', 'ETag', 'X-Snapshot-Ts', 'X-Data-Age-Ms', 'X-Stale-Sources', 'X-Next-Cursor', 'Link'],
  ...['Retry-After', 'RateLimit', 'RateLimit-Policy'],
].join(', ');
/** What pages may send besides what they always may. */
const REQUESTED = [
  ...['Authorization', 'Content-Type', 'Content-Encoding', 'If-None-Match'],
  ...['X-Dialect', 'X-Request-Id', 'X-Snapshot-Ts'],
].join(', ');
const PREFLIGHT_KEPT_S = 600;

/** Caches must not give one site the answer that another one was allowed to read. */
const VARY = headerLines({ Vary: 'Origin' });

const FOREIGN = 'cannot answer a page of this origin (CORS_ORIGINS)';

/**
 * Answers name one origin or none, never all of them, and never allow cookies: weft knows none. It
 * stands before all other guards, so that pages can read refusals, too.
 */
export class CorsGuard implements Guard {
  readonly name = 'cors';
  readonly #answers: ReadonlyMap<string, Uint8Array>;

  /** `origins`: CORS_ORIGINS, at least one. */
  constructor(origins: readonly string[]) {
    this.#answers = new Map(
      origins.map((origin) => [
        origin,
        headerLines({
          Vary: 'Origin',
          'Access-Control-Allow-Origin': origin,
          'Access-Control-Expose-Headers': EXPOSED,
        }),
      ]),
    );
  }

  check(facts: GuardFacts): Verdict {
    const answer = this.#answers.get(facts.origin);
    // Where a list is given, nothing else is believed: a Host header can be made to equal any Origin.
    if (facts.transport === 'websocket') {
      if (answer !== undefined || facts.origin === '') return ALLOW;
      return { allow: false, status: 403, error: 'forbidden', message: FOREIGN };
    }
    facts.addHeaders(answer ?? VARY);
    return isPreflight(facts) && answer === undefined
      ? { allow: false, status: 403, error: 'forbidden', message: FOREIGN }
      : ALLOW;
  }

  /** The headers of the answer to a preflight that was allowed. */
  preflight(methods: string): Uint8Array {
    return headerLines({
      Allow: methods,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': REQUESTED,
      'Access-Control-Max-Age': String(PREFLIGHT_KEPT_S),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    });
  }
}

/** What a browser asks before a page may do more than a form can. It never carries a token. */
export function isPreflight({ method, origin, requestedMethod }: GuardFacts): boolean {
  return method === 'OPTIONS' && origin !== '' && requestedMethod !== '';
}
