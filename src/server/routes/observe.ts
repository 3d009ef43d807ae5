/** /stats and /metrics: what weft knows of itself. */
import { snapshotDocument, type StatsDocument, type StatsView } from '../../stats/document.js';
import type { LatencySummary } from '../../stats/latency-histogram.js';
import { metricsPage } from '../../stats/prometheus.js';
import type { MetricsPage } from '../../stats/scraped-family.js';
import type { Stats } from '../../stats/stats.js';
import type { Exchange } from '../exchange.js';
import { replyJson, replyText, requireNoParameters, smallHead } from '../json.js';

/** The documents; costs some microseconds for each histogram, nothing is cached. */
export class Observation {
  readonly #stats: Stats;
  readonly #view: StatsView;
  #page: MetricsPage | null = null;
  /** Fetches what other threads have counted; null: there are none. */
  readonly collect: (() => Promise<void>) | null;

  constructor(stats: Stats, view: StatsView, collect: (() => Promise<void>) | null = null) {
    this.collect = collect;
    this.#stats = stats;
    this.#view = view;
  }

  get document(): StatsDocument {
    return snapshotDocument(this.#stats, this.#view);
  }

  /** Made at the first scrape: by then everything has been exposed. */
  get page(): MetricsPage {
    return (this.#page ??= metricsPage(this.#stats, this.#view));
  }
}

export function handleStats(exchange: Exchange, observation: Observation): void | Promise<void> {
  requireNoParameters(exchange);
  return whenCollected(observation, () => replyJson(exchange, 200, observation.document));
}

function whenCollected({ collect }: Observation, act: () => void): void | Promise<void> {
  return collect === null ? act() : collect().then(act);
}

export async function handleMetrics(exchange: Exchange, observation: Observation): Promise<void> {
  requireNoParameters(exchange);
  await observation.collect?.();
  const { page } = observation;
  const text = await page.text();
  replyText(exchange, smallHead(page.contentType), text);
}

/** What the envelope system told of an endpoint; it knew no null. */
const ENDPOINT_MEMBERS = ['p50', 'p95', 'p99', 'max', 'count'] as const;

/** /stats of the envelope system: fewer members, zeros for what has not happened. */
export function handleEnvelopeStats(exchange: Exchange, observation: Observation): void | Promise<void> {
  return whenCollected(observation, () => replyEnvelopeStats(exchange, observation));
}

function replyEnvelopeStats(exchange: Exchange, observation: Observation): void {
  const { uptime_s, poll_last_cycle_ms, poll_retry_count, endpoints } = observation.document;
  const told = (summary: LatencySummary | undefined): Record<string, number> =>
    Object.fromEntries(ENDPOINT_MEMBERS.map((member) => [member, summary?.[member] ?? 0]));
  replyJson(exchange, 200, {
    uptime_s,
    poll_last_cycle_ms: Math.round(poll_last_cycle_ms ?? 0),
    poll_retry_count,
    endpoints: { ListMetrics: told(endpoints['ListMetrics']), GetMetric: told(endpoints['GetMetric']) },
  });
}
