/** A circuit breaker: tells an upstream that is down from one that stumbled. */

/**
 * - `closed`: polls run as usual.
 * - `open`: too many failures in a row; the next poll will be a probe.
 * - `half_open`: that one probe is in flight.
 */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** Failures in a row that open the breaker. */
export const FAILURES_TO_OPEN = 5;

/** One poll at a time: `begin`, then exactly one of `succeeded`, `failed`, `abandoned`. */
export class Breaker {
  readonly #onChange: (state: BreakerState) => void;
  #state: BreakerState = 'closed';
  #failures = 0;

  constructor(onChange: (state: BreakerState) => void) {
    this.#onChange = onChange;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  begin(): void {
    if (this.#state === 'open') this.#enter('half_open');
  }

  succeeded(): void {
    this.#failures = 0;
    this.#enter('closed');
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES_TO_OPEN) this.#enter('open');
  }

  /** The poll proved nothing about the upstream: as if it had not begun. */
  abandoned(): void {
    if (this.#state === 'half_open') this.#enter('open');
  }

  #enter(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange(state);
  }
}
