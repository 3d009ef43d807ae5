/** Options of the history, and the check that it fits the memory it may take. */
import { formatDuration } from '../model/duration.js';
import { historyNeed } from '../model/history.js';
import { COLUMN_NAME_BYTES_MAX, ROWS_MAX } from '../model/limits.js';
import type { SourceConfig } from './config.js';
import type { Mistakes } from './mistakes.js';
import { SERVE, derived, option } from './option.js';
import { duration, formatSize, columnList, size, text, whole } from './value-kinds.js';

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;
const COLUMNS_MAX = 256;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const HISTORY_OPTIONS = {
  historyColumns: derived<readonly string[]>('history-columns', () => [], 'none', {
    fileKey: 'history.columns',
    kind: columnList(COLUMNS_MAX, text(COLUMN_NAME_BYTES_MAX, 'a column name')),
    help: 'Columns whose past is kept in memory, by their exact names; none: no history.',
    commands: SERVE,
  }),
  historyWindowMs: option<number>('history-window', 130 * MINUTE_MS, {
    fileKey: 'history.window',
    kind: duration(1000, 31 * DAY_MS),
    help: 'How far back the history reaches.',
    commands: SERVE,
  }),
  historyRows: option<number>('history-rows', 40_000, {
    fileKey: 'history.rows',
    kind: whole(1, ROWS_MAX, ''),
    help: 'Rows of all sources together that the history must hold over its whole window.',
    commands: SERVE,
  }),
  historyBytesMax: option<number>('history-bytes', 256 * MIB, {
    fileKey: 'history.max_bytes',
    kind: size(MIB, 1024 ** 4),
    help: 'Memory that the history may take; what would not fit is refused at the start.',
    commands: SERVE,
  }),
} as const;

interface HistoryValues {
  readonly historyColumns: readonly string[];
  readonly historyWindowMs: number;
  readonly historyRows: number;
  readonly historyBytesMax: number;
}

/** Refuses what could exceed HISTORY_BYTES when every cell changes with every sample. */
export function checkHistory(
  values: HistoryValues,
  sources: readonly Pick<SourceConfig, 'intervalMs'>[],
  mistakes: Mistakes,
): void {
  const { historyColumns, historyWindowMs, historyRows, historyBytesMax } = values;
  if (historyColumns.length === 0 || sources.length === 0) return;
  const intervalMs = Math.min(...sources.map((source) => source.intervalMs));
  const columns = historyColumns.length;
  const need = historyNeed(columns, historyRows, historyWindowMs, intervalMs, sources.length);
  if (need.totalBytes <= historyBytesMax) return;
  const window = `${formatDuration(historyWindowMs)} / ${formatDuration(intervalMs)}`;
  mistakes.add(
    'HISTORY_BYTES',
    `${formatSize(historyBytesMax)} is too little for the history: ` +
      `(${columns} columns + the row time) x ${historyRows} rows x ${need.samples} samples (${window}) ` +
      `x up to ${need.bytesPerSample} bytes, with spare samples and ${mebibytes(need.tableBytes)} of tables, ` +
      `is ${mebibytes(need.totalBytes)}; raise HISTORY_BYTES, or lower HISTORY_COLUMNS, HISTORY_ROWS ` +
      `or HISTORY_WINDOW, or poll less often (POLL_MS, interval_ms)`,
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)}MiB`;
}
