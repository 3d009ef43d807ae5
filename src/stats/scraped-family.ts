/** One metric family of /metrics whose values are read when it is scraped. The only user of prom-client. */

import { createRequire } from 'node:module';
import type { Metric, Registry } from 'prom-client';
import { BUCKET_BOUNDS_US, type LatencyHistogram } from './latency-histogram.js';

export type Labels = Readonly<Record<string, string>>;

/** One line. `suffix` is that of a histogram's parts: _bucket, _sum, _count. */
export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  readonly suffix?: string;
}

export interface ScrapedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Read at each scrape. A sample that is not finite is left out: absent, not zero. */
  readonly samples: () => readonly Sample[];
}

const US_PER_S = 1e6;

const require = createRequire(import.meta.url);

/** Loaded at the first scrape, and no more than the registry: the whole costs 40 ms of the start. */
function newRegistry(): Registry {
  return new (require('prom-client/lib/registry.js') as typeof Registry)();
}

/** A page of families. Formatting and escaping are prom-client's; counting never passes through it. */
export class MetricsPage {
  readonly #registry = newRegistry();
  readonly #names: readonly string[];

  constructor(families: readonly ScrapedFamily[]) {
    this.#names = families.map(({ name }) => name);
    // The registry asks its metrics for no more than a name and get(); its types ask for more.
    for (const family of families) this.#registry.registerMetric(toMetric(family) as unknown as Metric);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One family per turn of the event loop: with many sources the page is thousands of lines. */
  async text(): Promise<string> {
    const parts: string[] = [];
    for (const name of this.#names) {
      parts.push(await this.#registry.getSingleMetricAsString(name));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return `${parts.join('\n')}\n`;
  }
}

function toMetric({ name, help, type, samples }: ScrapedFamily): {
  name: string;
  get: () => Promise<object>;
} {
  const get = (): Promise<object> => {
    const values = samples()
      .filter(({ value }) => Number.isFinite(value))
      .map(({ value, labels = {}, suffix = '' }) => ({ value, labels, metricName: name + suffix }));
    return Promise.resolve({ name, help, type, values, aggregator: 'sum' });
  };
  return { name, get };
}

/** The lines of one latency histogram, in seconds. */
export function histogramSamples(histogram: LatencyHistogram, labels: Labels): readonly Sample[] {
  const counts = histogram.cumulatedCounts();
  const total = counts.at(-1) ?? 0;
  const buckets = counts.map((value, index) => ({
    value,
    labels: { ...labels, le: String(BUCKET_BOUNDS_US[index]! / US_PER_S) },
    suffix: '_bucket',
  }));
  return [
    ...buckets,
    { value: total, labels: { ...labels, le: '+Inf' }, suffix: '_bucket' },
    { value: histogram.sumUs / US_PER_S, labels, suffix: '_sum' },
    { value: total, labels, suffix: '_count' },
  ];
}
