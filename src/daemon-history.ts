/** The history of chosen columns, wired. Part of the composition root. */
import type { Config } from './config/config.js';
import type { SharedParts } from './daemon-parts.js';
import type { Service } from './lifecycle/service.js';
import { Histories } from './sink/histories.js';
import type { FreeList } from './snapshot/free-list.js';
import type { Stats } from './stats/stats.js';

/** Null when no column is to be remembered. */
export function makeHistories(config: Config, parts: SharedParts, free: FreeList): Histories | null {
  const { historyColumns, historyWindowMs, historyBytesMax, parseTimeoutMs, listBytesMax, sources } = config;
  if (historyColumns.length === 0) return null;
  const settings = {
    columns: historyColumns,
    windowMs: historyWindowMs,
    bytesMax: historyBytesMax,
    sources,
    jobTimeoutMs: parseTimeoutMs,
    bodyBytesMax: listBytesMax,
  };
  tellUnknown(historyColumns, parts);
  return new Histories(settings, { ...parts, free });
}

/** A column that no source has is most likely misspelt. Told once, when every source has published. */
function tellUnknown(columns: readonly string[], { fabric, log }: SharedParts): void {
  let told = false;
  fabric.onPublish((table) => {
    if (told || !fabric.sources.every(({ published }) => published)) return;
    told = true;
    const unknown = columns.filter((name) => !table.schema.byName.has(name));
    if (unknown.length === 0) return;
    log.warn('history.unknown', { columns: unknown }, 'HISTORY_COLUMNS names columns that no source has');
  });
}

/** Call it once, while starting. Names and meanings: docs/operations.md. */
export function exposeHistories(stats: Stats, histories: Histories | null): void {
  const gauge = (name: string, help: string, value: (of: Histories) => number): void =>
    stats.expose({
      name: `weft_history_${name}`,
      help,
      kind: 'gauge',
      value: () => (histories ? value(histories) : 0),
    });
  const counter = (name: string, help: string, value: (of: Histories) => number): void =>
    stats.expose({
      name: `weft_history_${name}_total`,
      help,
      kind: 'counter',
      value: () => (histories ? value(histories) : 0),
    });
  gauge('bytes', 'Memory of the history.', ({ stats: { bytes } }) => bytes);
  gauge('max_bytes', 'Memory that the history may take.', ({ stats: { bytesMax } }) => bytesMax);
  gauge('frames', 'Publishes remembered, of all sources.', ({ stats: { frames } }) => frames);
  gauge('rows', 'Rows remembered, of all sources.', ({ stats: { rows } }) => rows);
  counter('dropped', 'Publishes that no history holds.', ({ stats: { dropped } }) => dropped);
  counter(
    'evictions',
    'Blocks of samples given up before their time.',
    ({ stats: { evictions } }) => evictions,
  );
}

/** Started before the sources, so stopped after them and before the workers. */
export function historyService(histories: Histories): Service {
  return {
    name: 'history',
    start: () => Promise.resolve(),
    stop: () => histories.stop(),
  };
}
