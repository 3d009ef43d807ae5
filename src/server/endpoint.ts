/** What requests are counted under, whatever their dialect and spelling. */
import type { LatencyHistogram } from '../stats/latency-histogram.js';
import type { RouteCost } from './guards/guard.js';

/** Every name there is, for /stats: `health` are all probes, `other` what leads nowhere. */
export const ENDPOINT_NAMES = [
  'GetMetric',
  'ListMetrics',
  'schema',
  'changes',
  'coverage',
  'ingest',
  'History',
  'Compare',
  'stream',
  'health',
  'stats',
  'metrics',
  'other',
] as const;

export type EndpointName = (typeof ENDPOINT_NAMES)[number];

export interface Endpoint {
  readonly name: EndpointName;
  readonly cost: RouteCost;
  /** Service times: from the handler's entry to the finished answer. */
  readonly latency: LatencyHistogram;
}
