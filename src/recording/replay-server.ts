/** A recording as an upstream: an HTTP server that answers what the recorded source answered then. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../model/clock.js';
import type { Logger } from '../model/log.js';
import { BodyStore } from './body-store.js';
import { Player, type PlayerOptions, type Playing } from './player.js';
import type { Answer, Timeline } from './timeline.js';

export interface ReplayOptions extends PlayerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export interface Replay {
  readonly port: number;
  /** `http://host:port`, without a path. */
  readonly url: string;
  close(): Promise<void>;
}

/** Where a recording of one source also answers: what an upstream is usually asked for. */
const USUAL_PATHS: ReadonlySet<string> = new Set(['/', '/counters', '/csv/metrics']);
const ALLOW = 'GET, HEAD';
const IDLE_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;
const CONNECTIONS_MAX = 4096;

/** Listens, and begins with the recorded time at that moment. Throws an Error that names the address. */
export async function startReplay(
  timeline: Timeline,
  options: ReplayOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<Replay> {
  let handler: ReplayHandler | null = null;
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (req, res) => void handler?.answer(req, res),
  );
  server.timeout = IDLE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, options);
  handler = new ReplayHandler(timeline, options, clock, log);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    url: `http://${host}:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, { host, port }: ReplayOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the address is in use' : cause.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${why} (--port, GENERATOR_HOST)`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

class ReplayHandler {
  readonly #timeline: Timeline;
  readonly #player: Player;
  readonly #store: BodyStore;
  readonly #log: Logger;

  constructor(timeline: Timeline, options: ReplayOptions, clock: Clock, log: Logger) {
    this.#timeline = timeline;
    this.#player = new Player(timeline, options, clock);
    this.#store = new BodyStore((line, why) => log.warn('replay.damaged', { line }, `line ${line}: ${why}`));
    this.#log = log;
  }

  /** Never rejects. */
  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.on('error', () => {}); // the client went away
    const path = pathOf(req.url ?? '/');
    try {
      await this.#route(path, req, res);
    } catch (error) {
      this.#log.error('replay.error', { path, error });
      if (res.headersSent) res.destroy();
      else json(req, res, 500, { error: 'internal', message: String(error) });
    }
  }

  async #route(path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const source = this.#sourceOf(path);
    if (source === null && path !== '/health') {
      const paths = [...this.#timeline.sources.keys()].map((id) => `/${id}`).join(', ');
      return json(req, res, 404, { error: 'not_found', message: `No such path: try ${paths} or /health.` });
    }
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', ALLOW);
      return json(req, res, 405, { error: 'method_not_allowed', message: `Allowed: ${ALLOW}.` });
    }
    if (source === null) return json(req, res, 200, { ok: true });
    const playing = this.#player.now(source, req.method === 'GET');
    const { failure } = playing.answer;
    if (failure)
      return json(req, res, failure.status, { error: 'recorded_failure', message: failure.message });
    await this.#sendBody(source, playing, req, res);
  }

  #sourceOf(path: string): string | null {
    const { sources } = this.#timeline;
    const id = path.slice(1);
    if (sources.has(id)) return id;
    return sources.size === 1 && USUAL_PATHS.has(path) ? [...sources.keys()][0]! : null;
  }

  async #sendBody(
    source: string,
    playing: Playing,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    const { answer, snapshotTsMs } = playing;
    const body = answer.body!;
    const isGzip = takesGzip(req);
    // Another coding is another body to whoever compares names.
    const etag = `${body.sha256.slice(0, 32)}${isGzip ? '-gzip' : ''}`;
    res.setHeader('ETag', etag);
    res.setHeader('Vary', 'Accept-Encoding');
    res.setHeader('Cache-Control', 'no-store');
    if (snapshotTsMs !== null) res.setHeader('X-Snapshot-Ts', Math.round(snapshotTsMs));
    if (req.headers['if-none-match'] === etag) {
      res.statusCode = 304;
      res.end();
      return;
    }
    const loaded = await this.#store.load(source, body);
    if (!loaded) {
      for (const name of ['ETag', 'X-Snapshot-Ts']) res.removeHeader(name);
      return json(req, res, 503, { error: 'damaged', message: damageOf(answer) });
    }
    const bytes = isGzip ? await loaded.gzipped() : loaded.bytes;
    if (isGzip) res.setHeader('Content-Encoding', 'gzip');
    res.setHeader('Content-Type', body.contentType ?? 'text/csv; charset=utf-8');
    res.setHeader('Content-Length', bytes.length);
    res.end(req.method === 'HEAD' ? undefined : bytes);
  }
}

function damageOf({ body }: Answer): string {
  return `The body of line ${body!.line} is not what was recorded.`;
}

function pathOf(target: string): string {
  const path = target.split('?', 1)[0]!;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function takesGzip({ headers }: IncomingMessage): boolean {
  const codings = String(headers['accept-encoding'] ?? '').toLowerCase();
  return codings.split(',').some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/.test(coding));
}

function json(req: IncomingMessage, res: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/json');
  res.setHeader('Content-Length', bytes.length);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}
