/** What `weft load` says of its files before and after the daemon runs. */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Config, SourceConfig } from './config/config.js';
import { STDIN_URL } from './config/file-url.js';

type Saved = Pick<SourceConfig, 'url'>;

/**
 * The configuration with files that are there: standard input is read to its end first, into a file
 * that goes when the process ends. Throws an Error that names every file which cannot be read.
 */
export async function openSavedFiles(config: Config): Promise<Config> {
  await checkSavedFiles(config.sources.filter(({ url }) => url !== STDIN_URL));
  const sources: SourceConfig[] = [];
  for (const source of config.sources) {
    if (source.url !== STDIN_URL) sources.push(source);
    else sources.push({ ...source, url: await spoolStdin(source.bodyBytesMax) });
  }
  return { ...config, sources };
}

async function spoolStdin(bytesMax: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-stdin-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'stdin.csv');
  await pipeline(
    process.stdin,
    async function* (chunks: AsyncIterable<Buffer>) {
      let bytes = 0;
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > bytesMax) throw new Error(`cannot load -: more than ${bytesMax} bytes (MAX_BODY_BYTES)`);
        yield chunk;
      }
    },
    createWriteStream(path, { flags: 'wx', mode: 0o600 }),
  );
  return pathToFileURL(path).href;
}

async function checkSavedFiles(sources: readonly Saved[]): Promise<void> {
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
  return sources.map(({ url }) => ['file', url === STDIN_URL ? '-' : fileURLToPath(url)] as const);
}
