/** One source at work: its poller, its ingest, what is counted and logged. Part of the composition root. */
import type { SourceConfig } from './config/config.js';
import { Ingest } from './fabric/ingest.js';
import type { GenerationEvent, IngestDeps, IngestObserver, PublishEvent } from './fabric/ingest-types.js';
import type { Quarantine } from './fabric/quarantine.js';
import { Throttle } from './log/throttle.js';
import type { AllocateBody } from './model/body.js';
import type { Random } from './model/clock.js';
import type { LogFields, Logger } from './model/log.js';
import { isGoodExchange, type Outcome } from './model/outcome.js';
import type { PushDoor, PushReceipt } from './model/push.js';
import { wantedKinds } from './parse/kinds.js';
import { BodyArena } from './snapshot/arena.js';
import type { MissingRules } from './snapshot/missing.js';
import type { BreakerState } from './source/breaker.js';
import { openSource, type PolledSource } from './source/open-source.js';
import type { HttpPollTools } from './source/http-poll.js';
import type { PollObserver, PollResult } from './source/poll-report.js';
import { PushSource } from './source/push.js';
import type { Deliver } from './source/source.js';
import {
  bodyCounts,
  deliverAndKeep,
  deliverKept,
  ingestOptions,
  openQuarantine,
  sayNoRates,
  type Keep,
} from './source-delivery.js';
import type { KeptBody } from './state/keeper.js';
import type { SourceFailure, SourceStateView } from './stats/document.js';
import type { SourceStats } from './stats/source-stats.js';

/** Jobs that one body may need: a survey, a new table, another one. */
const PARSES_MAX = 3;

type Shared = Pick<IngestDeps, 'fabric' | 'status' | 'jobs' | 'free' | 'clock' | 'parts'>;

export interface SourceActorDeps extends Shared, Pick<HttpPollTools, 'openWire'> {
  readonly random: Random;
  readonly log: Logger;
  readonly stats: SourceStats;
  readonly parseTimeoutMs: number;
  readonly keep: Keep;
  readonly missing: MissingRules;
}

interface Conclusion {
  readonly level: 'debug' | 'info' | 'warn' | null;
  readonly fields: LogFields;
  readonly message: string;
}

export class SourceActor implements PollObserver, IngestObserver {
  readonly id: string;
  readonly #deps: SourceActorDeps;
  readonly #log: Logger;
  readonly #errors: Throttle;
  #source: PolledSource | PushSource;
  readonly #ingest: Ingest;
  #quarantine: Quarantine;
  #saidRates = false;
  #rows = 0;
  #rejected = { rejectedCells: 0, rejectedRows: 0 };
  #bodyBytes = 0;
  #isBreakerOpen = false;
  #version = 0;
  #skewMs: number | null = null;
  #lastError: string | null = null;
  #failure: Omit<SourceFailure, 'inARow'> | null = null;
  #goneRows = 0;

  constructor(config: SourceConfig, deps: SourceActorDeps) {
    this.id = config.id;
    this.#deps = deps;
    this.#log = deps.log.child({ source: config.id });
    this.#errors = new Throttle(deps.clock);
    this.#ingest = new Ingest(ingestOptions(config, deps), { ...deps, observer: this, wantedKinds });
    this.#quarantine = openQuarantine(deps.clock, config.intervalMs, this.#log);
    this.#source = this.#open(config, null);
  }

  #open(config: SourceConfig, before: PolledSource | PushSource | null): PolledSource | PushSource {
    if (config.tls?.insecure) {
      this.#log.warn('source.insecure', {}, "the upstream's certificate is not checked (tls.insecure)");
    }
    const { clock, random, free, parseTimeoutMs, openWire } = this.#deps;
    // Without an announced length the last body's is the best guess: growing leaves garbage behind.
    const allocate: AllocateBody = (byteLengthHint, bytesMax) =>
      new BodyArena(free, byteLengthHint || this.#bodyBytes, bytesMax);
    const tools = { clock, random, allocate, observer: this, ...(openWire && { openWire }) };
    if (!config.push) return openSource(config, tools);
    const publishMsMax = PARSES_MAX * parseTimeoutMs;
    const pushed = new PushSource({ ...config, publishMsMax }, { ...tools, served: () => this.#receipt() });
    if (before instanceof PushSource && before.lastSampleMs !== null) pushed.resumeFrom(before.lastSampleMs);
    return pushed;
  }

  /** Between two runs: from the next one on it is this source. What is served stays until a body comes. */
  reconfigure(config: SourceConfig): void {
    this.#ingest.reconfigure(ingestOptions(config, this.#deps));
    this.#quarantine = openQuarantine(this.#deps.clock, config.intervalMs, this.#log);
    this.#source = this.#open(config, this.#source);
    this.#isBreakerOpen = false;
    this.#saidRates = false;
  }

  /** Behind the last run: resolves when no job of it is left. */
  close(): Promise<void> {
    return this.#ingest.close();
  }

  /** Where pushes come in; null for a source that polls. */
  get door(): PushDoor | null {
    return this.#source instanceof PushSource ? this.#source : null;
  }

  /**
   * Polls until the signal aborts; a parse under way is not waited for, the pool ends it. Rejects only
   * for a defect: the supervisor restarts it then.
   */
  run(signal: AbortSignal): Promise<void> {
    const deliver: Deliver = (body) => {
      // A push of other times alone must be remembered as accepted.
      const always = this.door !== null && body.snapshotTsMs !== null;
      return this.#quarantine.guard(body.bytes, (bytes) =>
        deliverAndKeep(this.#ingest, { ...body, bytes }, signal, this.#deps.keep, always),
      );
    };
    return this.#source.run(deliver, signal);
  }

  /** Publishes what was kept of an earlier life. Before `run`; never rejects. */
  async restore(kept: KeptBody): Promise<void> {
    try {
      await deliverKept(this.#ingest, kept, this.#deps.clock);
      if (this.#source instanceof PushSource) this.#source.resumeFrom(kept.snapshotTsMs ?? kept.receivedAtMs);
    } catch (error) {
      this.#log.warn('state.refused', {}, `cannot publish what was kept: ${(error as Error).message}`);
    }
  }

  polled(result: PollResult): void {
    const { level, fields, message } = this.#concluded(result);
    if (level === 'warn') this.#log.warn('poll.error', { ...fields, status: result.status }, message);
    else if (level) this.#log[level]('poll.run', fields);
  }

  pushed(result: PollResult): void {
    const { level, fields, message } = this.#concluded(result);
    if (level === 'warn') this.#log.warn('push.error', { ...fields, bytes: result.wireBytes }, message);
    else if (level) this.#log[level]('push.run', fields);
  }

  /** Counts an exchange; what to log of it. An error of a kind that was logged just now is withheld. */
  #concluded({ outcome, message, skewMs, ...facts }: PollResult): Conclusion {
    const { stats, status } = this.#deps;
    stats.polled({ outcome, ...facts });
    this.#skewMs = skewMs ?? this.#skewMs;
    if (isGoodExchange(outcome)) {
      status.goodExchange();
      this.#lastError = null;
      const fields = { result: outcome, fetch_ms: facts.fetchMs, bytes: facts.wireBytes };
      return { level: outcome === 'ok' ? 'info' : 'debug', fields, message: outcome };
    }
    // Neither a skipped poll nor a conflict changes anything: what was wrong before it still is.
    if (outcome !== 'skipped' && outcome !== 'conflict') this.#failed(outcome, message ?? 'no detail');
    const withheld = this.#errors.admit(outcome);
    const fields = { result: outcome, attempt: facts.attempt, withheld };
    return { level: withheld === undefined ? null : 'warn', fields, message: message ?? outcome };
  }

  #receipt(): Omit<PushReceipt, 'outcome'> {
    const columns = this.#ingest.segment?.ref.spec.columns.length ?? 0;
    return { rows: this.#rows, columns, ...this.#rejected };
  }

  #failed(outcome: Outcome, message: string): void {
    this.#lastError = `${outcome}: ${message}`;
    this.#failure = { outcome, message, atMs: this.#deps.clock.nowMs() };
  }

  skipped(slots: number): void {
    this.#deps.stats.skipped(slots);
  }

  /** Said when it opens and when it closes; each probe in between would be noise. */
  breaker(state: BreakerState): void {
    const isOpen = state !== 'closed';
    if (isOpen === this.#isBreakerOpen) return;
    this.#isBreakerOpen = isOpen;
    if (isOpen)
      this.#log.warn('poll.breaker', { state: 'open' }, 'the source keeps failing: one probe at a time');
    else this.#log.info('poll.breaker', { state: 'closed' }, 'the source answers again');
  }

  split(why: string | null): void {
    this.#deps.stats.counters.add(why === null ? 'split_bodies' : 'split_fallbacks');
    if (why !== null) this.#log.debug('source.split', { why }, 'one worker reads a body again');
  }

  generation(event: GenerationEvent): void {
    this.#deps.stats.generation();
    const { generation, why, columns, slotCapacity, rates } = event;
    this.#log.info('source.generation', { generation, why, columns: columns.length, slotCapacity });
    // Once: it stays so until the source shrinks or the options change.
    if (rates && !this.#saidRates) this.#saidRates = sayNoRates(rates, this.#log);
  }

  published(event: PublishEvent): void {
    const { report, parseMs, publishMs, version, generation } = event;
    const { rejectedCells, rejectedRows, examples } = report;
    const { stats } = this.#deps;
    this.#rows = report.rows;
    this.#rejected = { rejectedCells, rejectedRows };
    this.#bodyBytes = event.bodyBytes;
    this.#version = version;
    this.#goneRows = event.missing.missing;
    stats.published({ parseMs, publishMs }, bodyCounts(event));
    const segment = this.#ingest.segment;
    if (segment) stats.setStringTable(segment.reader.stringByteCount, segment.ref.spec.stringBytesCapacity);
    if (rejectedCells + rejectedRows > 0 && this.#errors.admit('repaired') !== undefined) {
      this.#log.warn('poll.repaired', { version, generation, rejectedCells, rejectedRows, examples });
    }
  }

  /** What /stats shows of this source at this moment. */
  state(): SourceStateView {
    const { status, clock, stats } = this.#deps;
    const breaker = this.#source instanceof PushSource ? 'closed' : this.#source.breakerState;
    const served = this.#ingest.segment;
    // Served without an exchange of this life: restored.
    const unproven = stats.failures === 0 ? 'restored' : 'failing';
    return {
      state: breaker !== 'closed' ? breaker : stats.isUp ? 'ok' : served ? unproven : 'starting',
      version: this.#version,
      generation: this.#ingest.generation,
      rows: this.#rows,
      columns: served?.ref.spec.columns ?? [],
      ageMs: status.ageMs(clock.nowMs()),
      skewMs: this.#skewMs,
      lastError: this.#lastError,
      failure: this.#failure && { ...this.#failure, inARow: stats.failures },
      goneRows: this.#goneRows,
    };
  }
}
