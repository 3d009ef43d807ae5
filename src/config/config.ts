/**
 * What weft runs with, after flags, environment, file and defaults were merged and validated.
 * Complete (null where absent), frozen all the way down, and read once: main passes slices of it.
 */

import type { ClientClass, ListenerTls, Rate, Scope, TokenRecord } from '../model/access.js';
import type { LogLevel } from '../model/log.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import type { ReplaySpeed } from './recording-options.js';
import type { RatePolicy } from '../model/rates.js';
import type { SourceAddressRules } from '../model/source-addresses.js';
import type { TlsSettings } from '../model/tls.js';

export type Dialect = 'page' | 'map' | 'envelope' | 'plain';
export type AccessLog = 'off' | 'errors' | 'all';

/** One upstream that is polled, one file that is read, or one that pushes. */
export interface SourceConfig {
  /** Names the source in /stats, /metrics and logs. Unique; `^[A-Za-z0-9._-]{1,64}$`. */
  readonly id: string;
  /** http: or https:, absolute, without user name, password or fragment; or file: and a path. */
  readonly url: string;
  /** Bodies come by POST /telemetry/ingest/<id>; then `url` is empty. */
  readonly push: boolean;
  /** Absent without `tls:`: the CAs that node knows, and no certificate of ours. */
  readonly tls?: TlsSettings;
  /** The unix socket over which `url` is fetched; absent: over TCP. */
  readonly socketPath?: string;
  /** Which addresses its host may have; absent: it has none, or any. */
  readonly addresses?: SourceAddressRules;
  readonly intervalMs: number;
  /** The whole exchange: connect, headers and body. */
  readonly timeoutMs: number;
  /** Stale after so long without a good exchange; 0 = never. */
  readonly staleMsMax: number;
  /** Request headers, names in lower case. Values may be secrets: never log them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes on the wire. */
  readonly bodyBytesMax: number;
  /** Bytes after decompression. */
  readonly decodedBytesMax: number;
  readonly parse: ParsePolicy;
  /** Columns with deltas and rates. */
  readonly rates: RatePolicy;
}

export interface Config {
  /** Path of the file that was read, null without one. */
  readonly configFile: string | null;
  readonly sources: readonly SourceConfig[];
  /** True when the only source is the built-in default URL: `demo` points it at its own simulator. */
  readonly defaultUpstream: boolean;

  readonly serverHost: string;
  /** 0 = any free port. */
  readonly serverPort: number;
  /** Open sockets; 0 = derived from the limit on file descriptors. */
  readonly connectionsMax: number;
  /** Threads that serve, main among them. */
  readonly readers: number;
  /** Response bytes that may be under way in all, before lists are refused as overloaded. */
  readonly inFlightBytesMax: number;
  /** Lateness of the event loop, before lists are refused as overloaded. */
  readonly loopDelayMsMax: number;
  readonly defaultDialect: Dialect | 'none';
  readonly accessLog: AccessLog;

  readonly tokensFile: string | null;
  /** What the file says; null: nobody is asked for a token. */
  readonly tokens: readonly TokenRecord[] | null;
  readonly insecure: boolean;
  /** Of one client; null = none. */
  readonly rateLimit: Rate | null;
  readonly rateKeysMax: number;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly tlsMinVersion: '1.2' | '1.3';
  /** null = plain HTTP. */
  readonly listenerTls: ListenerTls | null;
  readonly sourceNetworks: SourceAddressRules['networks'];
  readonly sourceAllow: readonly string[];
  readonly sourcePorts: readonly string[];
  readonly sourceSchemes: readonly string[];

  readonly pollMs: number;
  readonly pollTimeoutMs: number;
  /** The global setting; null = each source's own default. SourceConfig.staleMsMax is what counts. */
  readonly staleMsMax: number | null;
  readonly bodyBytesMax: number;
  readonly decodedBytesMax: number;

  /** Rows of one source that are gone and remembered, and for how long; 0 = for ever. */
  readonly missingRowsMax: number;
  readonly missingKeepMs: number;
  /** Columns with deltas and rates, where a source does not say; SourceConfig.rates is what counts. */
  readonly rateColumns: readonly string[];
  /** Previous samples of one source. */
  readonly rateBytesMax: number;

  readonly bodyCacheBytes: number;
  readonly listBytesMax: number;
  /** Memory for the pages of cursors. */
  readonly cursorBytesMax: number;
  /** Since a cursor's last use. */
  readonly cursorTtlMs: number;
  readonly frameCellsMax: number;
  readonly slowClientMs: number;
  /** Without a sign of life of a live client; at least 1.5 × slowClientMs. */
  readonly liveIdleMs: number;
  /** Of one socket. */
  readonly subscriptionsMax: number;

  /** Columns whose past is kept; empty: none. */
  readonly historyColumns: readonly string[];
  readonly historyWindowMs: number;
  /** Rows of all sources that the history is laid out for. */
  readonly historyRows: number;
  readonly historyBytesMax: number;

  readonly workers: number;
  readonly workerHeapMb: number;
  /** Deadline of one worker job. */
  readonly parseTimeoutMs: number;

  /** Where the last good body of each source is kept; null = nowhere. */
  readonly stateDir: string | null;
  /** Between two writes of one source. */
  readonly stateIntervalMs: number;

  readonly logLevel: LogLevel;
  readonly shutdownTimeoutMs: number;

  readonly generatorHost: string;
  /** 0 = any free port. */
  readonly generatorPort: number;
  readonly dataSwitches: number;
  readonly dataIntervalSec: number;
  /** Columns the simulator writes in its ufm dialect. */
  readonly generatorColumns: number;
  readonly generatorSeed: number;
  readonly generatorDialect: Dialect | 'ufm';
  readonly fault500Pct: number;
  readonly faultSlowMs: number;

  /** Folder that `record` writes; null with the other commands. */
  readonly recordOut: string | null;
  /** Of the files of a recording. */
  readonly recordBytesMax: number;
  /** null = until it is stopped. */
  readonly recordDurationMs: number | null;
  readonly recordGzip: boolean;
  /** Folder that `replay` reads; null with the other commands. */
  readonly replayDir: string | null;
  readonly replaySpeed: ReplaySpeed;
  readonly replayLoop: boolean;
  /** null = all that were recorded. */
  readonly replaySource: string | null;
  readonly replayTimes: 'shifted' | 'original';
  readonly replaySkipFailures: boolean;

  /** Of the token that `token` makes; null and empty with the other commands. */
  readonly tokenId: string | null;
  readonly tokenScopes: readonly Scope[];
  /** null = it does not expire. */
  readonly tokenTtlMs: number | null;
  readonly tokenClass: ClientClass;
  readonly tokenRate: Rate | null;
}
