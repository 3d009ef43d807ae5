/** /stats and /metrics: what weft knows of itself. */
import type { Exchange } from '../exchange.js';
import { replyJson, replyText, requireNoParameters, smallHead } from '../json.js';

const PROMETHEUS_HEAD = smallHead('text/plain; version=0.0.4; charset=utf-8');

/** stats/ implements it. */
export interface Observed {
  /** The document of /stats. */
  document(): Readonly<Record<string, unknown>>;
  /** The text of /metrics. */
  prometheus(): Promise<string>;
}

export function handleStats(exchange: Exchange, observed: Observed): void {
  requireNoParameters(exchange);
  replyJson(exchange, 200, observed.document());
}

export async function handleMetrics(exchange: Exchange, observed: Observed): Promise<void> {
  requireNoParameters(exchange);
  const text = await observed.prometheus();
  replyText(exchange, PROMETHEUS_HEAD, text);
}

type Percentiles = Readonly<Record<string, number | null>>;

/** What the envelope system told of an endpoint; it knew no null. */
const ENDPOINT_MEMBERS = ['p50', 'p95', 'p99', 'max', 'count'] as const;

/** /stats of the envelope system: fewer members, zeros for what has not happened. */
export function handleEnvelopeStats(exchange: Exchange, observed: Observed): void {
  const { uptime_s, poll_last_cycle_ms, poll_retry_count, endpoints } = observed.document();
  const told = Object.entries((endpoints ?? {}) as Readonly<Record<string, Percentiles>>)
    .filter(([name]) => name === 'GetMetric' || name === 'ListMetrics')
    .map(([name, values]) => [
      name,
      Object.fromEntries(ENDPOINT_MEMBERS.map((one) => [one, values[one] ?? 0])),
    ]);
  replyJson(exchange, 200, {
    uptime_s: uptime_s ?? 0,
    poll_last_cycle_ms: poll_last_cycle_ms ?? 0,
    poll_retry_count: poll_retry_count ?? 0,
    endpoints: Object.fromEntries(told) as unknown,
  });
}
