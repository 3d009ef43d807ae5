/** A source that is pushed to: one body at a time, answered when it is served. */
import type { AllocateBody } from '../model/body.js';
import type { Clock } from '../model/clock.js';
import { bug, WeftError } from '../model/errors.js';
import { DeliveryError, isGoodExchange, type Outcome } from '../model/outcome.js';
import type { PushDoor, PushEvents, PushHead, PushReceipt, Upload } from '../model/push.js';
import { tooLargeOnWire } from './exchange/admit.js';
import type { ExchangeFacts, PollResult } from './poll-report.js';
import { PushUpload, uploadError, type PushOptions } from './push-upload.js';
import type { Body, Deliver, Source } from './source.js';

/** After how long a refused client may come again. */
const RETRY_AFTER_S = 1;

export interface PushTools {
  readonly clock: Clock;
  readonly allocate: AllocateBody;
  /** Called once for each push that named this source, however it ended. */
  readonly observer: { pushed(result: PollResult): void };
  /** What is served now, for the answer to a push that was published. */
  readonly served: () => Omit<PushReceipt, 'outcome'>;
}

interface Run {
  readonly deliver: Deliver;
  readonly signal: AbortSignal;
  /** Ends the run: something is wrong with the callee. */
  readonly defect: (error: unknown) => void;
}

/**
 * Takes pushes while it runs; between runs, and while one is under way, further ones are refused.
 * It remembers the time of the sample that was accepted last for as long as it lives.
 */
export class PushSource implements Source, PushDoor {
  readonly id: string;
  readonly #options: PushOptions;
  readonly #tools: PushTools;
  #run: Run | null = null;
  #upload: PushUpload | null = null;
  #delivery: Promise<void> = Promise.resolve();
  #lastSampleMs: number | null = null;
  #failures = 0;

  constructor(options: PushOptions, tools: PushTools) {
    this.id = options.id;
    this.#options = options;
    this.#tools = tools;
  }

  async run(deliver: Deliver, signal: AbortSignal): Promise<void> {
    if (this.#run) bug(`source ${this.id} runs twice at once`);
    if (signal.aborted) return;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#run = { deliver, signal, defect: reject };
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      this.#run = null;
      this.#upload?.fail(new DeliveryError('skipped', `source ${this.id} was stopped`, true));
      await this.#delivery;
    }
  }

  /** Time of the sample that was accepted last; null when there was none. */
  get lastSampleMs(): number | null {
    return this.#lastSampleMs;
  }

  /** The sample served now was accepted in an earlier life. */
  resumeFrom(sampleMs: number): void {
    this.#lastSampleMs = sampleMs;
  }

  open(head: PushHead, events: PushEvents): Upload {
    const run = this.#admit(head);
    const isRepeat = head.snapshotTsMs !== null && head.snapshotTsMs === this.#lastSampleMs;
    const { clock, allocate } = this.#tools;
    const upload = new PushUpload(
      this.#options,
      head,
      {
        clock,
        allocate,
        received: (body) => {
          const whole = isRepeat ? { ...body, isRepeat } : body;
          this.#delivery = this.#publish(run, whole, upload.facts(), events);
        },
        failed: (error) => {
          this.#upload = null;
          this.#report(upload.facts(), error.outcome, error.message);
          events.settled(uploadError(error));
        },
      },
      events,
    );
    this.#upload = upload;
    return upload;
  }

  /** What the head of a request alone decides. */
  #admit(head: PushHead): Run {
    const { bodyBytesMax } = this.#options;
    const { contentLength, snapshotTsMs } = head;
    if (!this.#run || this.#upload) {
      const why = this.#run ? 'a push of this source is under way' : 'the source is not running';
      throw this.#refused(head, 'skipped', new WeftError('overloaded', this.#cannot(why), RETRY_AFTER_S));
    }
    if (contentLength !== null && contentLength > bodyBytesMax) {
      const { message } = tooLargeOnWire(contentLength, bodyBytesMax);
      throw this.#refused(head, 'too_large', new WeftError('too_large', this.#cannot(message)));
    }
    const lastMs = this.#lastSampleMs;
    if (snapshotTsMs !== null && lastMs !== null && snapshotTsMs < lastMs) {
      const why = `its sample time ${snapshotTsMs} is before ${lastMs}, that of the sample served (X-Snapshot-Ts)`;
      throw this.#refused(head, 'conflict', new WeftError('conflict', this.#cannot(why)));
    }
    return this.#run;
  }

  async #publish(run: Run, body: Body, facts: ExchangeFacts, events: PushEvents): Promise<void> {
    const end = await this.#deliver(run, body, facts);
    this.#upload = null;
    events.settled(end);
  }

  /** Never rejects: what goes wrong is what the client is told. */
  async #deliver(run: Run, body: Body, facts: ExchangeFacts): Promise<PushReceipt | Error> {
    try {
      const { outcome } = await run.deliver(body, run.signal);
      this.#lastSampleMs = body.snapshotTsMs ?? body.receivedAtMs;
      this.#report(facts, outcome, null);
      return { outcome, ...this.#tools.served() };
    } catch (error) {
      if (error instanceof DeliveryError) {
        this.#report(facts, error.outcome, error.message);
        return this.#deliveryError(error);
      }
      this.#report(facts, 'worker', `cannot deliver the body: ${String(error)}`);
      if (run.signal.aborted)
        return new WeftError('overloaded', this.#cannot('weft is stopping'), RETRY_AFTER_S);
      run.defect(error);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** How a client is told of a whole body that was not published. */
  #deliveryError({ outcome, message }: DeliveryError): WeftError {
    switch (outcome) {
      case 'conflict':
        return new WeftError('conflict', this.#cannot(message));
      case 'too_large':
        return new WeftError('too_large', this.#cannot(message));
      case 'skipped':
      case 'worker':
      case 'timeout':
        return new WeftError('overloaded', this.#cannot(message), RETRY_AFTER_S);
      default:
        return new WeftError('unprocessable', this.#cannot(message));
    }
  }

  #refused(head: PushHead, outcome: Outcome, error: WeftError): WeftError {
    const { contentLength, snapshotTsMs } = head;
    const facts = { status: null, fetchMs: 0, wireBytes: 0, skewMs: null, snapshotTsMs };
    this.#report({ ...facts, expectedBytes: contentLength }, outcome, error.message);
    return error;
  }

  #report(facts: ExchangeFacts, outcome: Outcome, message: string | null): void {
    if (isGoodExchange(outcome)) this.#failures = 0;
    else if (outcome !== 'skipped' && outcome !== 'conflict') this.#failures += 1;
    this.#tools.observer.pushed({ ...facts, outcome, attempt: this.#failures, message });
  }

  #cannot(why: string): string {
    return `cannot publish a push to ${this.id}: ${why}`;
  }
}
