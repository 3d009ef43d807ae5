/** Loads configurations from literals, so that each case is one line. */

import type { Config, SourceConfig } from '../../../src/config/config.js';
import { OPERANDS, type Command } from '../../../src/config/option.js';
import type { OptionKey } from '../../../src/config/options.js';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';

export interface Given {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The text of weft.yaml; `--config weft.yaml` is added when it is given. */
  readonly file?: string;
}

export function load({ argv = ['serve'], env = {}, file }: Given): LoadedConfig {
  const withFile = file === undefined ? argv : [...argv, '--config', 'weft.yaml'];
  const readFile = (path: string): string => {
    if (path === 'weft.yaml' && file !== undefined) return file;
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
  };
  return loadConfig({ argv: withFile, env, readFile });
}

/** The configuration, or a failure that shows the mistakes. */
export function configOf(given: Given): Config {
  const loaded = load(given);
  if (!loaded.ok) throw new Error(`unexpected mistakes:\n${loaded.mistakes.join('\n')}`);
  if (!('config' in loaded)) throw new Error(`unexpected command ${loaded.command}`);
  return loaded.config;
}

export function mistakesOf(given: Given): readonly string[] {
  const loaded = load(given);
  return loaded.ok ? [] : loaded.mistakes;
}

/** The only source of a file with one source whose keys are `yaml` (one per line, not indented). */
export function sourceOf(yaml: string, env: Readonly<Record<string, string>> = {}): SourceConfig {
  return configOf({ file: sourceFile(yaml), env }).sources[0]!;
}

export function sourceMistakes(yaml: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  return mistakesOf({ file: sourceFile(yaml), env });
}

function sourceFile(yaml: string): string {
  const lines = ['id: a', 'url: http://h/c', ...yaml.split('\n')].filter((line) => line.trim() !== '');
  // A later id or url replaces the one every case needs.
  const last = lines.filter((line, index) => {
    const name = /^\w+:/.exec(line)?.[0];
    return name === undefined || !lines.slice(index + 1).some((other) => other.startsWith(name));
  });
  return `sources:\n${last.map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`).join('\n')}\n`;
}

/** A command with all that it cannot do without, but not the option under test. */
export function plainLine(command: Command, key: OptionKey): string[] {
  const operands = Array.from({ length: OPERANDS[command].min }, () => 'x');
  const needed: readonly (readonly [Command, OptionKey, string])[] = [
    ['record', 'recordOut', '--out=x'],
    ['token', 'tokenId', '--id=x'],
    ['token', 'tokenScopes', '--scopes=admin'],
  ];
  const others = needed.filter(([of, option]) => of === command && option !== key);
  return [command, ...operands, ...others.map(([, , flag]) => flag)];
}
