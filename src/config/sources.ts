/** From entries of the file and URLs of UPSTREAM_URL to complete sources. */

import type { z } from 'zod';
import type { SourceConfig } from './config.js';
import { withFileRules } from './file-sources.js';
import { isFileUrl } from './file-url.js';
import type { Mistakes } from './mistakes.js';
import { hint } from './nearest.js';
import type { OptionValues } from './options.js';
import type { SecretResolver } from './secrets.js';
import { maskUrl } from './source-url.js';
import { parsePolicy } from './source-policy.js';
import { SOURCE_KEYS, SOURCE_SCHEMA, type SourceEntry } from './source-keys.js';

const STALE_MS_DEFAULT_MIN = 60_000;
const STALE_INTERVALS_DEFAULT = 3;
const SOURCES_MAX = 1024;

/** The options that sources fall back to. */
export type SourceDefaults = Pick<
  OptionValues,
  | 'pollMs'
  | 'pollTimeoutMs'
  | 'staleMsMax'
  | 'bodyBytesMax'
  | 'decodedBytesMax'
  | 'rateColumns'
  | 'rateBytesMax'
>;

export interface SourcesInput {
  /** From UPSTREAM_URL, or the default. */
  readonly urls: readonly string[];
  /** Raw entries of the file. */
  readonly entries: readonly unknown[];
  readonly defaults: SourceDefaults;
  /** False when a default stands in for a mistake: then nothing is concluded from it. */
  readonly defaultsSound: boolean;
}

/** A source beside the place it came from, which mistakes name. */
interface Placed {
  readonly where: string;
  /** Where its staleness was set, or could be. */
  readonly whereStale: string;
  readonly source: SourceConfig;
}

/** URLs first, then the file's entries. What is wrong with one does not hide what is wrong with another. */
export function buildSources(
  { urls, entries, defaults, defaultsSound }: SourcesInput,
  resolver: SecretResolver,
  mistakes: Mistakes,
): readonly SourceConfig[] {
  const count = urls.length + entries.length;
  if (count > SOURCES_MAX) {
    mistakes.add('sources', `${count} are not allowed, allowed: up to ${SOURCES_MAX}`);
    return [];
  }
  const place = (where: string, entry: SourceEntry & Required): Placed => {
    const global = entry.max_stale_ms === undefined && defaults.staleMsMax !== null;
    const whereStale = global || where === 'UPSTREAM_URL' ? 'MAX_STALE_MS' : `${where}.max_stale_ms`;
    const isFile = entry.url !== undefined && isFileUrl(entry.url);
    const ruled = isFile ? withFileRules(entry) : entry;
    return { where, whereStale, source: complete(ruled, where, defaults, resolver) };
  };
  const placed = urls.map((url, index) =>
    place('UPSTREAM_URL', { id: urls.length === 1 ? 'default' : `source-${index + 1}`, url }),
  );
  entries.forEach((entry, index) => {
    const where = `sources[${index}]`;
    const read = SOURCE_SCHEMA.safeParse(entry);
    if (!read.success) for (const issue of read.error.issues) report(where, entry, issue, mistakes);
    else if (hasRequired(read.data, where, mistakes)) placed.push(place(where, read.data));
  });
  checkIds(placed, mistakes);
  if (defaultsSound) for (const one of placed) checkStaleness(one, mistakes);
  return placed.map(({ source }) => source);
}

function report(where: string, entry: unknown, issue: z.core.$ZodIssue, mistakes: Mistakes): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      mistakes.add(`${where}.${key}`, `is no key of a source${hint(key, Object.keys(SOURCE_KEYS))}`);
    }
    return;
  }
  const path = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
    where,
  );
  const value = issue.path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part],
    entry,
  );
  if (issue.path[0] === 'headers') mistakes.add(path, `is not allowed, allowed: ${issue.message}`);
  else mistakes.value(path, issue.path[0] === 'url' ? maskUrl(value) : value, issue.message);
}

function hasRequired(entry: SourceEntry, where: string, mistakes: Mistakes): entry is SourceEntry & Required {
  const polled = entry.push !== true;
  for (const key of polled ? (['id', 'url'] as const) : (['id'] as const)) {
    if (entry[key] === undefined)
      mistakes.add(`${where}.${key}`, `is missing, allowed: ${SOURCE_KEYS[key].kind.allowed}`);
  }
  if (!polled) {
    for (const key of ['url', 'headers'] as const) {
      if (entry[key] === undefined) continue;
      mistakes.add(`${where}.${key}`, 'is not allowed beside push: true; a source polls or takes pushes');
    }
  }
  return entry.id !== undefined && (polled ? entry.url !== undefined : entry.url === undefined);
}

interface Required {
  readonly id: string;
  /** Absent where `push` is set. */
  readonly url?: string | undefined;
}

function complete(
  entry: SourceEntry & Required,
  where: string,
  defaults: SourceDefaults,
  resolver: SecretResolver,
): SourceConfig {
  const intervalMs = entry.interval_ms ?? defaults.pollMs;
  const staleMsMax =
    entry.max_stale_ms ??
    defaults.staleMsMax ??
    Math.max(STALE_MS_DEFAULT_MIN, STALE_INTERVALS_DEFAULT * intervalMs);
  return {
    id: entry.id,
    url: entry.url ?? '',
    push: entry.push ?? false,
    intervalMs,
    timeoutMs: entry.timeout_ms ?? defaults.pollTimeoutMs,
    staleMsMax,
    headers: resolver.headers(`${where}.headers`, entry.headers ?? {}),
    bodyBytesMax: entry.max_body_bytes ?? defaults.bodyBytesMax,
    decodedBytesMax: entry.max_decoded_bytes ?? defaults.decodedBytesMax,
    parse: parsePolicy(entry),
    rates: {
      columns: entry.rates ?? defaults.rateColumns,
      gauges: entry.gauges ?? [],
      counters: entry.counters ?? [],
      bytesMax: defaults.rateBytesMax,
    },
  };
}

function checkIds(placed: readonly Placed[], mistakes: Mistakes): void {
  const owners = new Map<string, string>();
  for (const { where, source } of placed) {
    const owner = owners.get(source.id);
    if (owner === undefined) owners.set(source.id, where);
    else mistakes.value(`${where}.id`, source.id, `an id of its own; ${owner} has this one`);
  }
}

/** A source that is stale between two good polls would flap. */
function checkStaleness({ whereStale, source }: Placed, mistakes: Mistakes): void {
  const { id, intervalMs, timeoutMs, staleMsMax } = source;
  if (staleMsMax === 0 || staleMsMax > intervalMs + timeoutMs) return;
  const allowed = `0 (never stale) or more than interval + timeout of source ${id} (${intervalMs} + ${timeoutMs})`;
  mistakes.add(whereStale, `${staleMsMax} is not allowed, allowed: ${allowed}`);
}
