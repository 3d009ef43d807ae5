/** Asks each request who it is, whether it may, and whether it has asked too often. */
import type { Rate, Scope, TokenRecord } from '../../model/access.js';
import type { Clock } from '../../model/clock.js';
import { clientKey } from '../../model/networks.js';
import type { Stats } from '../../stats/stats.js';
import type { EndpointName } from '../endpoint.js';
import { ALLOW, type Guard, type GuardFacts, type Refused, type Verdict } from '../guards/guard.js';
import { headerLines } from '../header-block.js';
import { identify } from './bearer.js';
import type { ClientAddresses } from './client-address.js';
import type { Limiter } from './limiter.js';
import type { TokenStore } from './token-store.js';

/**
 * What a token must be for. `any`: a valid token, whatever it is for: only those may learn what there
 * is. Null: open to everybody, and not counted.
 */
const NEEDS: Readonly<Record<EndpointName, Scope | 'any' | null>> = {
  GetMetric: 'metrics:read',
  ListMetrics: 'metrics:read',
  schema: 'metrics:read',
  changes: 'metrics:read',
  coverage: 'metrics:read',
  History: 'metrics:read',
  Compare: 'metrics:read',
  ingest: 'ingest',
  stream: 'stream:read',
  health: null,
  stats: 'stats:read',
  metrics: 'stats:read',
  other: 'any',
};

export interface AccessDeps {
  /** Null: nobody is asked for a token. */
  readonly tokens: TokenStore | null;
  /** RATE_LIMIT; null: only tokens that say one of their own have one. */
  readonly rate: Rate | null;
  readonly limiter: Limiter;
  readonly addresses: ClientAddresses;
  readonly clock: Clock;
  readonly stats: Stats;
}

export class AccessGuard implements Guard {
  readonly name = 'access';
  readonly #deps: AccessDeps;

  constructor(deps: AccessDeps) {
    this.#deps = deps;
  }

  check(facts: GuardFacts): Verdict {
    const need = NEEDS[facts.endpoint as EndpointName];
    if (need === null) return ALLOW;
    const { tokens, clock, stats } = this.#deps;
    const found = tokens === null ? null : identify(tokens, facts, clock.nowMs());
    const refused = found !== null && 'allow' in found ? found : null;
    const client = found === null || 'allow' in found ? null : found;
    // Who guesses tokens is counted by address, and stopped there.
    const limited = this.#limit(facts, client);
    if (limited !== null) return limited;
    if (refused !== null) {
      stats.counters.add('requests_unauthorized');
      return refused;
    }
    if (client !== null && !mayDo(client, need)) {
      stats.counters.add('requests_forbidden');
      return forbidden(need as Scope);
    }
    facts.client = client;
    return ALLOW;
  }

  #limit(facts: GuardFacts, client: TokenRecord | null): Refused | null {
    const { limiter, addresses, clock, stats } = this.#deps;
    const rate = client?.rate ?? this.#deps.rate;
    if (rate === null) return null;
    const key =
      client === null
        ? clientKey(addresses.of(facts.remoteAddress(), facts.forwardedFor))
        : `token ${client.id}`;
    const isAllowed = limiter.take(key, rate, clock.monotonicMs());
    facts.addHeaders(rateHeaders(rate, limiter));
    if (isAllowed) return null;
    stats.counters.add('requests_rate_limited');
    return tooMany(rate, client, limiter.retryAfterMs);
  }
}

/** `admin` may everything. */
function mayDo({ scopes }: TokenRecord, need: Scope | 'any'): boolean {
  return need === 'any' || scopes.includes(need) || scopes.includes('admin');
}

function forbidden(need: Scope): Refused {
  const message = `cannot answer: the token lacks the scope ${need}`;
  const challenge = `Bearer realm="weft", error="insufficient_scope", scope="${need}"`;
  return {
    allow: false,
    status: 403,
    error: 'forbidden',
    message,
    headers: { 'WWW-Authenticate': challenge },
  };
}

function tooMany(rate: Rate, client: TokenRecord | null, retryAfterMs: number): Refused {
  const retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const whose = client === null ? 'this address' : `token ${client.id}`;
  const knob = client?.rate ? 'rate of the token' : 'RATE_LIMIT';
  const limit = `${rate.count} in ${rate.windowMs / 1000} s, ${rate.burst} at once (${knob})`;
  return {
    allow: false,
    status: 429,
    error: 'rate_limited',
    message: `cannot take more requests of ${whose} now: the limit is ${limit}`,
    retryAfterS,
  };
}

/** draft-ietf-httpapi-ratelimit-headers: what is left, and the seconds after which all is there again. */
function rateHeaders({ burst, count, windowMs }: Rate, { remaining, resetMs }: Limiter): Uint8Array {
  const windowS = Math.max(1, Math.round(((windowMs / count) * burst) / 1000));
  return headerLines({
    RateLimit: `"default";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
    'RateLimit-Policy': `"default";q=${burst};w=${windowS}`,
  });
}
