/** One body's way into the fabric: jobs, generations, publication. Used by ingest.ts alone. */
import type { BodyBytes } from '../model/body.js';
import { sourceNames } from '../model/guid.js';
import { BODY_BYTES_LIMIT, ROWS_MAX, STRING_BYTES_MAX } from '../model/limits.js';
import { DeliveryError, type Outcome } from '../model/outcome.js';
import type { ParseReport } from '../model/parse-job.js';
import type { ChangeCounts } from '../snapshot/changes.js';
import type { SegmentSpec } from '../snapshot/layout.js';
import { MISSING_DEFAULTS, type MissingCounts, type MissingRules } from '../snapshot/missing.js';
import type { ParseAnswer, ParseTask } from '../snapshot/parse-task.js';
import { Segment } from '../snapshot/segment.js';
import type { IncomingBody, IngestOptions, RunDeps, Served } from './ingest-types.js';
import { carryRoom, missingOrder, withoutRoom, withRoom } from './missing-room.js';
import { withRates } from './rate-plan.js';
import { settleThenPublish } from './settlement.js';
import { isAtCap, sizeSegment, type Growth } from './sizing.js';

/** A survey, a misfit of its guess and a full table: more attempts mean a defect. */
const ATTEMPTS_MAX = 5;

const NONE_MISSING: MissingCounts = { missing: 0, forgotten: 0 };

const FAILED_JOB: Readonly<Record<string, Outcome>> = {
  timeout: 'timeout',
  worker: 'worker',
  overloaded: 'skipped',
  closed: 'skipped',
};

type Filled = Extract<ParseAnswer, { kind: 'filled' }>;

export class IngestRun {
  readonly #options: IngestOptions;
  readonly #deps: RunDeps;
  readonly #body: IncomingBody;
  readonly #previous: BodyBytes | null;
  readonly #missingRules: MissingRules;
  readonly #before: Served | null;
  /** The rules have changed: this body makes a generation whatever its columns are. */
  readonly #renews: boolean;
  /** The fill that is declared now. */
  #fill: { readonly segment: Segment; readonly version: number } | null = null;
  /** A generation that this run made and has not published. */
  #fresh: Segment | null = null;
  #parseMs = 0;
  /** What is served once `publish` has resolved. */
  served: Served | null;
  /** Resolves when no thread can still be working for this run. */
  ended: Promise<void> = Promise.resolve();

  constructor(
    options: IngestOptions,
    deps: RunDeps,
    body: IncomingBody,
    served: Served | null,
    previous: BodyBytes | null,
    renews = false,
  ) {
    this.#renews = renews;
    this.#options = options;
    this.#deps = deps;
    this.#body = body;
    this.#before = served;
    this.#previous = previous;
    this.#missingRules = options.missing ?? MISSING_DEFAULTS;
    this.served = served;
  }

  async publish(): Promise<'ok' | 'identical'> {
    let target = this.#renews ? null : this.#before;
    let report: ParseReport | null = null;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const answer = await this.#attempt(target);
      switch (answer.kind) {
        case 'identical':
          this.#arrived();
          return 'identical';
        case 'filled':
          if (this.#isRepetition(target!, answer.report, answer.changes)) {
            this.#endFill(false);
            this.#arrived();
            return 'identical';
          }
          this.#refuseRepeat();
          await this.#settle(target!, answer);
          return 'ok';
        case 'failed':
          throw new DeliveryError(answer.failure.outcome, answer.failure.message, false);
        case 'full':
          this.#refuseRepeat();
          report ??= await this.#survey();
          target = this.#newGeneration(target, report, answer.what);
          break;
        case 'survey':
        case 'misfit':
          this.#refuseRepeat();
          report = answer.report;
          target = this.#newGeneration(target, report, null);
          break;
      }
    }
    throw new DeliveryError('schema', `cannot settle on a schema in ${ATTEMPTS_MAX} attempts`, false);
  }

  /** A sample that was published cannot have other cells now. */
  #refuseRepeat(): void {
    if (this.#body.isRepeat !== true) return;
    const message = `the sample of this time was published with other cells (X-Snapshot-Ts ${this.#body.snapshotTsMs})`;
    throw new DeliveryError('conflict', message, false);
  }

  /** A scan that stores nothing: what a segment for this body must hold. */
  async #survey(): Promise<ParseReport> {
    const answer = await this.#attempt(null);
    if (answer.kind === 'survey') return answer.report;
    if (answer.kind === 'failed')
      throw new DeliveryError(answer.failure.outcome, answer.failure.message, false);
    throw new Error(`BUG: a survey ended as ${answer.kind}`);
  }

  async #attempt(target: Served | null): Promise<ParseAnswer> {
    if (target) {
      await this.#awaitBank(target.segment);
      this.#fill = { segment: target.segment, version: target.segment.beginFill() };
    }
    const { parseTimeoutMs } = this.#options;
    const result = await this.#deps.parse.run(this.#task(target), parseTimeoutMs, target === this.#before);
    if (!result.ok) {
      this.ended = result.exited;
      throw new DeliveryError(FAILED_JOB[result.reason]!, result.message, true);
    }
    this.#parseMs += result.runMs;
    if (result.value.kind !== 'filled') this.#endFill(false);
    return result.value;
  }

  #task(target: Served | null): ParseTask {
    const { bytes, snapshotTsMs, receivedAtMs } = this.#body;
    const previous = target === this.#before ? this.#previous : null;
    return {
      body: { buffer: bytes.buffer, byteLength: bytes.byteLength },
      format: this.#body.format ?? 'csv',
      csvBytesMax: this.#options.decodedBytesMax ?? BODY_BYTES_LIMIT,
      previous: previous && { buffer: previous.buffer, byteLength: previous.byteLength },
      policy: this.#options.policy,
      header: target?.header ?? null,
      target: target && { segment: target.segment.ref, version: this.#fill!.version },
      snapshotTsMs: snapshotTsMs ?? receivedAtMs,
      receivedAtMs,
      missing: missingOrder(this.#missingRules, this.#before, target),
    };
  }

  /** A pinned bank is waited for, at most as long as a parse may take; then the poll is skipped. */
  async #awaitBank(segment: Segment): Promise<void> {
    if (segment.fillable) return;
    const limit = new AbortController();
    const timer = this.#deps.clock.schedule(this.#options.parseTimeoutMs, () => limit.abort());
    await segment.whenFillable(limit.signal);
    timer.cancel();
    if (!segment.fillable) {
      throw new DeliveryError('skipped', `readers held the spare bank of ${this.#options.sourceId}`, true);
    }
  }

  #newGeneration(target: Served | null, report: ParseReport, growth: Growth): Served {
    const { policy, sourceId } = this.#options;
    const known = (this.#renews ? null : this.#before?.header) ?? report.header;
    if (policy.schemaChange === 'reject' && JSON.stringify(known) !== JSON.stringify(report.header)) {
      throw new DeliveryError('schema', `${sourceId} changed its columns (schema_change: reject)`, false);
    }
    const previous = target ? withoutRoom(target.segment.ref.spec, target.room) : null;
    const columns = this.#deps.wantedKinds(report, previous?.columns ?? null);
    const spec = sizeSegment(report, columns, previous, growth, this.#before?.segment.version ?? 0);
    // Only live entries move to a new generation: what does not fit one made for this body alone,
    // at its cap, never will.
    if (growth && this.#fresh && isAtCap(growth, this.#fresh.ref.spec)) {
      const message = `${sourceId} has more ${growth} than one source may hold (rows ${ROWS_MAX}, text ${STRING_BYTES_MAX} bytes)`;
      throw new DeliveryError('cardinality', message, false);
    }
    this.#fresh?.retire();
    this.#fresh = null;
    const room = carryRoom(this.#before, spec, report.keyColumns, this.#missingRules);
    this.#fresh = this.#makeSegment(withRates(withRoom(spec, room), this.#options.rates));
    const generation = this.#deps.fabric.takeGeneration();
    const why = growth ?? (previous ? 'schema' : 'first');
    const { slotCapacity, rates } = this.#fresh.ref.spec;
    this.#deps.observer.generation({ generation, why, columns, slotCapacity, ...(rates && { rates }) });
    return { segment: this.#fresh, generation, header: report.header, keyColumns: report.keyColumns, room };
  }

  #makeSegment(spec: SegmentSpec): Segment {
    try {
      return new Segment(spec, this.#deps.free);
    } catch (error) {
      throw new DeliveryError('too_large', (error as Error).message, false);
    }
  }

  /** Other bytes, or bytes that nobody kept, but not one difference in the table. */
  #isRepetition(target: Served, report: ParseReport, changes: ChangeCounts): boolean {
    const { changedCells, appeared, vanished, retimed } = changes;
    return target === this.#before && changedCells + appeared + vanished + retimed === 0 && report.rows > 0;
  }

  /** The filled bank takes its place among the other sources', and is published. */
  async #settle(target: Served, { report, changes, missing = NONE_MISSING }: Filled): Promise<void> {
    const { sourceId, policy, parseTimeoutMs } = this.#options;
    const { segment, generation, keyColumns } = target;
    const { version } = this.#fill!;
    const names = sourceNames(policy, keyColumns);
    const ref = { sourceId, generation, segment: segment.ref, version, keyColumns, names };
    const mounted = { segment, ref };
    const failure = await settleThenPublish(this.#deps, mounted, parseTimeoutMs, (settled, heldRows) => {
      this.#endFill(true);
      this.#fresh = null;
      this.served = target;
      this.#arrived();
      this.#deps.fabric.publish(mounted, settled);
      const publishMs = this.#deps.clock.monotonicMs() - this.#body.receivedAtMonoMs;
      const times = { parseMs: this.#parseMs, publishMs, bodyBytes: this.#body.bytes.byteLength };
      this.#deps.observer.published({ report, changes, missing, heldRows, version, generation, ...times });
    });
    if (!failure) return;
    this.ended = failure.exited;
    throw new DeliveryError(FAILED_JOB[failure.reason]!, failure.message, true);
  }

  /** Before the publish, so that its listeners already see the new age. */
  #arrived(): void {
    const { restoredAgeMs } = this.#body;
    if (restoredAgeMs === undefined) this.#deps.status.goodExchange();
    else this.#deps.status.restored(restoredAgeMs);
    this.#deps.status.dataArrived(this.#body.snapshotTsMs ?? this.#body.receivedAtMs);
  }

  #endFill(published: boolean): void {
    this.#fill?.segment.endFill(this.#fill.version, published);
    this.#fill = null;
  }

  /** After a failure, once `ended`: gives back what this run had made. */
  abandon(): void {
    this.#endFill(false);
    this.#fresh?.retire();
    this.#fresh = null;
  }
}
