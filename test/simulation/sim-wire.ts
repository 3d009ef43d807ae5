/** One simulated endpoint and the network to it, below the real exchange. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../src/model/clock.js';
import type { Wire } from '../../src/source/exchange/connection.js';
import type { Dice } from '../fixtures/live-world.js';
import { answerOf, CLOSED_MEANWHILE, goodAnswer, type Answer, type Mood } from './sim-answers.js';
import { SimTable, type SimBody } from './sim-bodies.js';
import type { PollRules } from './poll-rules.js';
import type { SimReport } from './sim-report.js';

export interface SimWireDeps {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly report: SimReport;
  readonly rules: PollRules;
  /** Told of each body that this endpoint may send. */
  readonly onBody: (body: SimBody) => void;
}

type Controller = Dispatcher.DispatchController;
type Handler = Dispatcher.DispatchHandler;

function failure(code: string): Error {
  return Object.assign(new Error(`simulated ${code}`), { code });
}

/** Outlives the runs of its source: `wire` makes one connection's view of it. */
export class SimEndpoint {
  readonly #deps: SimWireDeps;
  readonly #table: SimTable;
  /** How it makes ETags: from the body, always the same one, or none. */
  readonly #tags: 'true' | 'lie' | 'none';
  /** Longest pause between two things that arrive. */
  readonly #paceMs: number;
  mood: Mood = 'good';
  #body: SimBody;
  #tick = 0;
  #healed = false;

  constructor(deps: SimWireDeps) {
    const { dice } = deps;
    this.#deps = deps;
    this.#tags = dice.pick(['true', 'true', 'none', 'none', 'lie']);
    this.#paceMs = dice.pick([1, 20, 300]);
    this.#table = new SimTable(dice);
    this.#body = this.#table.body();
    deps.onBody(this.#body);
  }

  /** From now on it answers fast and truly. */
  heal(): void {
    this.mood = 'good';
    this.#healed = true;
  }

  /** What it says now. */
  get body(): SimBody {
    return this.#body;
  }

  /** A new sample, or none yet. */
  sample(): void {
    if (this.#deps.dice.chance(0.2)) return;
    this.#table.move();
    const body = this.#table.body();
    if (body.text !== this.#body.text) this.#tick++;
    this.#body = body;
    this.#deps.onBody(body);
  }

  get #tag(): string | null {
    if (this.#tags === 'none') return null;
    return this.#tags === 'true' || this.#healed ? `"tick-${this.#tick}"` : '"always"';
  }

  answer(ifNoneMatch: string | null): Answer {
    const { clock, dice } = this.#deps;
    this.sample();
    const facts = { body: this.#body, tag: this.#tag, ifNoneMatch, nowMs: clock.nowMs() };
    return this.#healed ? goodAnswer(facts, dice) : answerOf(this.mood, facts, dice);
  }

  get paceMs(): number {
    return this.#healed ? 1 : this.#paceMs;
  }

  wire(): Wire {
    return new SimWire(this, this.#deps);
  }
}

/** Ends exactly as undici does: with an end, an error, or silence; after `drop` with nothing. */
class SimWire implements Wire {
  connects = 0;
  failed = false;
  readonly lends = true;
  readonly hangUpHint = '';
  takesAtOnce = false;
  readonly #endpoint: SimEndpoint;
  readonly #deps: SimWireDeps;
  /** A kept-alive connection; the endpoint may have closed it meanwhile. */
  #open = false;
  /** The exchange under way; callbacks of any other say nothing more. */
  #current: object | null = null;

  constructor(endpoint: SimEndpoint, deps: SimWireDeps) {
    this.#endpoint = endpoint;
    this.#deps = deps;
  }

  dispatch({ headers }: Dispatcher.DispatchOptions, handler: Handler): void {
    const { dice, rules, report } = this.#deps;
    const ifNoneMatch = (headers as Record<string, string>)['if-none-match'] ?? null;
    const exchange = {};
    this.#current = exchange;
    const answer = this.#open && dice.chance(0.04) ? CLOSED_MEANWHILE : this.#endpoint.answer(ifNoneMatch);
    report.trace(() => `${rules.id} is asked${ifNoneMatch ? ` if not ${ifNoneMatch}` : ''}: ${answer.what}`);
    const isStale = this.#open && answer.kind === 'reset';
    if (isStale) report.note('stale connection');
    rules.dispatched(ifNoneMatch, answer, isStale);
    if (!this.#open) this.connects++;
    this.failed = false;
    this.#play(exchange, answer, handler);
  }

  /** Runs `act` after some time, unless the exchange has been dropped by then. */
  #later(exchange: object, paceMs: number, act: () => void): void {
    const { clock, dice } = this.#deps;
    clock.schedule(dice.random() * paceMs, () => {
      if (this.#current === exchange) act();
    });
  }

  #play(exchange: object, answer: Answer, handler: Handler): void {
    const { rules } = this.#deps;
    const rawHeaders = answer.headers.flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
    const controller = { rawHeaders, pause: () => {}, resume: () => {} } as unknown as Controller;
    const guarded = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        handler.onResponseError?.(controller, error as Error);
      }
    };
    const steps: (() => void)[] = [() => handler.onRequestStart?.(controller, null)];
    const fail = (code: string) => (): void => {
      this.failed = true;
      handler.onResponseError?.(controller, failure(code));
    };
    if (answer.kind === 'refused') steps.unshift(fail('ECONNREFUSED'));
    else if (answer.kind === 'unresolved') steps.unshift(fail('ENOTFOUND'));
    else if (answer.kind === 'reset') steps.push(fail('ECONNRESET'));
    else if (answer.kind === 'answer') {
      steps.push(() => handler.onResponseStart?.(controller, answer.status, {}, ''));
      for (const chunk of answer.chunks) {
        steps.push(() => {
          rules.received(chunk.length);
          handler.onResponseData?.(controller, Buffer.from(chunk));
        });
      }
      this.#pushEnd(steps, answer, controller, handler, fail('ECONNRESET'));
    }
    const step = (index: number): void => {
      const act = steps[index];
      if (!act) return;
      this.#later(exchange, this.#endpoint.paceMs, () => {
        guarded(act);
        if (index === 0) this.#open = true;
        step(index + 1);
      });
    };
    step(0);
  }

  #pushEnd(
    steps: (() => void)[],
    { end }: Answer,
    controller: Controller,
    handler: Handler,
    reset: () => void,
  ): void {
    if (end === 'silent') return;
    if (end === 'reset') return void steps.push(reset);
    steps.push(() => {
      // A reset behind a body without a length looks like its end, but for this.
      if (end === 'cut') this.failed = true;
      handler.onResponseEnd?.(controller, {});
    });
  }

  drop(): void {
    this.#current = null;
    this.#open = false;
  }

  close(): Promise<void> {
    this.drop();
    return Promise.resolve();
  }
}
