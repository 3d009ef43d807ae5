/** SIGHUP: the configuration is read again, and what may change while the daemon runs is taken over. */
import type { LoadedConfig } from './config/load.js';
import type { Logger } from './model/log.js';
import type { RunningServer } from './server/running-server.js';
import type { Stats } from './stats/stats.js';

export class Reloads {
  readonly #log: Logger;
  #lastWentWell = true;

  constructor(stats: Stats, log: Logger) {
    this.#log = log;
    stats.expose({
      name: 'weft_config_reload_success',
      help: '1 unless the last reload of the configuration (SIGHUP) failed.',
      kind: 'gauge',
      value: () => Number(this.#lastWentWell),
    });
  }

  /** Reads everything anew. A mistake anywhere changes nothing; other options need a restart. */
  take(server: RunningServer | null, read: () => LoadedConfig): void {
    this.#lastWentWell = false;
    const loaded = read();
    if (!loaded.ok || !('config' in loaded)) {
      const mistakes = loaded.ok ? [] : loaded.mistakes;
      const message = 'cannot reload the configuration: the old one stays';
      this.#log.error('config.reload', { ok: false, mistakes }, message);
      return;
    }
    try {
      const changed = server?.reload(loaded.config) ?? [];
      this.#lastWentWell = true;
      this.#log.info('config.reload', { ok: true, changed }, 'tokens and certificate were read again');
    } catch (error) {
      const message = `cannot reload all of the configuration: ${(error as Error).message}`;
      this.#log.error('config.reload', { ok: false, error }, message);
    }
  }
}
