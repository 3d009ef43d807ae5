/**
 * Coverage answers, each made once a snapshot and only when somebody asks. Main only.
 *
 * Every row of every source is looked at: beyond a few thousand look-ups that is a worker's job, which
 * all who ask for the same share. What was made is kept until the next publish.
 */
import type { Fabric } from '../fabric/fabric.js';
import type { Table } from '../fabric/table.js';
import type { JobRunner } from '../model/jobs.js';
import type { CoverageQuery } from '../query/coverage-query.js';
import {
  encodeCoverage,
  type CoverageOrder,
  type CoverageResult,
  type CoverageTask,
  type EncodedCoverage,
} from './coverage.js';
import { runEncodeJob } from './encode-job.js';

/** Rows times sources that main looks at by itself. */
const LOOKUPS_INLINE_MAX = 2_000;
/** Answers kept of one snapshot: pages of one list, and each source. */
const KEPT_MAX = 64;
const KEPT_BYTES_MAX = 16 * 1024 * 1024;

export interface CoverageServiceOptions {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  /** MAX_LIST_BYTES. */
  readonly listBytesMax: number;
  /** Of one job's run. */
  readonly jobTimeoutMs: number;
}

export interface Coverage extends EncodedCoverage {
  readonly snapshotId: string;
}

const NOTHING: EncodedCoverage = {
  totals: { rows: 0, sharedRows: 0, missingRows: 0, parts: [] },
  missing: new TextEncoder().encode('[]'),
  shared: new TextEncoder().encode('[]'),
};
const NOTHING_CSV: EncodedCoverage = {
  ...NOTHING,
  missing: new TextEncoder().encode('switch_id,source,since,last_timestamp\r\n'),
};

function bytesOf(made: Coverage | Promise<Coverage>): number {
  return made instanceof Promise ? 0 : made.missing.byteLength + made.shared.byteLength;
}

export class CoverageService {
  readonly #options: CoverageServiceOptions;
  readonly #kept = new Map<string, Coverage | Promise<Coverage>>();

  constructor(options: CoverageServiceOptions) {
    this.#options = options;
    options.fabric.onPublish(() => this.#kept.clear());
  }

  /** Throws too_large, or rejects with it, overloaded, deadline or internal. */
  get(query: CoverageQuery): Coverage | Promise<Coverage> {
    const { fabric, listBytesMax } = this.#options;
    const { table } = fabric;
    if (!table) {
      return { snapshotId: fabric.snapshotId, ...(query.format === 'csv' ? NOTHING_CSV : NOTHING) };
    }
    const key = `${query.format} ${query.source ?? ''} ${query.limit} ${query.offset}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const order: CoverageOrder = { query, listBytesMax };
    const slots = table.parts.reduce((sum, part) => sum + part.bank.slots, 0);
    if (slots * table.parts.length > LOOKUPS_INLINE_MAX) return this.#share(key, this.#run(table, order));
    const made = { snapshotId: table.snapshotId, ...encodeCoverage(table, order) };
    this.#keep(key, made);
    return made;
  }

  /** The oldest go first, also while they are being made: those who wait for them have them. */
  #keep(key: string, made: Coverage | Promise<Coverage>): void {
    this.#kept.set(key, made);
    let bytes = 0;
    for (const one of this.#kept.values()) bytes += bytesOf(one);
    for (const [oldest, one] of this.#kept) {
      if (this.#kept.size <= KEPT_MAX && bytes <= KEPT_BYTES_MAX) return;
      this.#kept.delete(oldest);
      bytes -= bytesOf(one);
    }
  }

  /** Failures are not kept: the next request tries again. */
  #share(key: string, running: Promise<Coverage>): Promise<Coverage> {
    this.#keep(key, running);
    const isKept = (): boolean => this.#kept.get(key) === running;
    running.then(
      (made) => {
        if (isKept()) this.#keep(key, made);
      },
      () => {
        if (isKept()) this.#kept.delete(key);
      },
    );
    return running;
  }

  async #run(table: Table, order: CoverageOrder): Promise<Coverage> {
    const { fabric, jobs, jobTimeoutMs } = this.#options;
    const unpin = fabric.pin();
    const task: CoverageTask = { table: table.ref(), ...order };
    const options = { what: 'make the coverage', timeoutMs: jobTimeoutMs, unpin };
    const { coverage } = await runEncodeJob<CoverageResult>(jobs, 'encodeCoverage', task, options);
    return { snapshotId: table.snapshotId, ...coverage };
  }
}
