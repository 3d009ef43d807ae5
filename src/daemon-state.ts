/** What survives a restart: the last good body of each source. Part of the composition root. */
import type { Config } from './config/config.js';
import type { DaemonParts } from './daemon-parts.js';
import type { Service } from './lifecycle/service.js';
import { Throttle } from './log/throttle.js';
import type { Clock, Timer } from './model/clock.js';
import type { Logger } from './model/log.js';
import { BodyArena } from './snapshot/arena.js';
import type { FreeList } from './snapshot/free-list.js';
import type { SourceActor } from './source-actor.js';
import { StateKeeper, type StateObserver } from './state/keeper.js';
import { StateThread } from './state/thread.js';
import type { Stats } from './stats/stats.js';

/** The port opens after so long, whatever the disk does. */
const RESTORE_MS_MAX = 20_000;
/** For the last writes of a stopping daemon. */
const FLUSH_MS_MAX = 5_000;

/** Call it once, while starting. */
export function exposeState(stats: Stats, keeper: StateKeeper | null): void {
  stats.expose({
    name: 'weft_state_degraded',
    help: 'Whether the last write of some source to STATE_DIR failed.',
    kind: 'gauge',
    value: () => (keeper?.isDegraded ? 1 : 0),
  });
}

/** Null without STATE_DIR. */
export function makeKeeper(config: Config, parts: DaemonParts, stats: Stats): StateKeeper | null {
  const { stateDir, stateIntervalMs: intervalMs } = config;
  if (stateDir === null) return null;
  const { clock, log, version } = parts;
  const observer = observe(stateDir, log, clock, stats);
  return new StateKeeper({ disk: new StateThread(stateDir), clock, observer, version, intervalMs });
}

function observe(dir: string, log: Logger, clock: Clock, stats: Stats): StateObserver {
  const errors = new Throttle(clock);
  return {
    written: (source) => {
      stats.counters.add('state_writes');
      log.debug('state.written', { source });
    },
    failed: (source, reason) => {
      stats.counters.add('state_failures');
      // One key for all sources: they share one disk, and one line a minute says that it refuses.
      const withheld = errors.admit('');
      if (withheld === undefined) return;
      log.error('state.error', { source, dir, withheld }, `cannot use STATE_DIR: ${reason}`);
    },
    restored: (source, meta) => {
      stats.counters.add('state_restored');
      const { bytes, received_at_ms, snapshot_ts_ms } = meta;
      log.info('state.restored', { source, bytes, received_at_ms, snapshot_ts_ms });
    },
    bad: (source, reason, aside) => {
      stats.counters.add('state_bad_files');
      log.warn('state.bad', { source, dir, aside }, `cannot restore ${source} from its file: ${reason}`);
    },
  };
}

/** Publishes what was kept of a source, unless it `isLate` by then: its first poll may be under way. */
export async function restoreSource(
  keeper: StateKeeper,
  actor: SourceActor,
  bodyBytesMax: number,
  { free, isLate }: { readonly free: FreeList; readonly isLate: () => boolean },
): Promise<void> {
  const kept = await keeper.restore(actor.id, bodyBytesMax, (bytes) => BodyArena.ofLength(free, bytes));
  if (kept === null) return;
  if (isLate()) return kept.bytes.release();
  const { received_at_ms, snapshot_ts_ms, content_type } = kept.meta;
  await actor.restore({
    bytes: kept.bytes,
    receivedAtMs: received_at_ms,
    snapshotTsMs: snapshot_ts_ms,
    contentType: content_type,
  });
}

/** Started behind the workers and before the sources: what is restored is served when the port opens. */
export function stateService(
  keeper: StateKeeper,
  actors: Iterable<SourceActor>,
  config: Config,
  { clock, log, free }: { readonly clock: Clock; readonly log: Logger; readonly free: FreeList },
): Service {
  const bytesMax = new Map(config.sources.map(({ id, decodedBytesMax }) => [id, decodedBytesMax]));
  let isLate = false;
  const restore = (actor: SourceActor): Promise<void> =>
    restoreSource(keeper, actor, bytesMax.get(actor.id)!, { free, isLate: () => isLate });
  return {
    name: 'state',
    start: async () => {
      const restored = keeper.prepare().then(() => Promise.all([...actors].map(restore)));
      let timer: Timer | null = null;
      const late = new Promise<void>((resolve) => {
        timer = clock.schedule(RESTORE_MS_MAX, () => {
          const dir = config.stateDir;
          log.error('state.error', { dir }, `cannot restore all sources within ${RESTORE_MS_MAX} ms`);
          resolve();
        });
      });
      await Promise.race([restored, late]);
      (timer as Timer | null)?.cancel();
      isLate = true;
    },
    stop: () => keeper.close(Math.min(FLUSH_MS_MAX, config.shutdownTimeoutMs / 2)),
  };
}
