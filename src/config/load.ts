/** Flags, environment and file to one frozen Config, or to the list of all mistakes. */

import { SCOPES } from '../model/access.js';
import { readCommandLine } from './argv.js';
import type { Config, SourceConfig } from './config.js';
import type { Environment } from './environment.js';
import { fileEntries } from './file-sources.js';
import { EMPTY_FILE, readConfigFile, type ConfigFile } from './file.js';
import { checkHistory } from './history-options.js';
import { Mistakes } from './mistakes.js';
import { POLL, type Command } from './option.js';
import { OptionReader } from './option-reader.js';
import type { OptionKey, OptionValues } from './options.js';
import { SecretResolver } from './secrets.js';
import { readSecurity, type Security } from './security.js';
import { guardSources } from './source-guard.js';
import { buildSources } from './sources.js';
import { formatSize } from './value-kinds.js';

const IN_FLIGHT_BYTES_DEFAULT = 256 * 1024 * 1024;

export interface ConfigInput {
  /** The command line without interpreter and script. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** The text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly command: Command;
      readonly config: Config;
      /** Values that logs and error texts must not contain. */
      readonly secrets: readonly string[];
    }
  | { readonly ok: true; readonly command: 'help' | 'version' }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** Never throws for what a user wrote. The environment of other programs (unknown names) is ignored. */
export function loadConfig({ argv, env, readFile }: ConfigInput): LoadedConfig {
  const mistakes = new Mistakes();
  const { command, flags: given, operands } = readCommandLine(argv, mistakes);
  if (command === 'help' || command === 'version') return { ok: true, command };
  const flags = command === 'record' ? withUpstream(given, operands[0], mistakes) : given;
  // Without a command everything is read as for demo, so that all mistakes come at once.
  const reader = new OptionReader({ command: command ?? 'demo', flags, env }, mistakes);
  const path = reader.pathOfFile();
  const file = path === null ? EMPTY_FILE : readConfigFile(path, readFile, mistakes);
  const values = reader.read(file.options);
  const resolver = new SecretResolver(env, mistakes);
  const polls = command === undefined || POLL.includes(command);
  const upstream = polls ? chooseUpstream(values, file, command) : NO_UPSTREAM;
  if (command === 'load' && operands.filter((path) => path === '-').length > 1) {
    mistakes.add('command line', 'names - (standard input) twice');
  }
  const saved = command === 'load' ? fileEntries(operands, values.loadKey) : [];
  const built = buildSources(
    {
      urls: upstream.urls,
      entries: polls ? file.sources : saved,
      defaults: values,
      isSound: (key) => reader.isSound(key),
      readFile,
    },
    resolver,
    mistakes,
  );
  if (polls) checkUpstream(upstream, file, reader, mistakes);
  // What the command line names is what the operator means; the default is weft's own.
  const isOwn = command === 'load' || upstream.isDefault;
  const sources = isOwn ? built : guardSources(built, values, mistakes);
  const security = readSecurity({ command, values, readFile }, resolver, mistakes);
  checkNeeded(command, values, reader, mistakes);
  const inFlightBytesMax = values.inFlightBytesMax ?? Math.max(IN_FLIGHT_BYTES_DEFAULT, values.listBytesMax);
  checkInFlight(inFlightBytesMax, values.listBytesMax, mistakes);
  if (reader.isSound('historyColumns', 'historyWindowMs', 'historyRows', 'historyBytesMax', 'pollMs')) {
    checkHistory(values, sources, mistakes);
  }
  if (command === undefined || !mistakes.empty) return { ok: false, mistakes: mistakes.lines };
  const config: Config = {
    ...assemble(values, inFlightBytesMax, sources, upstream.isDefault),
    ...security,
    ...(command === 'load' && values.port !== null && { serverPort: values.port }),
    ...(command === 'replay' && values.port !== null && { generatorPort: values.port }),
    replayDir: command === 'replay' ? operands[0]! : null,
  };
  return { ok: true, command, config: deepFreeze(config), secrets: resolver.secrets };
}

/** `weft record URL` is short for --upstream-url. */
function withUpstream(
  flags: ReadonlyMap<OptionKey, string>,
  url: string | undefined,
  mistakes: Mistakes,
): ReadonlyMap<OptionKey, string> {
  if (url === undefined) return flags;
  if (flags.has('upstreamUrls')) mistakes.add('--upstream-url', 'is given, and an UPSTREAM_URL beside it');
  return new Map([...flags, ['upstreamUrls', url]]);
}

/** What a command cannot do without. */
function checkNeeded(
  command: Command | undefined,
  values: OptionValues,
  reader: OptionReader,
  mistakes: Mistakes,
): void {
  if (command === 'record' && values.recordOut === null && reader.isSound('recordOut')) {
    mistakes.add('--out', 'is missing, allowed: the path of a folder');
  }
  if (command !== 'token') return;
  if (values.tokenId === null && reader.isSound('tokenId')) {
    mistakes.add('--id', 'is missing, allowed: a name for the token');
  }
  if (values.tokenScopes.length === 0 && reader.isSound('tokenScopes')) {
    mistakes.add('--scopes', `are missing, allowed: one or more of ${SCOPES.join(', ')}`);
  }
}

function checkUpstream(upstream: Upstream, file: ConfigFile, reader: OptionReader, mistakes: Mistakes): void {
  if (upstream.urls.length > 0 || file.sources.length > 0 || !reader.isSound('upstreamUrls')) return;
  mistakes.add('UPSTREAM_URL', 'is empty and the file has no sources, allowed: at least one source');
}

/** The default follows MAX_LIST_BYTES, so only a value that was given can be too small. */
function checkInFlight(inFlightBytesMax: number, listBytesMax: number, mistakes: Mistakes): void {
  if (inFlightBytesMax >= listBytesMax) return;
  const allowed = `at least MAX_LIST_BYTES (${formatSize(listBytesMax)}): the largest list must fit`;
  mistakes.add('IN_FLIGHT_BYTES_MAX', `${formatSize(inFlightBytesMax)} is not allowed, allowed: ${allowed}`);
}

interface Upstream {
  readonly urls: readonly string[];
  readonly isDefault: boolean;
}

const NO_UPSTREAM: Upstream = { urls: [], isDefault: false };

/** UPSTREAM_URL when it is set, the file's sources when not, the simulator's address when there is neither. */
function chooseUpstream(values: OptionValues, file: ConfigFile, command: Command | undefined): Upstream {
  if (values.upstreamUrls !== null) return { urls: values.upstreamUrls, isDefault: false };
  if (file.sources.length > 0) return NO_UPSTREAM;
  if (command !== 'demo') return { urls: ['http://127.0.0.1:9001/counters'], isDefault: true };
  // The simulator of demo may listen elsewhere; an any-address is reached through loopback.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[values.generatorHost] ?? values.generatorHost;
  const authority = host.includes(':') ? `[${host}]` : host;
  return { urls: [`http://${authority}:${values.generatorPort}/counters`], isDefault: true };
}

function assemble(
  values: OptionValues,
  inFlightBytesMax: number,
  sources: readonly SourceConfig[],
  defaultUpstream: boolean,
): Omit<Config, keyof Security> {
  const { upstreamUrls: _urls, loadKey: _key, port: _port, ...rest } = values;
  return { ...rest, inFlightBytesMax, sources, defaultUpstream, replayDir: null };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
