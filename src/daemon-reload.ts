/**
 * SIGHUP: the configuration is read again, and what may change while the daemon runs is taken over:
 * sources, log level, tokens and certificate. A mistake anywhere changes nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config/config.js';
import type { LoadedConfig } from './config/load.js';
import { OPTION_ROWS, type OptionKey } from './config/options.js';
import type { SourceSet } from './daemon-sources.js';
import type { Supervisor } from './lifecycle/supervisor.js';
import type { RootLogger } from './log/logger.js';
import type { Redactor } from './model/redact.js';
import type { RunningServer } from './server/running-server.js';
import type { Stats } from './stats/stats.js';

/** Options that come into force: by themselves, or as part of each source. */
const LIVE_OPTIONS: ReadonlySet<OptionKey> = new Set([
  'logLevel',
  ...(['tokensFile', 'tlsCert', 'tlsKey', 'tlsMinVersion'] as const),
  ...(['upstreamUrls', 'pollMs', 'pollTimeoutMs', 'staleMsMax', 'bodyBytesMax', 'decodedBytesMax'] as const),
  ...(['rateColumns', 'rateBytesMax'] as const),
  ...(['sourceNetworks', 'sourceAllow', 'sourcePorts', 'sourceSchemes'] as const),
] as const);

export interface ReloadDeps {
  /** What the daemon was started with. */
  readonly config: Config;
  readonly stats: Stats;
  readonly log: RootLogger;
  readonly redactor: Redactor;
  readonly sources: SourceSet;
  readonly server: () => RunningServer | null;
  readonly supervisor: () => Supervisor;
}

export class Reloads {
  readonly #deps: ReloadDeps;
  #lastWentWell = true;
  /** Asked for while one is under way: only the last one matters. */
  #next: (() => LoadedConfig) | null = null;
  #running = false;

  constructor(deps: ReloadDeps) {
    this.#deps = deps;
    deps.stats.expose({
      name: 'weft_config_reload_success',
      help: '1 unless the last reload of the configuration (SIGHUP) failed.',
      kind: 'gauge',
      value: () => Number(this.#lastWentWell),
    });
  }

  /** One at a time. */
  ask(read: () => LoadedConfig): void {
    this.#next = read;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let read = this.#next; read !== null; read = this.#next) {
      this.#next = null;
      if (!this.#deps.supervisor().isStopping) await this.#take(read);
    }
    this.#running = false;
  }

  /** Never rejects. */
  async #take(read: () => LoadedConfig): Promise<void> {
    const { log, redactor } = this.#deps;
    try {
      const loaded = read();
      if (!loaded.ok || !('config' in loaded)) {
        const mistakes = loaded.ok ? [] : loaded.mistakes;
        this.#lastWentWell = false;
        const message = 'cannot reload the configuration: the old one stays';
        return log.error('config.reload', { ok: false, mistakes }, message);
      }
      redactor.learn(loaded.secrets);
      await this.#apply(loaded.config);
    } catch (error) {
      this.#lastWentWell = false;
      const message = `cannot reload all of the configuration: ${(error as Error).message}`;
      log.error('config.reload', { ok: false, error }, message);
    }
  }

  async #apply(config: Config): Promise<void> {
    const { server, log, sources, supervisor } = this.#deps;
    // First what can still be refused.
    const changed = [...(server()?.reload(config) ?? [])];
    const became = await sources.become(config.sources, supervisor());
    const isOther = Object.values(became).some(({ length }) => length > 0);
    if (isOther) changed.push('sources');
    if (config.logLevel !== log.level) changed.push('log_level');
    this.#lastWentWell = true;
    const needRestart = this.#needRestart(config);
    const fields = { ok: true, changed, ...(isOther && { sources: became }) };
    const say = (): void => log.info('config.reload', fields, 'the configuration was read again');
    // Whichever level lets it through: what has happened is to be seen.
    if (config.logLevel === 'debug' || config.logLevel === 'info') log.level = config.logLevel;
    say();
    if (needRestart.length > 0) {
      const message = `cannot change while weft runs: ${needRestart.join(', ')}; restart it`;
      log.warn('config.restart', { options: needRestart }, message);
    }
    log.level = config.logLevel;
  }

  /** Options, as the environment names them, that are not what the daemon was started with. */
  #needRestart(config: Config): readonly string[] {
    const { config: running } = this.#deps;
    const values = [running, config].map((one) => one as unknown as Readonly<Record<OptionKey, unknown>>);
    const [then, now] = values as [(typeof values)[0], (typeof values)[0]];
    const others = OPTION_ROWS.filter(
      ([key]) => !LIVE_OPTIONS.has(key) && !isDeepStrictEqual(then[key], now[key]),
    );
    const names = others.map(([, { env }]) => env);
    // Whether anybody is asked, and whether TLS is spoken, is decided at the start.
    if ((running.tokens === null) !== (config.tokens === null)) names.push('TOKENS_FILE');
    if ((running.listenerTls === null) !== (config.listenerTls === null)) names.push('TLS_CERT');
    return names;
  }
}
