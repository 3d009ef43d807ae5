/** What parts count that know nothing of stats/, shown in /metrics. Part of the composition root. */
import type { RootLogger } from './log/logger.js';
import type { Pool } from './pool/pool.js';
import type { FreeList } from './snapshot/free-list.js';
import type { Stats } from './stats/stats.js';
import type { BodyService } from './view/bodies.js';

export interface CountingParts {
  readonly pool: Pool;
  readonly bodies: BodyService;
  readonly free: FreeList;
  readonly log: RootLogger;
}

/** Call it once, while starting. Names and meanings: docs/operations.md. */
export function exposeCounts(stats: Stats, { pool, bodies, free, log }: CountingParts): void {
  const gauge = (name: string, help: string, value: () => number): void =>
    stats.expose({ name: `weft_${name}`, help, kind: 'gauge', value });
  const counter = (name: string, help: string, value: () => number): void =>
    stats.expose({ name: `weft_${name}_total`, help, kind: 'counter', value });
  gauge('jobs_running', 'Worker jobs under way.', () => pool.load.running);
  gauge('jobs_waiting', 'Worker jobs that wait for a thread.', () => pool.load.waiting);
  counter('jobs_refused', 'Encode jobs refused because the queue was full.', () => pool.load.refused);
  counter('jobs_failed', 'Worker jobs that ended without a result.', () => pool.load.failed);
  gauge('list_cache_bytes', 'Encoded list bodies held.', () => bodies.stats.cachedBytes);
  gauge('list_cache_bodies', 'Encoded list bodies held.', () => bodies.stats.cachedBodies);
  counter('list_cache_hits', 'Lists answered from the cache.', () => bodies.stats.hits);
  counter('list_shared', 'Lists that waited for a job of another request.', () => bodies.stats.shared);
  counter('list_inline', 'Lists encoded on the main thread: small ones.', () => bodies.stats.inline);
  counter('list_jobs', 'Lists encoded by a worker job.', () => bodies.stats.jobs);
  counter('list_failures', 'Jobs of lists that brought no body.', () => bodies.stats.failures);
  gauge('shared_memory_free_bytes', 'Shared buffers kept for reuse.', () => free.stats.freeBytes);
  counter('log_lines_dropped', 'Log lines lost: the output was full or too slow.', () => log.dropped);
}
