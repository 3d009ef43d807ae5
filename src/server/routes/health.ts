/** Whether weft lives and whether it has something to serve: for people, probes and load balancers. */
import type { FabricView } from '../../fabric/fabric-view.js';
import type { Clock } from '../../model/clock.js';
import { WeftError } from '../../model/errors.js';
import { requireLiveTable } from '../../query/freshness.js';
import type { ServerCore } from '../core.js';
import type { Exchange } from '../exchange.js';
import { replyJson, requireNoParameters } from '../json.js';

/** The page system's own words: its clients may look at them. */
const PAGE_HEALTH = { service: 'ufm-telemetry-aggregation-service', status: 'OK', version: '1.0.0' };

export interface HealthDeps {
  readonly fabric: FabricView;
  readonly clock: Clock;
  readonly core: ServerCore;
  readonly version: string;
}

/** `/`: something answers here. */
export function handleRoot(exchange: Exchange, deps: HealthDeps): void {
  requireNoParameters(exchange);
  replyJson(exchange, 200, { service: 'weft', version: deps.version });
}

/** /telemetry/health. */
export function handleTelemetryHealth(exchange: Exchange, deps: HealthDeps): void {
  requireNoParameters(exchange);
  replyJson(exchange, 200, { service: 'weft', status: 'OK', version: deps.version });
}

export function handlePageHealth(exchange: Exchange): void {
  replyJson(exchange, 200, PAGE_HEALTH);
}

/** /health/live: the event loop turns. */
export function handleLive(exchange: Exchange): void {
  requireNoParameters(exchange);
  replyJson(exchange, 200, { ok: true });
}

/** /health: the same, and what works only in part. */
export function handleHealth(exchange: Exchange, isStateDegraded: (() => boolean) | undefined): void {
  requireNoParameters(exchange);
  replyJson(exchange, 200, isStateDegraded?.() ? { ok: true, persistence: 'degraded' } : { ok: true });
}

/** /health/ready: at least one source has published and is not stale. Throws no_data or stale. */
export function handleReady(exchange: Exchange, deps: HealthDeps): void {
  requireNoParameters(exchange);
  if (deps.core.draining)
    throw new WeftError('overloaded', 'cannot take requests: the server is stopping', 1);
  const { snapshotId } = requireLiveTable(deps.fabric, deps.clock);
  replyJson(exchange, 200, { ok: true, snapshot_id: snapshotId });
}
