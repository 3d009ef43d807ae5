/** What the options of access come to: guards in their order, or none at all. */
import type { Clock } from '../../model/clock.js';
import type { Stats } from '../../stats/stats.js';
import type { AccessOptions } from '../context.js';
import { OriginGuard } from '../guards/origin.js';
import type { Guard } from '../guards/guard.js';
import { AccessGuard } from './access-guard.js';
import { ClientAddresses } from './client-address.js';
import { CorsGuard } from './cors.js';
import { Limiter } from './limiter.js';
import { TokenStore } from './token-store.js';

export interface Access {
  readonly tokens: TokenStore | null;
  readonly cors: CorsGuard | null;
  readonly addresses: ClientAddresses;
  /** Asked first. Empty where nothing is configured: such a server asks no request anything. */
  readonly guards: readonly Guard[];
}

/** Makes them, and shows their gauges in `stats`. */
export function makeAccess(options: AccessOptions, clock: Clock, stats: Stats): Access {
  const tokens = options.tokens === null ? null : new TokenStore(options.tokens);
  const cors = options.corsOrigins.length === 0 ? null : new CorsGuard(options.corsOrigins);
  const addresses = new ClientAddresses(options.trustedProxies);
  const limiter = new Limiter(options.rateKeysMax);
  stats.expose({
    name: 'weft_rate_keys',
    help: 'Tokens and addresses whose rate is remembered.',
    kind: 'gauge',
    value: () => limiter.size,
  });
  stats.expose({
    name: 'weft_tokens',
    help: 'Tokens of TOKENS_FILE.',
    kind: 'gauge',
    value: () => tokens?.size ?? 0,
  });
  const rate = options.rateLimit;
  const asks = tokens !== null || rate !== null;
  const guards: Guard[] = [
    cors ?? new OriginGuard(),
    ...(asks ? [new AccessGuard({ tokens, rate, limiter, addresses, clock, stats })] : []),
  ];
  return { tokens, cors, addresses, guards };
}
