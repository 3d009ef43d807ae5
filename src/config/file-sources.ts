/** Saved files as sources: their ids, and the rules that suit what people save. */

import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { STDIN_URL } from './file-url.js';
import type { LoadKey } from './recording-options.js';
import type { SourceEntry } from './source-keys.js';

const ID_LENGTH_MAX = 64;
/** Unpacking a gigabyte takes longer than any upstream may. */
const TIMEOUT_MS = 60_000;

/**
 * What is kept with `curl ... >> saved.csv` holds a row of one key several times (the last counts),
 * may be cut anywhere, and never changes again: so it is never stale.
 */
export function withFileRules<T extends SourceEntry>(entry: T): T {
  return {
    ...entry,
    timeout_ms: entry.timeout_ms ?? TIMEOUT_MS,
    max_stale_ms: entry.max_stale_ms ?? 0,
    ragged: entry.ragged ?? 'drop',
    duplicate_rows: entry.duplicate_rows ?? 'last',
    duplicate_columns: entry.duplicate_columns ?? 'suffix',
    require_final_newline: entry.require_final_newline ?? false,
  };
}

/** One source a file; the id is the file's name without .csv and .gz. */
export function fileEntries(paths: readonly string[], key: LoadKey | null): SourceEntry[] {
  const ids = new Set<string>();
  return paths.map((path) => {
    const id = freeId(path === '-' ? 'stdin' : idOf(path), ids);
    ids.add(id);
    const url = path === '-' ? STDIN_URL : pathToFileURL(resolve(path)).href;
    return key === null ? { id, url } : { id, url, key };
  });
}

function idOf(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.(csv|txt)$/i, '');
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, ID_LENGTH_MAX) || 'file';
}

function freeId(id: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : `-${n}`;
    const free = `${id.slice(0, ID_LENGTH_MAX - suffix.length)}${suffix}`;
    if (!taken.has(free)) return free;
  }
}
