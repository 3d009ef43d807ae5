/** A source whose publishes several histories remember, each with columns of its own. */
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../src/model/clock.js';
import type { JobName, JobOptions, JobResult, JobRunner } from '../../src/model/jobs.js';
import { nullLogger } from '../../src/model/log.js';
import { listSelection } from '../../src/query/list-query.js';
import { parseRows } from '../../src/query/selector.js';
import { Histories } from '../../src/sink/histories.js';
import type { RecordTask } from '../../src/snapshot/history-task.js';
import { recordHistory } from '../../src/snapshot/history-writer.js';
import { encodeOrder } from '../../src/view/encode-list.js';
import { readCsv } from './matrix.js';
import { inlineJobs, Pipeline } from './pipeline.js';

const BYTES_MAX = 4 * 2 ** 30;
const TURNS_MAX = 1000;

/** Columns that are remembered together. */
export interface ColumnGroup {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Records in this process, in a turn of its own, and keeps count; leaves the rest to `jobs`. */
class CountedRecords implements JobRunner {
  /** Of each recording, ms. */
  readonly ms: number[] = [];
  /** Of all samples in the ring. */
  bytes = 0;
  readonly #jobs: JobRunner;

  constructor(jobs: JobRunner) {
    this.#jobs = jobs;
  }

  async run<T>(name: JobName, task: unknown, options: JobOptions): Promise<JobResult<T>> {
    if (name !== 'recordHistory') return this.#jobs.run(name, task, options);
    await nextTurn();
    const startedMs = performance.now();
    const answer = recordHistory(task as RecordTask);
    const runMs = performance.now() - startedMs;
    // Others ask for more room, and are run again.
    if (answer.kind === 'recorded') {
      this.ms.push(runMs);
      this.bytes += answer.length8 * 8;
    }
    return { ok: true, value: answer as T, runMs };
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A group with its history. */
export class Remembered {
  readonly group: ColumnGroup;
  readonly records: CountedRecords;
  readonly histories: Histories;

  constructor(group: ColumnGroup, pipeline: Pipeline, jobs: JobRunner, windowMs: number, intervalMs: number) {
    this.group = group;
    this.records = new CountedRecords(jobs);
    const { fabric, free } = pipeline;
    this.histories = new Histories(
      {
        columns: group.columns,
        windowMs,
        bytesMax: BYTES_MAX,
        sources: [{ id: 'bench', intervalMs }],
        jobTimeoutMs: 120_000,
        bodyBytesMax: 2 ** 31 - 1,
      },
      { fabric, free, jobs: this.records, clock: systemClock, log: nullLogger },
    );
  }
}

export class RememberedSource {
  readonly pipeline = new Pipeline(inlineJobs);
  readonly groups: readonly Remembered[];
  /** From received to published of each sample, ms. */
  readonly publishMs: number[] = [];

  constructor(groups: readonly ColumnGroup[], jobs: JobRunner, windowMs: number, intervalMs: number) {
    this.groups = groups.map((group) => new Remembered(group, this.pipeline, jobs, windowMs, intervalMs));
  }

  /** Published and remembered by each group. Throws when one of them does not. */
  async publish(body: Uint8Array): Promise<void> {
    const { publishMs } = await this.pipeline.publish(this.pipeline.receive(body));
    this.publishMs.push(publishMs);
    const isRecorded = ({ records }: Remembered): boolean => records.ms.length === this.publishMs.length;
    for (let turn = 0; !this.groups.every(isRecorded); turn++) {
      if (turn > TURNS_MAX) throw new Error('a publish was not remembered');
      await nextTurn();
    }
  }

  /** Cells that are served now, as text, by row key. `only`: of this row. */
  served(fields: readonly string[], only?: string): Map<string, readonly string[]> {
    const { table } = this.pipeline;
    const rows = only === undefined ? null : parseRows(only, 'switches');
    const selection = listSelection({ shape: 'csv', fields, rows });
    const agesMs = table.parts.map(() => 0);
    const { bytes } = encodeOrder(table, { selection, gzip: false, listBytesMax: 2 ** 31 - 1, agesMs });
    return new Map(readCsv(bytes).rows.map(([key, ...cells]) => [key!, cells]));
  }
}
