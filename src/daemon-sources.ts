/** The sources at work, and how they become others while weft runs. Part of the composition root. */
import { isDeepStrictEqual } from 'node:util';
import type { Config, SourceConfig } from './config/config.js';
import type { SharedParts } from './daemon-parts.js';
import { restoreSource } from './daemon-state.js';
import { departFrom } from './fabric/departure.js';
import { partRule } from './fabric/part-jobs.js';
import { SourceStatus } from './fabric/source-status.js';
import { waitFor } from './lifecycle/deadline.js';
import type { Supervisor } from './lifecycle/supervisor.js';
import { sleep, type Random } from './model/clock.js';
import type { Histories } from './sink/histories.js';
import type { FreeList } from './snapshot/free-list.js';
import { SourceActor } from './source-actor.js';
import { serviceName, sourceService } from './source-service.js';
import type { StateKeeper } from './state/keeper.js';

/** The service that a source added later is to be stopped behind. */
export const SERVER_SERVICE = 'server';

/** The job that merges what stays when a source leaves: a lost worker is no reason to keep the source. */
const DEPART_ATTEMPTS_MAX = 5;
const DEPART_PAUSE_MS = 1_000;
const RESTORE_MS_MAX = 5_000;

export interface SourceSetDeps extends SharedParts {
  readonly config: Config;
  readonly random: Random;
  readonly free: FreeList;
  readonly keeper: StateKeeper | null;
  readonly histories: Histories | null;
}

/** Ids of sources, by what became of them. */
export interface SourceChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export class SourceSet {
  readonly #deps: SourceSetDeps;
  readonly #actors = new Map<string, SourceActor>();
  readonly #statuses = new Map<string, SourceStatus>();
  readonly #configs = new Map<string, SourceConfig>();

  /** `statuses`: of the fabric, in the order of the configuration. */
  constructor(deps: SourceSetDeps) {
    this.#deps = deps;
    for (const [i, config] of deps.config.sources.entries()) this.#make(config, deps.fabric.sources[i]!);
  }

  get actors(): Iterable<SourceActor> {
    return this.#actors.values();
  }

  actor(id: string): SourceActor | undefined {
    return this.#actors.get(id);
  }

  #make(config: SourceConfig, status: SourceStatus): SourceActor {
    const { config: options, keeper, stats, ...shared } = this.#deps;
    const { id } = config;
    const actor = new SourceActor(config, {
      ...shared,
      stats: stats.source(id),
      status,
      parts: partRule(options.workers),
      parseTimeoutMs: options.parseTimeoutMs,
      keep: keeper && ((body) => keeper.keep(id, body)),
      missing: { rowsMax: options.missingRowsMax, keepMs: options.missingKeepMs },
    });
    this.#configs.set(id, config);
    this.#statuses.set(id, status);
    this.#actors.set(id, actor);
    return actor;
  }

  /**
   * From now on these are the sources. One that stays as it is is left alone; one that changed is
   * polled by its new rules and goes on to serve what it has; the rows of one that is gone vanish when
   * its last job has ended. Call it again only when it has settled.
   */
  async become(configs: readonly SourceConfig[], supervisor: Supervisor): Promise<SourceChanges> {
    const before = new Map(this.#configs);
    const added = configs.filter(({ id }) => !before.has(id));
    const changed = configs.filter(
      (one) => before.has(one.id) && !isDeepStrictEqual(before.get(one.id), one),
    );
    const removed = [...before.keys()].filter((id) => configs.every((config) => config.id !== id));
    for (const config of changed) await this.#change(config, supervisor);
    for (const config of added) await this.#add(config);
    this.#arrange([...configs.map(({ id }) => id), ...removed]);
    for (const { id } of added) await this.#start(id, supervisor);
    for (const id of removed) await this.#end(id, supervisor);
    if (removed.length > 0) await this.#depart(configs, removed, supervisor);
    const ids = (list: readonly SourceConfig[]): string[] => list.map(({ id }) => id);
    return { added: ids(added), changed: ids(changed), removed };
  }

  async #change(config: SourceConfig, supervisor: Supervisor): Promise<void> {
    const { id } = config;
    await supervisor.remove(serviceName(id));
    this.#actors.get(id)!.reconfigure(config);
    this.#statuses.get(id)!.maxStaleMs = config.staleMsMax;
    this.#configs.set(id, config);
    await this.#start(id, supervisor);
  }

  async #add(config: SourceConfig): Promise<void> {
    const { stats, histories, keeper, clock, free } = this.#deps;
    stats.addSource(config.id);
    histories?.addSource(config);
    const actor = this.#make(config, new SourceStatus(config.id, config.staleMsMax, clock));
    if (!keeper) return;
    // It may have been there before. A disk that hangs holds up no other source.
    let isLate = false;
    const restoring = restoreSource(keeper, actor, config.decodedBytesMax, { free, isLate: () => isLate });
    isLate = (await waitFor(restoring, RESTORE_MS_MAX, clock)).state === 'late';
  }

  #start(id: string, supervisor: Supervisor): Promise<void> {
    return supervisor.add(sourceService(this.#actors.get(id)!), SERVER_SERVICE);
  }

  /** Those that leave stand behind the others until they have left. Readers learn of `max_stale_ms`, too. */
  #arrange(ids: readonly string[]): void {
    this.#deps.fabric.arrange(
      ids.map((id) => this.#statuses.get(id)!),
      null,
    );
  }

  async #end(id: string, supervisor: Supervisor): Promise<void> {
    await supervisor.remove(serviceName(id));
    await this.#actors.get(id)!.close();
    await this.#deps.histories?.removeSource(id);
  }

  async #depart(
    configs: readonly SourceConfig[],
    removed: readonly string[],
    supervisor: Supervisor,
  ): Promise<void> {
    const { clock, config, stats } = this.#deps;
    const stay = configs.map(({ id }) => this.#statuses.get(id)!);
    for (let attempt = 1; ; attempt++) {
      const failure = await departFrom(this.#deps, stay, config.parseTimeoutMs);
      if (!failure || supervisor.isStopping) break;
      if (attempt === DEPART_ATTEMPTS_MAX) {
        throw new Error(`cannot take ${removed.join(', ')} out of the table: ${failure.message}`);
      }
      await sleep(clock, DEPART_PAUSE_MS);
    }
    for (const id of removed) {
      this.#configs.delete(id);
      this.#actors.delete(id);
      this.#statuses.delete(id);
      stats.removeSource(id);
    }
  }
}
