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
import { shardsOf } from './shards.js';
import { parsePolicy } from './source-policy.js';
import { SOURCE_KEYS, SOURCE_SCHEMA, type SourceEntry } from './source-keys.js';
import { TLS_KEYS, TlsReader } from './source-tls.js';
import { checkTransport, transportOf } from './source-transport.js';

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
  readonly isSound: (key: 'pollMs' | 'pollTimeoutMs' | 'staleMsMax') => boolean;
  /** The text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
}

/** A source beside the place it came from, which mistakes name. */
interface Placed {
  readonly where: string;
  /** Where its staleness was set, or could be. */
  readonly whereStale: string;
  /** Whether all that its staleness follows from was sound. */
  readonly isJudged: boolean;
  readonly entry: SourceEntry;
  readonly source: SourceConfig;
}

/** URLs first, then the file's entries. What is wrong with one does not hide what is wrong with another. */
export function buildSources(
  { urls, entries, defaults, isSound, readFile }: SourcesInput,
  resolver: SecretResolver,
  mistakes: Mistakes,
): readonly SourceConfig[] {
  if (tooMany(urls.length + entries.length, mistakes)) return [];
  const tls = new TlsReader(readFile, resolver, mistakes);
  const place = (where: string, entry: SourceEntry & Required): Placed => {
    const global = entry.max_stale_ms === undefined && defaults.staleMsMax !== null;
    const whereStale = global || where === 'UPSTREAM_URL' ? 'MAX_STALE_MS' : `${where}.max_stale_ms`;
    const isFile = entry.url !== undefined && isFileUrl(entry.url);
    const ruled = isFile ? withFileRules(entry) : entry;
    const source = complete(ruled, where, defaults, resolver, tls);
    checkTransport(where, entry, source, mistakes);
    const isJudged =
      (entry.interval_ms !== undefined || isSound('pollMs')) &&
      (entry.timeout_ms !== undefined || isSound('pollTimeoutMs')) &&
      (entry.max_stale_ms !== undefined || isSound('staleMsMax'));
    return { where, whereStale, isJudged, entry, source };
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
  for (const one of placed) if (one.isJudged) checkStaleness(one, mistakes);
  if (
    tooMany(
      placed.reduce((sum, { entry }) => sum + (entry.shards ?? 1), 0),
      mistakes,
    )
  )
    return [];
  // What is wrong with sharding was said: nothing is expanded on top of it.
  const expanded = placed.flatMap(({ where, entry, source }) =>
    (mistakes.empty ? shardsOf(source, entry) : [source]).map((one) => ({ where, source: one })),
  );
  checkIds(expanded, mistakes);
  return expanded.map(({ source }) => source);
}

function tooMany(count: number, mistakes: Mistakes): boolean {
  if (count <= SOURCES_MAX) return false;
  mistakes.add('sources', `${count} are not allowed, shards counted, allowed: up to ${SOURCES_MAX}`);
  return true;
}

function report(where: string, entry: unknown, issue: z.core.$ZodIssue, mistakes: Mistakes): void {
  if (issue.code === 'unrecognized_keys') {
    const inTls = issue.path[0] === 'tls';
    const [place, what] = inTls ? [`${where}.tls`, 'tls'] : [where, 'a source'];
    for (const key of issue.keys) {
      const near = hint(key, inTls ? TLS_KEYS : Object.keys(SOURCE_KEYS));
      mistakes.add(`${place}.${key}`, `is no key of ${what}${near}`);
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
  // A header's value may be a secret, and so may a private key that was pasted in place of its path.
  const isSecret = issue.path[0] === 'headers' || issue.path[0] === 'tls';
  if (isSecret) mistakes.add(path, `is not allowed, allowed: ${issue.message}`);
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
  tls: TlsReader,
): SourceConfig {
  const intervalMs = entry.interval_ms ?? defaults.pollMs;
  const staleMsMax =
    entry.max_stale_ms ??
    defaults.staleMsMax ??
    Math.max(STALE_MS_DEFAULT_MIN, STALE_INTERVALS_DEFAULT * intervalMs);
  return {
    id: entry.id,
    ...transportOf(entry, where, tls),
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

function checkIds(placed: readonly Pick<Placed, 'where' | 'source'>[], mistakes: Mistakes): void {
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
