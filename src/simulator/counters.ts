/**
 * `GET /counters`: faults first, then If-None-Match, then the bytes of the present tick. Parameters:
 * - `dialect=page|map|envelope|plain|ufm`; the option `dialect` when absent.
 * - `mode=…` one fault for this request, see FAULT_MODES; with `at=cell`, `header=1` or `ms=1500`.
 * - `newline=0` leaves out the last line end (one of the earlier producers never sent it).
 * - `gzip=1` like Accept-Encoding: gzip, where the option `gzip` is on.
 */

import { sleep, type Clock, type Random } from '../model/clock.js';
import type { Body } from './body.js';
import { CR, LF } from './digits.js';
import { slicesOf, type Exchange } from './exchange.js';
import {
  cutInsideNumber,
  edited,
  FAULT_MODES,
  isEditMode,
  LOGIN_PAGE,
  parseFaultMode,
  type FaultMode,
} from './faults.js';
import type { SimulatorLog } from './log.js';
import {
  isSimulatorDialect,
  SIMULATOR_DIALECTS,
  type SimulatorDialect,
  type SimulatorOptions,
} from './options.js';
import type { Ticks } from './ticks.js';

const CSV_TYPE = 'text/csv; charset=utf-8';
const SLOW_SHARE = 0.2;
const SLOW_MS_DEFAULT = 2000;
const SLOW_MS_MAX = 50_000;

/** As the earlier systems named their downloads. */
const DISPOSITION: Partial<Record<SimulatorDialect, string>> = {
  page: 'attachment; filename="telemetry_sample.csv"',
  plain: 'attachment; filename=metrics.csv',
};

export interface CountersContext {
  readonly options: SimulatorOptions;
  readonly ticks: Ticks;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SimulatorLog;
}

/** What one request asked for. */
interface Wish {
  readonly dialect: SimulatorDialect;
  readonly mode: FaultMode | undefined;
  readonly gzip: boolean;
  readonly finalNewline: boolean;
}

/** Answers one request; `fixed` is the dialect of a path that has its own. */
export async function answerCounters(
  context: CountersContext,
  exchange: Exchange,
  fixed: SimulatorDialect | undefined,
): Promise<void> {
  const wish = readWish(context.options, exchange, fixed);
  if (!wish) return;
  const fault = wish.mode ?? drawFault(context);
  if (fault) inject(context, exchange, fault);
  if (fault === 'error_500') return exchange.json(500, { error: 'injected failure' });
  if (fault === 'slow') {
    await sleep(context.clock, slowMs(context.options, exchange.query), exchange.gone);
    if (exchange.gone.aborted) return;
  }
  if (fault === 'html') return exchange.text(200, 'text/html; charset=utf-8', LOGIN_PAGE);
  const cut = (): void => void exchange.res.destroy();
  const { body, release } = await context.ticks.lease(wish.dialect, wish.gzip, cut);
  if (exchange.gone.aborted) return release();
  exchange.gone.addEventListener('abort', release, { once: true });
  exchange.facts['age_ms'] = Math.max(0, Math.round(context.clock.nowMs()) - body.tsMs);
  exchange.facts['snapshot_id'] = body.etag;
  await answerWith(context, exchange, wish, body);
}

/** The request's parameters, or undefined after a refusal was sent. */
function readWish(
  options: SimulatorOptions,
  exchange: Exchange,
  fixed: SimulatorDialect | undefined,
): Wish | undefined {
  const { query, req } = exchange;
  const dialect = fixed ?? query.get('dialect') ?? options.dialect;
  if (!isSimulatorDialect(dialect)) {
    refuse(exchange, `cannot serve dialect '${dialect}': use ${SIMULATOR_DIALECTS.join(', ')}`);
    return undefined;
  }
  const modeText = query.get('mode');
  const mode = modeText === null ? undefined : parseFaultMode(modeText);
  if (modeText !== null && !mode) {
    refuse(exchange, `cannot inject mode '${modeText}': use ${FAULT_MODES.join(', ')}`);
    return undefined;
  }
  const finalNewline = query.get('newline') !== '0';
  const asked = query.get('gzip') === '1' || acceptsGzip(req.headers['accept-encoding']);
  const whole = finalNewline && (mode === undefined || mode === 'slow');
  return { dialect, mode, gzip: options.gzip && asked && whole, finalNewline };
}

function refuse(exchange: Exchange, message: string): void {
  exchange.json(400, { error: 'bad_value', message });
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(^|[,\s])(gzip|x-gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(header ?? ''));
}

/** Faults by chance, for requests that name none. */
function drawFault({ options, random }: CountersContext): FaultMode | undefined {
  if (options.fault500Pct > 0 && random() * 100 < options.fault500Pct) return 'error_500';
  if (options.faultSlowMs > 0 && random() < SLOW_SHARE) return 'slow';
  return undefined;
}

function inject({ log }: CountersContext, exchange: Exchange, fault: FaultMode): void {
  log.event('warn', 'gen.inject_fault', { fault, path: exchange.path });
}

function slowMs(options: SimulatorOptions, query: URLSearchParams): number {
  const asked = Number(query.get('ms') ?? NaN);
  if (asked >= 0 && asked <= SLOW_MS_MAX) return asked;
  return options.faultSlowMs || SLOW_MS_DEFAULT;
}

async function answerWith(
  context: CountersContext,
  exchange: Exchange,
  wish: Wish,
  body: Body,
): Promise<void> {
  const { res, req, query } = exchange;
  const { mode } = wish;
  // A damaged body must not pass for the good one of the same tick.
  const etag = mode && mode !== 'slow' ? `${body.etag}-${mode}` : body.etag;
  res.setHeader('ETag', etag);
  res.setHeader('X-Snapshot-Ts', String(body.tsMs));
  res.setHeader('Cache-Control', 'no-store');
  if (context.options.gzip) res.setHeader('Vary', 'Accept-Encoding');
  if (req.headers['if-none-match'] === etag) return exchange.bodiless(304);
  res.setHeader('Content-Type', CSV_TYPE);
  const disposition = DISPOSITION[wish.dialect];
  if (disposition) res.setHeader('Content-Disposition', disposition);
  if (wish.gzip) res.setHeader('Content-Encoding', 'gzip');

  const bytes = wish.finalNewline ? body.bytes : withoutNewline(body.bytes);
  if (isEditMode(mode)) {
    const seed = context.options.seed ^ (mode === 'corrupt' ? body.tick : 0);
    return send(exchange, edited(bytes, mode, seed));
  }
  if (mode === 'empty')
    return sendWhole(exchange, bytes.subarray(0, query.get('header') === '1' ? headerLength(bytes) : 0));
  if (mode === 'truncate' && query.get('at') === 'cell')
    return sendWhole(exchange, bytes.subarray(0, cutInsideNumber(bytes)));
  if (mode === 'truncate' || mode === 'reset') return breakOff(exchange, bytes, mode === 'reset');
  return sendWhole(exchange, bytes);
}

function headerLength(bytes: Uint8Array): number {
  return bytes.indexOf(LF) + 1;
}

function withoutNewline(bytes: Uint8Array): Uint8Array {
  const crlf = bytes[bytes.length - 2] === CR;
  return bytes.subarray(0, bytes.length - (crlf ? 2 : 1));
}

function sendWhole(exchange: Exchange, bytes: Uint8Array): Promise<void> {
  exchange.res.setHeader('Content-Length', bytes.length);
  return send(exchange, slicesOf(bytes));
}

async function send(exchange: Exchange, slices: Iterable<Uint8Array>): Promise<void> {
  if (!exchange.headOnly && !(await exchange.write(slices))) return;
  exchange.res.end();
}

/** Announces everything, sends half, and closes the connection in order (FIN) or by reset. */
async function breakOff(exchange: Exchange, bytes: Uint8Array, byReset: boolean): Promise<void> {
  const { res } = exchange;
  res.setHeader('Content-Length', bytes.length);
  if (exchange.headOnly) return void res.end();
  await exchange.writeThrough(bytes.subarray(0, bytes.length >> 1));
  if (byReset) res.socket?.resetAndDestroy();
  else res.socket?.destroySoon();
}
