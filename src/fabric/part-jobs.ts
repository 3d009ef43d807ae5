/**
 * A body read by several workers at once, and by one where that is not worth it or does not work out.
 * One for each source. snapshot/part-task.ts says what the jobs do.
 *
 * The exit rule holds for all of them: no job of a later step begins, and no answer is given, before
 * every job of a step has ended; `exited` of a failure waits for every thread that was lost.
 */
import type { JobResult, JobRunner } from '../model/jobs.js';
import { ROWS_MAX } from '../model/limits.js';
import type { ParseReport } from '../model/parse-job.js';
import type { ColumnSpec } from '../model/schema.js';
import { writeCounts, type ChangeCounts } from '../snapshot/changes.js';
import { writeMeta } from '../snapshot/finish-bank.js';
import { openSegment } from '../snapshot/layout.js';
import type { MissingCounts } from '../snapshot/missing.js';
import type { ParseAnswer, ParseTask } from '../snapshot/parse-task.js';
import type { PartAnswer, PartTask } from '../snapshot/part-task.js';
import { usedWords } from '../snapshot/tables.js';
import { cutRanges } from '../snapshot/word-range.js';
import { mergeReports, type PartReport } from './part-reports.js';

/** How bodies are split; absent: never. */
export interface PartRule {
  /** Jobs of one body, at most: as many as there are workers. */
  readonly partsMax: number;
  /** A part has at least so many bytes. Below, the messages cost what the second worker saves. */
  readonly partBytesMin: number;
  /** Tests cut elsewhere than into equal parts. */
  readonly cutsOf?: (byteLength: number, parts: number) => readonly number[];
}

/** More workers than that wait for memory. */
const PARTS_MAX = 4;
const PART_BYTES_MIN = 4 * 1024 * 1024;
/** After the first body that had to be read again so many are read whole, then twice as many, ... */
const WHOLE_MIN = 1;
const WHOLE_MAX = 64;

export function partRule(workers: number): PartRule {
  return { partsMax: Math.min(workers, PARTS_MAX), partBytesMin: PART_BYTES_MIN };
}

export interface PartDeps {
  readonly jobs: JobRunner;
  readonly rule: PartRule | undefined;
  readonly wantedKinds: (report: ParseReport, previous: readonly ColumnSpec[] | null) => ColumnSpec[];
  /** A body was read by several; or it was begun so, and `why` it is read again. */
  readonly onSplit: (why: string | null) => void;
}

type Failed = Extract<JobResult<unknown>, { ok: false }>;
type Rows = Extract<PartAnswer, { kind: 'rows' }>;
type Finished = Extract<PartAnswer, { kind: 'finished' }>;

/** How a step ended that cannot be followed by the next. */
class Ended extends Error {
  readonly end: Failed | { readonly why: string } | { readonly answer: ParseAnswer };

  constructor(end: Ended['end']) {
    super();
    this.end = end;
  }
}

export class PartJobs {
  readonly #deps: PartDeps;
  /** Bodies that are read whole before the next one is split. */
  #wholeLeft = 0;
  #wholeNext = WHOLE_MIN;

  constructor(deps: PartDeps) {
    this.#deps = deps;
  }

  /** As a `parse` job. `isSteady`: the target is what is served, so the order of its rows is known. */
  async run(task: ParseTask, timeoutMs: number, isSteady: boolean): Promise<JobResult<ParseAnswer>> {
    const parts = isSteady && task.target ? this.#partsOf(task) : 1;
    if (parts < 2) return this.#runWhole(task, timeoutMs);
    const run = new SplitRun(this.#deps, task, timeoutMs);
    try {
      const value = await run.answer(this.#cutsOf(task, parts));
      this.#wholeNext = WHOLE_MIN;
      this.#deps.onSplit(null);
      return { ok: true, value, runMs: run.runMs };
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      if ('answer' in error.end) return { ok: true, value: error.end.answer, runMs: run.runMs };
      if ('reason' in error.end) return error.end;
      this.#wholeLeft = this.#wholeNext;
      this.#wholeNext = Math.min(WHOLE_MAX, this.#wholeNext * 2);
      this.#deps.onSplit(error.end.why);
      const result = await this.#runWhole(task, timeoutMs);
      return result.ok ? { ...result, runMs: run.runMs + result.runMs } : result;
    }
  }

  #runWhole(task: ParseTask, timeoutMs: number): Promise<JobResult<ParseAnswer>> {
    return this.#deps.jobs.run<ParseAnswer>('parse', task, { jobClass: 'refresh', timeoutMs });
  }

  #partsOf({ format, body }: ParseTask): number {
    const { rule } = this.#deps;
    if (!rule || format !== 'csv') return 1;
    const parts = Math.min(rule.partsMax, Math.floor(body.byteLength / rule.partBytesMin));
    if (parts < 2 || this.#wholeLeft === 0) return parts;
    this.#wholeLeft--;
    return 1;
  }

  #cutsOf({ body }: ParseTask, parts: number): readonly number[] {
    const { cutsOf } = this.#deps.rule!;
    if (cutsOf) return cutsOf(body.byteLength, parts);
    return Array.from({ length: parts - 1 }, (_, i) => Math.floor((body.byteLength * (i + 1)) / parts));
  }
}

/** One body on its way through the steps. */
class SplitRun {
  readonly #deps: PartDeps;
  readonly #parse: ParseTask;
  readonly #timeoutMs: number;
  /** The longest job of each step. */
  runMs = 0;

  constructor(deps: PartDeps, parse: ParseTask, timeoutMs: number) {
    this.#deps = deps;
    this.#parse = parse;
    this.#timeoutMs = timeoutMs;
  }

  async answer(cuts: readonly number[]): Promise<ParseAnswer> {
    const report = await this.#readRows(cuts);
    if (report.rows === 0 || report.rows + report.duplicates > ROWS_MAX) throw new Ended({ why: 'rows' });
    const { segment, version } = this.#parse.target!;
    const { columns } = segment.spec;
    const wanted = this.#deps.wantedKinds(report, columns);
    if (wanted.some(({ kind }, i) => kind !== columns[i]!.kind)) return { kind: 'misfit', report };
    const { snapshotTsMs, receivedAtMs } = this.#parse;
    writeMeta(openSegment(segment), version, { rows: report.rows, snapshotTsMs, receivedAtMs });
    const { changes, missing } = await this.#finish(cuts.length + 1);
    writeCounts(segment, version, changes);
    return { kind: 'filled', report, changes, missing };
  }

  async #readRows(cuts: readonly number[]): Promise<ParseReport> {
    const parse = this.#parse;
    const answers = await this.#step<Rows>(
      [null, ...cuts].map((from, index) => ({ step: 'rows', parse, index, from, to: cuts[index] ?? null })),
    );
    const reports: PartReport[] = [];
    const deferred: { offset: number; line: number }[] = [];
    let linesBefore = 0;
    for (const part of answers) {
      reports.push({ report: part.report, linesBefore });
      for (const { offset, line } of part.deferred) deferred.push({ offset, line: line + linesBefore });
      linesBefore += part.lines;
    }
    if (deferred.length > 0) {
      const [late] = await this.#step<Rows>([{ step: 'deferred', parse, rows: deferred }]);
      reports.push({ report: late!.report, linesBefore: 0 });
    }
    return mergeReports(reports);
  }

  async #finish(count: number): Promise<{ changes: ChangeCounts; missing: MissingCounts }> {
    const parse = this.#parse;
    const views = openSegment(parse.target!.segment);
    const ranges = cutRanges(usedWords(views), views.layout.bitmapWords, count);
    const answers = await this.#step<Finished>(
      ranges.map((range, i) => ({ step: 'finish', parse, range, recordsMissing: i === 0 })),
    );
    const sum = (what: keyof ChangeCounts): number =>
      answers.reduce((total, { changes }) => total + changes[what], 0);
    const changes = {
      changedCells: sum('changedCells'),
      appeared: sum('appeared'),
      vanished: sum('vanished'),
      retimed: sum('retimed'),
      counterResets: sum('counterResets'),
    };
    return { changes, missing: answers[0]!.missing! };
  }

  /** Runs the jobs of one step and waits for all of them. Throws Ended when the next may not begin. */
  async #step<T extends PartAnswer>(tasks: readonly PartTask[]): Promise<T[]> {
    const { jobs } = this.#deps;
    const options = { jobClass: 'refresh', timeoutMs: this.#timeoutMs } as const;
    const results = await Promise.all(tasks.map((task) => jobs.run<PartAnswer>('parsePart', task, options)));
    const failed = results.filter((result): result is Failed => !result.ok);
    if (failed.length > 0) {
      const exited = Promise.all(failed.map((result) => result.exited)).then(() => undefined);
      throw new Ended({ ...failed[0]!, exited });
    }
    const done = results.flatMap((result) => (result.ok ? [result] : []));
    this.runMs += Math.max(...done.map(({ runMs }) => runMs));
    const answers = done.map(({ value }) => value);
    const gaveUp = answers.find((answer) => answer.kind === 'gave_up');
    if (gaveUp) throw new Ended({ why: gaveUp.why });
    if (answers.some(({ kind }) => kind === 'identical')) throw new Ended({ answer: { kind: 'identical' } });
    return answers as T[];
  }
}
