/** Every worker entry file, in one place. Files are compiled: what is tested is what ships. */
import type { JobName } from '../model/jobs.js';

export interface WorkerEntry {
  /** URL of the module. */
  readonly url: string;
  /** The function it exports. */
  readonly exportName: string;
}

export type WorkerEntries = Readonly<Record<JobName, WorkerEntry>>;

function entry(file: string, exportName: string): WorkerEntry {
  return { url: new URL(`../../workers/${file}`, import.meta.url).href, exportName };
}

export const WORKER_ENTRIES: WorkerEntries = {
  parse: entry('parse-worker.js', 'parse'),
  parsePart: entry('parse-worker.js', 'parsePart'),
  settle: entry('settle-worker.js', 'settle'),
  encodeList: entry('encode-worker.js', 'encodeList'),
  encodePages: entry('encode-worker.js', 'encodePages'),
  encodeFrames: entry('encode-frame-worker.js', 'encodeFrames'),
  encodeCoverage: entry('encode-coverage-worker.js', 'encodeCoverage'),
  recordHistory: entry('history-worker.js', 'recordHistory'),
  encodeSeries: entry('history-worker.js', 'encodeSeries'),
  encodeComparison: entry('history-worker.js', 'encodeComparison'),
};
