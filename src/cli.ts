/**
 * weft serve | simulate | demo | record | replay | load | token. Reads the configuration, starts what was
 * asked for, and ends with 0 (stopped), 1 (cannot run) or 78 (configuration).
 */
import { readFileSync } from 'node:fs';
import { makeToken, tokenText } from './cli-token.js';
import { openSavedFiles, savedFiles } from './cli-files.js';
import type { Part } from './cli-recordings.js';
import type { Config } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import type { Command } from './config/option.js';
import { helpText } from './config/help.js';
import { loadConfig, type LoadedConfig } from './config/load.js';
import type { ThreadEntries } from './daemon-parts.js';
import { startDaemon, type Daemon } from './daemon.js';
import { exitProcess, hookProcess, hookReload } from './lifecycle/process-hooks.js';
import { Shutdown } from './lifecycle/shutdown.js';
import { createLogger, type RootLogger } from './log/logger.js';
import { systemClock, systemRandom } from './model/clock.js';
import { EXIT_CANNOT_RUN, EXIT_CONFIG } from './model/exit.js';
import { Redactor } from './model/redact.js';
import { NativeBuildError } from './server/uws.js';
import type { Simulator } from './simulator/simulator.js';

/** The rest of the log is given so long when the process ends. */
const FLUSH_MS = 1_000;

function version(): string {
  const url = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}

async function startFabric(config: Config, log: RootLogger): Promise<Simulator> {
  // What `serve` does not need is loaded by who does: each file costs its start a part of a millisecond.
  const { startSimulator } = await import('./simulator/simulator.js');
  const simulatorLog = log.child({ part: 'simulator' });
  const simulator = await startSimulator(
    {
      host: config.generatorHost,
      port: config.generatorPort,
      switches: config.dataSwitches,
      intervalSec: config.dataIntervalSec,
      columns: config.generatorColumns,
      seed: config.generatorSeed,
      dialect: config.generatorDialect,
      fault500Pct: config.fault500Pct,
      faultSlowMs: config.faultSlowMs,
    },
    {
      clock: systemClock,
      // Every tick and request at info would drown what the daemon says.
      log: {
        event: (level, name, fields) => simulatorLog[level === 'info' ? 'debug' : level](name, fields),
      },
    },
  );
  log.info('startup', { part: 'simulator', url: simulator.url });
  return simulator;
}

/** In a demo the built-in source is the simulator just started, on whatever port it got. */
function withUpstream(config: Config, simulator: Simulator | null): Config {
  if (!simulator || !config.defaultUpstream) return config;
  const sources = config.sources.map((source) => ({ ...source, url: `${simulator.url}/counters` }));
  return { ...config, sources };
}

/** What was read again, with the sources of the command: files of `load` stay those of its start. */
function asServed(
  loaded: LoadedConfig,
  command: Command,
  running: Config,
  simulator: Simulator | null,
): LoadedConfig {
  if (!loaded.ok || !('config' in loaded)) return loaded;
  const { sources } = command === 'load' ? running : withUpstream(loaded.config, simulator);
  return { ...loaded, config: { ...loaded.config, sources } };
}

/** `heads`: name and address of what feeds the daemon. */
async function printTryIt(daemon: Daemon, heads: readonly (readonly [string, string])[]): Promise<void> {
  const { switchId, metric } = await daemon.example;
  const query = `switch_id=${encodeURIComponent(switchId)}&metric=${encodeURIComponent(metric)}`;
  process.stdout.write(
    [
      '',
      ...[...heads, ['weft', daemon.url] as const].map(([name, at]) => `  ${name.padEnd(9)}  ${at}`),
      '',
      `  curl '${daemon.url}/telemetry/GetMetric?${query}'`,
      `  curl '${daemon.url}/telemetry/ListMetrics?metrics=${encodeURIComponent(metric)}'`,
      `  curl '${daemon.url}/stats'`,
      '',
      '',
    ].join('\n'),
  );
}

/** A configuration to run with. */
type Loaded = Extract<LoadedConfig, { readonly config: Config }>;

async function run(
  { command, config, secrets }: Loaded,
  read: () => LoadedConfig,
  entries: ThreadEntries,
): Promise<void> {
  const redactor = new Redactor(secrets);
  const log = createLogger({ level: config.logLevel, clock: systemClock, redactor });
  let simulator: Simulator | null = null;
  let daemon: Daemon | null = null;
  let part: Part | null = null;
  let served = config;
  const shutdown = new Shutdown({
    stop: async () => {
      const clean = (await daemon?.stop()) ?? true;
      await simulator?.close();
      await part?.stop();
      return clean;
    },
    timeoutMs: config.shutdownTimeoutMs,
    clock: systemClock,
    log,
    flush: () => log.flush(FLUSH_MS),
    exit: exitProcess,
  });
  hookProcess(shutdown);
  const giveUp = async (error: unknown): Promise<void> => {
    const message = (error as Error).message;
    if (part === null) log.fatal('startup.failed', { error: message }, message);
    process.stderr.write(`weft: ${redactor.text(message)}\n`);
    await log.flush(FLUSH_MS);
    exitProcess(error instanceof NativeBuildError ? EXIT_CONFIG : EXIT_CANNOT_RUN);
  };
  const parts = { clock: systemClock, random: systemRandom, log, redactor };
  const finish = (reason: string): void => {
    if (!shutdown.isUnderWay) shutdown.signal(reason);
  };
  try {
    if (command === 'record' || command === 'replay') {
      const { runRecord, runReplay } = await import('./cli-recordings.js');
      const endings = { finish, giveUp: (error: unknown): void => void giveUp(error) };
      part = command === 'record' ? await runRecord(config, parts, endings) : await runReplay(config, parts);
    }
    if (command === 'simulate' || command === 'demo') simulator = await startFabric(config, log);
    if (command === 'serve' || command === 'demo' || command === 'load') {
      served = command === 'load' ? await openSavedFiles(config) : withUpstream(config, simulator);
      daemon = await startDaemon(served, { ...parts, version: version(), ...entries });
      hookReload(daemon.reload.bind(daemon, () => asServed(read(), command, served, simulator)));
      const sources = served.sources.map(({ id, url, socketPath }) => ({
        id,
        url: redactor.text(url),
        ...(socketPath !== undefined && { unix: socketPath }),
      }));
      const { url } = daemon;
      log.info('startup', { part: 'daemon', version: version(), url, workers: config.workers, sources });
    }
    if (daemon && simulator) await printTryIt(daemon, [['simulator', `${simulator.url}/counters`]]);
    if (daemon && command === 'load') await printTryIt(daemon, savedFiles(config.sources));
  } catch (error) {
    await giveUp(error);
  }
}

/** Does what the command line says. Tests pass threads that misbehave on purpose. */
export async function main(argv: readonly string[], entries: ThreadEntries = {}): Promise<void> {
  const env = readEnvironment();
  const read = (): LoadedConfig => loadConfig({ argv, env, readFile: (path) => readFileSync(path, 'utf8') });
  const loaded = read();
  if (!loaded.ok) {
    for (const mistake of loaded.mistakes) process.stderr.write(`weft: ${mistake}\n`);
    process.exitCode = EXIT_CONFIG;
    return;
  }
  if (!('config' in loaded)) process.stdout.write(loaded.command === 'help' ? helpText() : `${version()}\n`);
  else if (loaded.command === 'token') {
    process.stdout.write(tokenText(makeToken(loaded.config, systemClock)));
  } else await run(loaded, read, entries);
}
