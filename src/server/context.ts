/** What the server is started with. The composition root fills it in. */
import type { AccessLog, Dialect } from '../config/config.js';
import type { Fabric } from '../fabric/fabric.js';
import type { ListenerTls, Rate, TokenRecord } from '../model/access.js';
import type { Clock, Random } from '../model/clock.js';
import type { PushDesk } from '../model/push.js';
import type { Logger } from '../model/log.js';
import type { StatsView } from '../stats/document.js';
import type { Stats } from '../stats/stats.js';
import type { Guard } from './guards/guard.js';
import type { ConnectionCount } from './connections.js';
import type { ChangesSource } from './routes/changes.js';
import type { Histories } from '../sink/histories.js';
import type { LiveHub } from './socket.js';
import type { BodyService } from '../view/bodies.js';
import type { CoverageService } from '../view/coverage-service.js';
import type { CursorService } from '../view/cursors.js';

/** Who may connect, and how. */
export interface AccessOptions {
  /** Null: nobody is asked for one. */
  readonly tokens: readonly TokenRecord[] | null;
  readonly rateLimit: Rate | null;
  readonly rateKeysMax: number;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  /** Null: plain HTTP. */
  readonly listenerTls: ListenerTls | null;
}

/** Nobody is asked, nothing is counted. */
export const OPEN_TO_ALL: AccessOptions = {
  tokens: null,
  rateLimit: null,
  rateKeysMax: 1,
  trustedProxies: [],
  corsOrigins: [],
  listenerTls: null,
};

export interface ServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Open connections; 0 = as many as the limit on open files leaves. */
  readonly connectionsMax: number;
  /** Of the limit on open files, what connections leave to everything else. Default: 64. */
  readonly descriptorsReserved?: number;
  /** Response bytes that may be under way, at least one list's. */
  readonly inFlightBytesMax: number;
  readonly accessLog: AccessLog;
  readonly defaultDialect: Dialect | 'none';
  readonly slowClientMs: number;
  readonly liveIdleMs: number;
  /** Of weft, as health tells it. */
  readonly version: string;
  /** From a request to the first byte of its answer. Default: 60 s. */
  readonly deadlineMs?: number;
  /** Default: OPEN_TO_ALL. */
  readonly access?: AccessOptions;
  /** Lateness of the event loop above which lists are refused. Default: 1 s. */
  readonly loopDelayMsMax?: number;
}

export interface ServerContext {
  readonly options: ServerOptions;
  readonly fabric: Fabric;
  readonly bodies: BodyService;
  readonly coverage: CoverageService;
  readonly cursors: CursorService;
  readonly hub: LiveHub & ChangesSource;
  /** Takes what is pushed; without one there is no such path. */
  readonly pushes?: PushDesk;
  /** Absent: no column has a history. */
  readonly histories?: Histories | null;
  /** Whether what should be on disk is not: told by /health. */
  readonly isStateDegraded?: () => boolean;
  /** Made with ENDPOINT_NAMES. The server exposes its gauges in it: one server for one Stats. */
  readonly stats: Stats;
  readonly statsView: StatsView;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Of all threads that serve the port; absent: this one alone does. */
  readonly connections?: ConnectionCount;
  /** Fetches what other threads have counted: called before counts are shown. */
  readonly collect?: () => Promise<void>;
  /** Asked after the server's own, in this order. */
  readonly guards?: readonly Guard[];
}
