/** What parts count that know nothing of stats/, shown in /metrics. Part of the composition root. */
import type { Readers } from './daemon-readers.js';
import type { Fabric } from './fabric/fabric.js';
import type { Hub } from './live/hub.js';
import type { RootLogger } from './log/logger.js';
import type { Pool } from './pool/pool.js';
import type { FreeList } from './snapshot/free-list.js';
import type { Stats } from './stats/stats.js';
import type { BodyService } from './view/bodies.js';
import type { CursorService } from './view/cursors.js';

export interface CountingParts {
  readonly pool: Pool;
  readonly bodies: BodyService;
  readonly cursors: CursorService;
  readonly free: FreeList;
  readonly log: RootLogger;
  readonly fabric: Fabric;
  readonly hub: Hub;
}

/** Call it once, while starting. Names and meanings: docs/operations.md. */
export function exposeCounts(stats: Stats, parts: CountingParts): void {
  const { pool, bodies, cursors, free, log, fabric, hub } = parts;
  const gauge = (name: string, help: string, value: () => number): void =>
    stats.expose({ name: `weft_${name}`, help, kind: 'gauge', value });
  const counter = (name: string, help: string, value: () => number): void =>
    stats.expose({ name: `weft_${name}_total`, help, kind: 'counter', value });
  gauge('rows', 'Rows served, each key once.', () => fabric.table?.rowsTotal ?? 0);
  gauge('shared_rows', 'Rows that more than one source reports.', () => fabric.table?.sharedRows ?? 0);
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
  gauge('cursor_bytes', 'Pages of cursors held.', () => cursors.stats.heldBytes);
  gauge('cursors', 'Selections whose pages are held.', () => cursors.stats.heldSets);
  counter('cursors_started', 'Selections cut into pages.', () => cursors.stats.started);
  counter('cursors_expired', 'Cursors dropped: not used in time.', () => cursors.stats.expired);
  counter('cursors_evicted', 'Cursors dropped to make room.', () => cursors.stats.evicted);
  gauge('shared_memory_free_bytes', 'Shared buffers kept for reuse.', () => free.stats.freeBytes);
  gauge('live_held_bytes', 'Frames on their way to live clients, each once.', () => hub.held.bytes);
  counter('log_lines_dropped', 'Log lines lost: the output was full or too slow.', () => log.dropped);
}

/** The same of the threads that serve. */
export function exposeReaders(stats: Stats, readers: Readers | null): void {
  stats.expose({
    name: 'weft_readers',
    help: 'Threads that serve clients now.',
    kind: 'gauge',
    value: () => readers?.running ?? 1,
  });
  stats.expose({
    name: 'weft_requests_handed_on_total',
    help: 'Requests that another thread took and main answered.',
    kind: 'counter',
    value: () => readers?.handedOn ?? 0,
  });
}
