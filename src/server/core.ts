/** What every exchange of one server shares. */
import type { AccessLog } from '../config/config.js';
import type { Clock } from '../model/clock.js';
import type { Logger } from '../model/log.js';
import type { Stats } from '../stats/stats.js';
import type { CorsGuard } from './access/cors.js';
import type { TokenStore } from './access/token-store.js';
import type { BulkSender } from './bulk.js';
import type { Guard } from './guards/guard.js';
import type { HeaderBlock } from './header-block.js';
import type { InFlight } from './in-flight.js';
import type { RequestHead } from './request-head.js';
import type { RequestIds } from './request-ids.js';

export interface ServerCore {
  readonly clock: Clock;
  readonly log: Logger;
  readonly stats: Stats;
  readonly accessLog: AccessLog;
  readonly guards: readonly Guard[];
  /** Answers preflights; null: CORS_ORIGINS is empty. */
  readonly cors: CorsGuard | null;
  /** Null: nobody is asked for a token. */
  readonly tokens: TokenStore | null;
  readonly requestIds: RequestIds;
  /** For what is left to chance: an integer other than 0. */
  readonly seed: number;
  readonly inFlight: InFlight;
  readonly bulk: BulkSender;
  /** Of the request being read. */
  readonly head: RequestHead;
  /** Of the response being written. */
  readonly block: HeaderBlock;
  /** Longest time from the request to the first byte of its answer. */
  readonly deadlineMs: number;
  /** Set by a graceful stop: connections close after their answer. */
  draining: boolean;
  /** When the last request came, monotonic. */
  lastRequestMs: number;
}
