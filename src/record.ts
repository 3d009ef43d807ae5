/**
 * `weft record`: the sources poll as they do for the daemon, but deliver to a recorder instead of
 * the parser. A composition root of its own: it only wires.
 */
import type { Config, SourceConfig } from './config/config.js';
import { Throttle } from './log/throttle.js';
import type { Clock, Random } from './model/clock.js';
import { FREE_BYTES_MAX } from './model/limits.js';
import type { Logger } from './model/log.js';
import { DeliveryError, isGoodExchange } from './model/outcome.js';
import type { Redactor } from './model/redact.js';
import { Recorder, RecordingFull, type Kept, type KeptBody } from './recording/recorder.js';
import { BodyArena, bodyBytes } from './snapshot/arena.js';
import { FreeList } from './snapshot/free-list.js';
import type { BreakerState } from './source/breaker.js';
import { openSource } from './source/open-source.js';
import type { PollObserver, PollResult } from './source/poll-report.js';
import type { Body, Deliver, Delivered } from './source/source.js';

export interface RecordParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly redactor: Redactor;
}

export interface Recording {
  /** Resolves with the reason when the recording ends by itself; rejects when it cannot go on. */
  readonly ended: Promise<string>;
  /** So far. */
  readonly kept: Kept;
  /** Ends the polls, finishes what is being written, and tells what was kept. */
  stop(): Promise<Kept>;
}

/** Begins at once. Throws an Error when the folder cannot be written or holds a recording. */
export async function startRecording(config: Config, parts: RecordParts): Promise<Recording> {
  const { recordOut, recordGzip, recordBytesMax, recordDurationMs } = config;
  const polled = polledSources(config);
  if (polled.length === 0) throw new Error('cannot record: no source of the configuration is polled');
  const options = { folder: recordOut!, gzip: recordGzip, bytesMax: recordBytesMax };
  const recorder = await Recorder.open(options);
  const stopper = new AbortController();
  const free = new FreeList(FREE_BYTES_MAX, () => {});
  let end!: (reason: string) => void;
  let fail!: (error: unknown) => void;
  const ended = new Promise<string>((resolve, reject) => ([end, fail] = [resolve, reject]));
  ended.catch(() => {});
  const stopBecause = (error: unknown): void => {
    stopper.abort();
    if (error instanceof RecordingFull) end(error.message);
    else fail(new Error(`cannot go on recording into ${recordOut}: ${(error as Error).message}`));
  };
  const timer =
    recordDurationMs === null
      ? null
      : parts.clock.schedule(recordDurationMs, () => end(`the time is over (--duration)`));
  const runs = polled.map((source) =>
    new SourceRecorder(source, recorder, free, parts, stopBecause).run(stopper.signal).catch(stopBecause),
  );
  let stopping: Promise<Kept> | null = null;
  const stop = async (): Promise<Kept> => {
    timer?.cancel();
    stopper.abort();
    await Promise.all(runs);
    await recorder.close();
    return recorder.kept;
  };
  return {
    ended,
    get kept() {
      return recorder.kept;
    },
    stop: () => (stopping ??= stop()),
  };
}

/** Those that can be recorded: whoever pushes has nothing to be polled. */
export function polledSources({ sources }: Config): readonly SourceConfig[] {
  return sources.filter(({ push }) => !push);
}

/** One source and its lines of the index. */
class SourceRecorder implements PollObserver {
  readonly #source: SourceConfig;
  readonly #recorder: Recorder;
  readonly #free: FreeList;
  readonly #parts: RecordParts;
  readonly #log: Logger;
  readonly #errors: Throttle;
  readonly #stopBecause: (error: unknown) => void;
  readonly #url: string;
  /** Delivered, but its line is not written yet. */
  #pending: { readonly body: Body; readonly kept: KeptBody } | null = null;
  #isEnded = false;

  constructor(
    source: SourceConfig,
    recorder: Recorder,
    free: FreeList,
    parts: RecordParts,
    stopBecause: (error: unknown) => void,
  ) {
    this.#source = source;
    this.#recorder = recorder;
    this.#free = free;
    this.#parts = parts;
    this.#log = parts.log.child({ source: source.id });
    this.#errors = new Throttle(parts.clock);
    this.#stopBecause = stopBecause;
    this.#url = parts.redactor.text(source.url);
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts;
    const source = openSource(this.#source, {
      clock,
      random,
      observer: this,
      allocate: (hint, bytesMax) => new BodyArena(this.#free, hint, bytesMax),
    });
    return source.run(this.#deliver, signal);
  }

  readonly #deliver: Deliver = async (body): Promise<Delivered> => {
    try {
      const kept = await this.#recorder.keep(this.#source.id, bodyBytes(body.bytes));
      this.#pending = { body, kept };
      return { outcome: kept.isNew ? 'ok' : 'identical' };
    } catch (error) {
      // What was not kept is no part of the recording, and neither is what comes after it.
      this.#isEnded = true;
      this.#stopBecause(error);
      throw new DeliveryError('skipped', `cannot keep the body: ${(error as Error).message}`, true);
    } finally {
      body.bytes.release();
    }
  };

  polled(result: PollResult): void {
    const pending = this.#pending;
    this.#pending = null;
    if (this.#isEnded) return;
    this.#say(result, pending?.kept ?? null);
    const { clock, redactor } = this.#parts;
    const kept = pending?.kept;
    const headers = Object.entries(result.headers ?? {});
    const line = {
      source: this.#source.id,
      url: this.#url,
      received_at_ms: Math.round(pending?.body.receivedAtMs ?? clock.nowMs()),
      fetch_ms: Math.round(result.fetchMs * 1000) / 1000,
      outcome: result.outcome,
      status: result.status,
      message: result.message === null ? null : redactor.text(result.message),
      snapshot_ts_ms: result.snapshotTsMs,
      content_type: pending?.body.contentType ?? null,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, redactor.text(value)])),
      file: kept?.file ?? null,
      bytes: kept?.bytes ?? null,
      stored_bytes: kept?.storedBytes ?? null,
      sha256: kept?.sha256 ?? null,
    };
    this.#recorder.append(line).catch(this.#stopBecause);
  }

  skipped(slots: number): void {
    if (this.#errors.admit('skipped') === undefined) return;
    this.#log.warn('record.skipped', { slots }, 'polls were left out: the one before had not ended');
  }

  breaker(_state: BreakerState): void {}

  #say(result: PollResult, kept: KeptBody | null): void {
    const { outcome, fetchMs, wireBytes, status, attempt, message } = result;
    if (isGoodExchange(outcome)) {
      const file = kept?.isNew ? kept.file : undefined;
      const say = file === undefined ? 'debug' : 'info';
      this.#log[say]('poll.run', { result: outcome, fetch_ms: fetchMs, bytes: wireBytes, file });
      return;
    }
    const withheld = this.#errors.admit(outcome);
    if (withheld === undefined) return;
    this.#log.warn('poll.error', { result: outcome, status, attempt, withheld }, message ?? outcome);
  }
}
