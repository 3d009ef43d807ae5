/** Options of the daemon. The order is the order of the help text and of the docs. */

import { availableParallelism } from 'node:os';
import { BODY_BYTES_LIMIT } from '../model/limits.js';
import { LOG_LEVELS } from '../model/log.js';
import { EVERY, FETCH, POLL, SERVE, derived, option } from './option.js';
import { urlList } from './source-url.js';
import { choice, host, nameList, size, text, whole } from './value-kinds.js';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const WORKERS_DEFAULT_MAX = 4;

/** One core stays with the event loop; more than four parsers only wait for memory. */
function workersByCores(): number {
  return Math.min(WORKERS_DEFAULT_MAX, Math.max(1, availableParallelism() - 1));
}

export const SERVE_OPTIONS = {
  configFile: derived<string | null>('config', () => null, 'none', {
    env: 'WEFT_CONFIG',
    fileKey: null,
    kind: text(4096, 'the path of a YAML file'),
    help: 'YAML file with any of these options and the sources.',
    commands: EVERY,
  }),
  serverHost: option<string>('metrics-server-host', '127.0.0.1', {
    kind: host(),
    help: 'Address to listen on.',
    commands: SERVE,
  }),
  serverPort: option<number>('metrics-server-port', 8080, {
    kind: whole(0, 65535, ''),
    help: 'Port to listen on; 0 picks a free one.',
    commands: SERVE,
  }),
  upstreamUrls: derived<readonly string[] | null>(
    'upstream-url',
    () => null,
    'http://127.0.0.1:9001/counters',
    {
      fileKey: null,
      kind: urlList(),
      help:
        'Endpoints to poll, separated by commas, beside the sources of the file. ' +
        'Set but empty, or not set while the file has sources: those of the file alone.',
      commands: POLL,
    },
  ),
  pollMs: option<number>('poll-ms', 1500, {
    kind: whole(10, 24 * HOUR_MS, 'ms'),
    help: 'Time between the starts of two polls of one source.',
    commands: FETCH,
  }),
  pollTimeoutMs: option<number>('poll-timeout-ms', 5000, {
    kind: whole(10, HOUR_MS, 'ms'),
    help: 'Deadline of one whole exchange: connect, headers and body.',
    commands: FETCH,
  }),
  staleMsMax: derived<number | null>('max-stale-ms', () => null, 'max(60000, 3 × interval) of each source', {
    kind: whole(0, 30 * 24 * HOUR_MS, 'ms'),
    help: 'A source without a good exchange for so long is stale; 0 = never. Above interval + timeout.',
    commands: SERVE,
  }),
  bodyBytesMax: option<number>('max-body-bytes', 512 * MIB, {
    kind: size(1024, BODY_BYTES_LIMIT),
    help: 'Largest body of a source on the wire.',
    commands: FETCH,
  }),
  decodedBytesMax: option<number>('max-decoded-bytes', 1024 * MIB, {
    kind: size(1024, BODY_BYTES_LIMIT),
    help: 'Largest body of a source after decompression.',
    commands: FETCH,
  }),
  missingRowsMax: option<number>('missing-rows-max', 10_000, {
    kind: whole(0, 1_000_000, ''),
    help: 'Rows of one source that are gone and remembered for /telemetry/coverage; the oldest losses go first.',
    commands: SERVE,
  }),
  missingKeepMs: option<number>('missing-keep-ms', 24 * HOUR_MS, {
    kind: whole(0, 366 * 24 * HOUR_MS, 'ms'),
    help: 'A row that is gone for longer is forgotten by the next publish of its source; 0 = never.',
    commands: SERVE,
  }),
  rateColumns: option<readonly string[]>('rate-columns', ['*'], {
    kind: nameList(),
    help:
      'Columns with deltas and rates (`view=delta`, `view=rate`) of sources that name none: names, ' +
      'separated by commas, * and ? as in file names. Set but empty: none.',
    commands: SERVE,
  }),
  rateBytesMax: option<number>('rate-bytes-max', 64 * MIB, {
    kind: size(0, 1024 ** 4),
    help: 'Memory for the previous samples of one source; one that needs more has no deltas and rates.',
    commands: SERVE,
  }),
  bodyCacheBytes: option<number>('body-cache-bytes', 256 * MIB, {
    kind: size(0, 1024 ** 4),
    help: 'Memory for encoded list bodies; the least recently used go first.',
    commands: SERVE,
  }),
  listBytesMax: option<number>('max-list-bytes', 256 * MIB, {
    kind: size(1024, BODY_BYTES_LIMIT),
    help: 'Largest list body; beyond it the answer is 413.',
    commands: SERVE,
  }),
  cursorBytesMax: option<number>('cursor-cache-bytes', 64 * MIB, {
    kind: size(1024, BODY_BYTES_LIMIT),
    help: 'Memory for the pages of cursors; the least recently used go first.',
    commands: SERVE,
  }),
  cursorTtlMs: option<number>('cursor-ttl-ms', 60_000, {
    kind: whole(10, 24 * HOUR_MS, 'ms'),
    help: 'Time after its last use in which a cursor goes on.',
    commands: SERVE,
  }),
  frameCellsMax: option<number>('max-frame-cells', 8_000_000, {
    kind: whole(1, 1_000_000_000, ''),
    help: 'Largest selection of a live subscription, in cells.',
    commands: SERVE,
  }),
  inFlightBytesMax: derived<number | null>(
    'in-flight-bytes-max',
    () => null,
    '256MiB, or MAX_LIST_BYTES if more',
    {
      kind: size(1024, 1024 ** 4),
      help: 'Response bytes that may be under way at once; beyond it lists are answered 503.',
      commands: SERVE,
    },
  ),
  loopDelayMsMax: option<number>('loop-delay-ms-max', 1000, {
    kind: whole(10, 60_000, 'ms'),
    help: 'How late the event loop may be; beyond it lists are answered 503.',
    commands: SERVE,
  }),
  workers: derived<number>('workers', workersByCores, 'cores - 1, from 1 to 4', {
    kind: whole(1, 64, ''),
    help: 'Threads that parse, diff and encode.',
    commands: SERVE,
  }),
  workerHeapMb: option<number>('worker-heap-mb', 512, {
    kind: whole(32, 65_536, 'MiB'),
    help: 'JavaScript heap of one worker; a worker that needs more is replaced.',
    commands: SERVE,
  }),
  parseTimeoutMs: option<number>('parse-timeout-ms', 60_000, {
    kind: whole(10, HOUR_MS, 'ms'),
    help: 'Deadline of one worker job; a worker that passes it is replaced.',
    commands: SERVE,
  }),
  readers: option<number>('readers', 1, {
    kind: whole(1, 64, ''),
    help: 'Threads that serve clients on the port, the main one among them; more of them need as many cores.',
    commands: SERVE,
  }),
  connectionsMax: derived<number>('connections-max', () => 0, '0: from the limit on open files', {
    kind: whole(0, 1_000_000, ''),
    help: 'Open client connections; more are closed at once.',
    commands: SERVE,
  }),
  subscriptionsMax: option<number>('subscriptions-max', 64, {
    kind: whole(1, 10_000, ''),
    help: 'Live subscriptions of one socket.',
    commands: SERVE,
  }),
  slowClientMs: option<number>('slow-client-ms', 60_000, {
    kind: whole(10, HOUR_MS, 'ms'),
    help: 'A subscriber whose socket takes nothing for so long is closed.',
    commands: SERVE,
  }),
  liveIdleMs: option<number>('live-idle-ms', 60_000, {
    kind: whole(8000, 960_000, 'ms'),
    help: 'A live client that answers no ping for so long, and for 1.5 × SLOW_CLIENT_MS, is cut.',
    commands: SERVE,
  }),
  defaultDialect: option('default-dialect', 'none', {
    kind: choice('page', 'map', 'envelope', 'plain', 'none'),
    help: 'Dialect of requests that name none.',
    commands: SERVE,
  }),
  accessLog: option('access-log', 'errors', {
    kind: choice('off', 'errors', 'all'),
    help: 'Which requests are logged; errors are those answered 400 and above.',
    commands: SERVE,
  }),
  stateDir: derived<string | null>('state-dir', () => null, 'none: nothing is kept', {
    kind: text(4096, 'the path of a directory'),
    help: 'Directory that keeps the last good body of each source over a restart.',
    commands: SERVE,
  }),
  stateIntervalMs: option<number>('state-interval-ms', 10_000, {
    kind: whole(10, HOUR_MS, 'ms'),
    help: 'At most one body of a source is written to STATE_DIR in that time.',
    commands: SERVE,
  }),
  shutdownTimeoutMs: option<number>('shutdown-timeout-ms', 10_000, {
    kind: whole(0, HOUR_MS, 'ms'),
    help: 'Time to finish requests after SIGTERM or SIGINT. A second signal ends at once.',
    commands: EVERY,
  }),
  logLevel: option('log-level', 'info', {
    kind: choice(...LOG_LEVELS),
    help: 'Least severe level that is logged.',
    commands: EVERY,
  }),
} as const;
