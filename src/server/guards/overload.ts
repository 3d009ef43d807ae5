/** Sheds expensive requests while the loop is late or too many response bytes are under way. */
import { isImportant } from '../../model/access.js';
import type { Clock, Timer } from '../../model/clock.js';
import { IMPORTANT_BYTES_FACTOR, IMPORTANT_DELAY_FACTOR } from '../../model/limits.js';
import { ALLOW, type Guard, type GuardFacts, type Verdict } from './guard.js';

/** How late a turn of the loop may be before lists are refused. */
export const LOOP_DELAY_MS_MAX = 1000;
const SAMPLE_MS = 100;
const RETRY_AFTER_S = 1;

/** How late the event loop is just now. */
export interface LoopLag {
  delayMs(): number;
  stop(): void;
}

/** Samples by a timer: a timer that comes late shows how long everything else waited. */
export class TimerLoopLag implements LoopLag {
  readonly #clock: Clock;
  #timer: Timer;
  #dueMs: number;
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#dueMs = clock.monotonicMs() + SAMPLE_MS;
    this.#timer = clock.schedule(SAMPLE_MS, () => this.#tick());
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastMs = Math.max(0, nowMs - this.#dueMs);
    this.#dueMs = nowMs + SAMPLE_MS;
    this.#timer = this.#clock.schedule(SAMPLE_MS, () => this.#tick());
  }

  /** The last sample, or the lateness of the running one when that is more already. */
  delayMs(): number {
    return Math.max(this.#lastMs, this.#clock.monotonicMs() - this.#dueMs);
  }

  stop(): void {
    this.#timer.cancel();
  }
}

export interface OverloadDeps {
  readonly lag: LoopLag;
  readonly loopDelayMsMax: number;
  /** Response bytes under way, and how many may be (IN_FLIGHT_BYTES_MAX). */
  readonly bytesInFlight: () => number;
  readonly inFlightBytesMax: number;
}

export class OverloadGuard implements Guard {
  readonly name = 'overload';
  readonly #deps: OverloadDeps;

  constructor(deps: OverloadDeps) {
    this.#deps = deps;
  }

  admits({ cost }: Pick<GuardFacts, 'cost'>): boolean {
    return cost !== 'expensive';
  }

  admitsNow({ cost }: Pick<GuardFacts, 'cost'>): boolean {
    const { lag, loopDelayMsMax, bytesInFlight, inFlightBytesMax } = this.#deps;
    return cost !== 'expensive' || (bytesInFlight() < inFlightBytesMax && lag.delayMs() <= loopDelayMsMax);
  }

  check(facts: GuardFacts): Verdict {
    if (facts.cost !== 'expensive') return ALLOW;
    const { lag, loopDelayMsMax, bytesInFlight, inFlightBytesMax } = this.#deps;
    const important = isImportant(facts.client);
    if (bytesInFlight() >= inFlightBytesMax * (important ? IMPORTANT_BYTES_FACTOR : 1)) {
      return overloaded(
        `cannot take another large answer: ${inFlightBytesMax} bytes are under way (IN_FLIGHT_BYTES_MAX)`,
      );
    }
    const delayMs = lag.delayMs();
    if (delayMs > loopDelayMsMax * (important ? IMPORTANT_DELAY_FACTOR : 1)) {
      return overloaded(
        `cannot take more work: the event loop is ${Math.round(delayMs)} ms late (LOOP_DELAY_MS_MAX)`,
      );
    }
    return ALLOW;
  }
}

function overloaded(message: string): Verdict {
  return { allow: false, status: 503, error: 'overloaded', message, retryAfterS: RETRY_AFTER_S };
}
