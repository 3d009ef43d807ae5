/** What `weft load` says of its files before and after the daemon runs. */
import { access, constants, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { SourceConfig } from './config/config.js';

type Saved = Pick<SourceConfig, 'url'>;

/** Throws an Error that names every file which cannot be read. */
export async function checkSavedFiles(sources: readonly Saved[]): Promise<void> {
  const problems: string[] = [];
  for (const { url } of sources) {
    const path = fileURLToPath(url);
    const problem = await problemOf(path);
    if (problem !== null) problems.push(`${path} (${problem})`);
  }
  if (problems.length > 0) throw new Error(`cannot load ${problems.join(', ')}`);
}

async function problemOf(path: string): Promise<string | null> {
  try {
    if (!(await stat(path)).isFile()) return 'no plain file';
    await access(path, constants.R_OK);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'no such file';
    return code === 'EACCES' ? 'not permitted' : message;
  }
}

/** Name and path of each, for people. */
export function savedFiles(sources: readonly Saved[]): (readonly [string, string])[] {
  return sources.map(({ url }) => ['file', fileURLToPath(url)] as const);
}
