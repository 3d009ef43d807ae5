/** What the routes of one kind are counted under, whatever their dialect and spelling. */
import type { RouteCost } from './guards/guard.js';

/** Service times of one endpoint; stats/ implements it. */
export interface LatencyRecorder {
  /** Microseconds from the handler's entry to the finished answer. */
  record(us: number): void;
}

export interface Endpoint {
  /** As in /stats: `GetMetric`. */
  readonly name: string;
  readonly cost: RouteCost;
  readonly latency: LatencyRecorder;
}
