/** One source at work in a simulated world: the real actor, over a simulated endpoint. */
import type { SourceConfig } from '../../src/config/config.js';
import type { Logger } from '../../src/model/log.js';
import { OUTCOMES } from '../../src/model/outcome.js';
import { DEFAULT_PARSE_POLICY } from '../../src/model/parse-policy.js';
import { SourceActor, type SourceActorDeps } from '../../src/source-actor.js';
import type { SourceStats } from '../../src/stats/source-stats.js';
import type { Dice } from '../fixtures/live-world.js';
import { PollRules } from './poll-rules.js';
import { BODY_BYTES_MAX, type Mood } from './sim-answers.js';
import type { SimBody } from './sim-bodies.js';
import type { SimReport } from './sim-report.js';
import { SimEndpoint } from './sim-wire.js';

export interface SimSourceDeps extends Pick<
  SourceActorDeps,
  'fabric' | 'jobs' | 'free' | 'clock' | 'status' | 'stats' | 'parts'
> {
  readonly dice: Dice;
  readonly log: Logger;
  readonly report: SimReport;
  readonly onBody: (body: SimBody) => void;
  readonly jobTimeoutMs: number;
}

const MOODS: readonly Mood[] = ['good', 'good', 'good', 'flaky', 'down', 'odd'];

export class SimSource {
  readonly rules: PollRules;
  readonly actor: SourceActor;
  readonly intervalMs: number;
  readonly #deps: SimSourceDeps;
  readonly #endpoint: SimEndpoint;
  #stopper: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  /** What the random numbers of the run under way began with; null: it has asked for none. */
  #phase: number | null = null;

  constructor(id: string, intervalMs: number, deps: SimSourceDeps) {
    const { clock, dice, report, stats, onBody } = deps;
    this.#deps = deps;
    this.intervalMs = intervalMs;
    const timeoutMs = intervalMs * dice.pick([0.5, 1, 3]);
    this.rules = new PollRules(id, intervalMs, timeoutMs, () => clock.monotonicMs(), report);
    const rules = this.rules;
    this.#endpoint = new SimEndpoint({ clock, dice, report, rules, onBody });
    this.actor = new SourceActor(configOf(id, intervalMs, timeoutMs), {
      ...deps,
      random: () => this.#random(),
      parseTimeoutMs: deps.jobTimeoutMs,
      keep: null,
      missing: { rowsMax: 20, keepMs: 60_000 },
      openWire: () => this.#endpoint.wire(),
    });
    this.#watch(stats);
  }

  #random(): number {
    const number = this.#deps.dice.random();
    if (this.#phase === null) this.rules.started((this.#phase = number));
    return number;
  }

  /** The rules are asked about everything that is counted, as it is counted. */
  #watch(stats: SourceStats): void {
    const polled = stats.polled.bind(stats);
    const skipped = stats.skipped.bind(stats);
    stats.polled = (end) => {
      this.rules.polled(end, this.actor.state().state);
      polled(end);
    };
    stats.skipped = (slots) => {
      this.rules.skippedSlots += slots;
      skipped(slots);
    };
  }

  start(): void {
    if (this.#stopper) return;
    this.#stopper = new AbortController();
    this.#phase = null;
    this.#running = this.actor.run(this.#stopper.signal).catch((error: unknown) => {
      this.#deps.report.broken(`${this.rules.id} ended: ${String(error)}`);
    });
  }

  async stop(): Promise<void> {
    this.#stopper?.abort();
    await this.#running;
    this.#stopper = null;
    this.rules.stopped();
  }

  /** The endpoint fares otherwise now; or the source is stopped, and started again soon. */
  act(): void {
    const { dice, clock, report } = this.#deps;
    if (dice.chance(0.06) && this.#stopper) {
      report.note('source stopped');
      void this.stop().then(() => clock.schedule(dice.random() * this.intervalMs, () => this.start()));
      return;
    }
    this.#endpoint.mood = dice.pick(MOODS);
  }

  heal(): void {
    this.#endpoint.heal();
    this.start();
  }

  /** Good exchanges so far. */
  get goods(): number {
    const { stats } = this.#deps;
    return stats.polls('ok') + stats.polls('identical') + stats.polls('not_modified');
  }

  checkStale(): void {
    const { status, clock, report } = this.#deps;
    const { lastGoodMs } = this.rules;
    if (Number.isNaN(lastGoodMs)) return;
    const isStale = lastGoodMs === null || clock.monotonicMs() - lastGoodMs > status.maxStaleMs;
    const isSaid = status.isStale(clock.monotonicMs());
    report.check(isSaid === isStale, () => `${this.rules.id} is ${isSaid ? '' : 'not '}said to be stale`);
  }

  checkCounts(): void {
    const { stats } = this.#deps;
    const counted = OUTCOMES.reduce((sum, outcome) => sum + stats.polls(outcome), 0);
    this.rules.checkCounts(counted, stats.counters.get('received_bytes'));
  }
}

function configOf(id: string, intervalMs: number, timeoutMs: number): SourceConfig {
  return {
    id,
    url: 'http://simulated/counters',
    push: false,
    intervalMs,
    timeoutMs,
    staleMsMax: 3 * intervalMs,
    headers: {},
    bodyBytesMax: BODY_BYTES_MAX,
    decodedBytesMax: BODY_BYTES_MAX,
    parse: DEFAULT_PARSE_POLICY,
    rates: { columns: [], gauges: [], counters: [], bytesMax: 0 },
  };
}
