/** The configuration file: YAML to plain values, with the position of what is wrong. */

import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { Mistakes } from './mistakes.js';
import { hint } from './nearest.js';
import { OPTION_ROWS, type OptionKey } from './options.js';

const require = createRequire(import.meta.url);

const FILE_LENGTH_MAX = 4 * 1024 * 1024;
/** Aliases may repeat a subtree; more than so many are an attack or an accident. */
const ALIASES_MAX = 100;

export interface ConfigFile {
  /** Raw values by option key; null and absent are the same. */
  readonly options: ReadonlyMap<OptionKey, unknown>;
  /** Raw entries of `sources:`. */
  readonly sources: readonly unknown[];
}

export const EMPTY_FILE: ConfigFile = { options: new Map(), sources: [] };
const FILE_KEYS = new Map(
  OPTION_ROWS.flatMap(([key, spec]) => (spec.fileKey === null ? [] : [[spec.fileKey, key] as const])),
);

/** `history` of `history.columns`. */
const SECTIONS = new Set([...FILE_KEYS.keys()].flatMap((name) => name.split('.').slice(0, -1)));

/** Reads and parses `path`; every mistake goes to `mistakes`, and what is sound is returned. */
export function readConfigFile(
  path: string,
  readFile: (path: string) => string,
  mistakes: Mistakes,
): ConfigFile {
  const root = parseYamlFile(path, 'the configuration file', readFile, mistakes);
  if (root === undefined || root === null) return EMPTY_FILE;
  if (typeof root !== 'object' || Array.isArray(root)) {
    mistakes.value(path, root, 'a mapping of options, such as poll_ms: 1500');
    return EMPTY_FILE;
  }
  return readRoot(root as Record<string, unknown>, mistakes);
}

/** What the YAML at `path` says, or undefined after a mistake. `what` it is, for messages. */
export function parseYamlFile(
  path: string,
  what: string,
  readFile: (path: string) => string,
  mistakes: Mistakes,
): unknown {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    mistakes.add(path, `cannot read ${what}: ${reason(error)}`);
    return undefined;
  }
  if (text.length > FILE_LENGTH_MAX) {
    mistakes.add(path, `cannot read ${what}: longer than ${FILE_LENGTH_MAX} characters`);
    return undefined;
  }
  return parseYaml(path, text, mistakes);
}

/** A system error without its path and syscall, which the line names already. */
function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}

function parseYaml(path: string, text: string, mistakes: Mistakes): unknown {
  // Loading it takes a tenth of the start, and most starts have no file.
  const { LineCounter, parseDocument } = require('yaml') as typeof Yaml;
  const lineCounter = new LineCounter();
  // Pretty errors quote the lines around the mistake, and those may hold a secret.
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: true,
    version: '1.2',
  });
  for (const { pos, message } of document.errors) {
    const { line, col } = lineCounter.linePos(pos[0]);
    mistakes.add(`${path}:${line}:${col}`, `is not YAML: ${message}`);
  }
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    mistakes.add(path, `is not usable YAML: ${reason(error)}`);
    return undefined;
  }
}

function readRoot(root: Record<string, unknown>, mistakes: Mistakes): ConfigFile {
  const options = new Map<OptionKey, unknown>();
  let sources: readonly unknown[] = [];
  for (const [name, value] of Object.entries(root)) {
    const key = name.includes('.') ? undefined : FILE_KEYS.get(name);
    if (SECTIONS.has(name)) readSection(name, value, options, mistakes);
    else if (name === 'sources') {
      if (Array.isArray(value)) sources = value;
      else if (value !== null) mistakes.value('sources', value, 'a list of sources, each with id and url');
    } else if (key === undefined) {
      const near =
        name === 'upstream_url'
          ? ' (list the endpoints under sources)'
          : hint(name, [...FILE_KEYS.keys(), ...SECTIONS, 'sources']);
      mistakes.add(name, `is no key of the configuration file${near}`);
    } else if (value !== null) {
      options.set(key, value);
    }
  }
  return { options, sources };
}

/** Options that stand together in a mapping of their own. */
function readSection(
  section: string,
  value: unknown,
  options: Map<OptionKey, unknown>,
  mistakes: Mistakes,
): void {
  const prefix = `${section}.`;
  const known = [...FILE_KEYS.keys()].filter((name) => name.startsWith(prefix));
  if (value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    const keys = known.map((name) => name.slice(prefix.length)).join(', ');
    return mistakes.value(section, value, `a mapping with any of ${keys}`);
  }
  for (const [name, inner] of Object.entries(value)) {
    const path = prefix + name;
    const key = FILE_KEYS.get(path);
    if (key === undefined) mistakes.add(path, `is no key of the configuration file${hint(path, known)}`);
    else if (inner !== null) options.set(key, inner);
  }
}
