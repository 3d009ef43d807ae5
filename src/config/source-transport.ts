/** How the bytes of a source come: over TCP, TLS or a unix socket, in one piece or in shards. */

import type { SourceConfig } from './config.js';
import type { Mistakes } from './mistakes.js';
import { checkSharding } from './shards.js';
import type { SourceEntry } from './source-keys.js';
import type { TlsReader } from './source-tls.js';
import { endpointOf, isUnixUrl } from './unix-url.js';

/** The parts of a source that say where it is fetched. */
export function transportOf(
  entry: SourceEntry,
  where: string,
  tls: TlsReader,
): Pick<SourceConfig, 'url' | 'tls' | 'socketPath'> {
  const { url, socketPath } = endpointOf(entry.url ?? '');
  const path = entry.unix ?? socketPath;
  return {
    url,
    ...(path !== null && { socketPath: path }),
    ...(entry.tls && { tls: tls.read(`${where}.tls`, entry.tls) }),
  };
}

/** What does not go together goes to `mistakes`. */
export function checkTransport(
  where: string,
  entry: SourceEntry,
  source: SourceConfig,
  mistakes: Mistakes,
): void {
  const { url = '' } = entry;
  if (!/^(?:https?|unix):/i.test(url)) {
    for (const key of ['tls', 'unix', 'shards', 'sharding_field'] as const) {
      if (entry[key] !== undefined)
        mistakes.add(`${where}.${key}`, 'is of use with an http:// or https:// URL only');
    }
    return;
  }
  if (entry.unix !== undefined && isUnixUrl(url)) {
    mistakes.add(`${where}.unix`, 'is said twice: the url names a unix socket, too');
  }
  if (entry.tls && !source.url.startsWith('https:')) {
    mistakes.add(`${where}.tls`, 'is of use with an https:// URL only');
  }
  checkSharding(where, source, entry, mistakes);
}
