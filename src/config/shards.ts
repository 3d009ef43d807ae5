/** One source of a file as several: each asks its endpoint for a share of the rows. docs/sources.md. */

import type { SourceConfig } from './config.js';
import type { Mistakes } from './mistakes.js';

const FIELD_DEFAULT = 'port_guid';
const PARAMETERS = ['num_shards', 'shard', 'sharding_field'] as const;
const ID_LENGTH_MAX = 64;

export interface Sharding {
  /** Undefined: one source, as it stands. */
  readonly shards?: number | undefined;
  readonly sharding_field?: string | undefined;
}

/** What is wrong with sharding this source goes to `mistakes`. */
export function checkSharding(
  where: string,
  source: SourceConfig,
  { shards, sharding_field: field }: Sharding,
  mistakes: Mistakes,
): void {
  if (shards === undefined) {
    if (field !== undefined) mistakes.add(`${where}.sharding_field`, 'is of no use without shards');
    return;
  }
  const { searchParams } = new URL(source.url);
  const taken = PARAMETERS.filter((name) => searchParams.has(name));
  if (taken.length > 0) {
    mistakes.add(`${where}.url`, `says ${taken.join(', ')} already, which is added by shards`);
  }
  const longest = shardId(source.id, shards - 1);
  if (longest.length > ID_LENGTH_MAX) {
    mistakes.value(
      `${where}.id`,
      source.id,
      `up to ${ID_LENGTH_MAX} characters with the .${shards - 1} of a shard`,
    );
  }
}

/** `a.0` to `a.7`, or the source as it is. */
export function shardsOf(source: SourceConfig, { shards, sharding_field }: Sharding): SourceConfig[] {
  if (shards === undefined) return [source];
  const field = encodeURIComponent(sharding_field ?? FIELD_DEFAULT);
  // Added as text: what stands in the query already may be no list of names and values.
  const { url } = source;
  const separator = !url.includes('?') ? '?' : /[?&]$/.test(url) ? '' : '&';
  return Array.from({ length: shards }, (_, shard) => ({
    ...source,
    id: shardId(source.id, shard),
    url: `${url}${separator}num_shards=${shards}&shard=${shard}&sharding_field=${field}`,
  }));
}

function shardId(id: string, shard: number): string {
  return `${id}.${shard}`;
}
