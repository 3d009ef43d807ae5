/** Streams outlive requests: whether their tokens still hold is asked again and again. */
import type { Clock, Timer } from '../../model/clock.js';
import type { TokenRecord } from '../../model/access.js';
import { isExpired, type TokenStore } from './token-store.js';

const SWEEP_MS = 500;

/** Of the application's own range (RFC 6455, section 7.4.2), after the status of HTTP. */
export const CLOSE_UNAUTHORIZED = 4401;

/** One live connection that began with a token. */
export interface TokenHolder {
  readonly client: TokenRecord | null;
  close(code: number, reason: string): void;
}

/** Closes connections whose token has expired, was taken back, or may not stream any more. */
export class ExpirySweep {
  readonly #tokens: TokenStore;
  readonly #clock: Clock;
  readonly #holders: () => Iterable<TokenHolder>;
  #timer: Timer;

  constructor(tokens: TokenStore, clock: Clock, holders: () => Iterable<TokenHolder>) {
    this.#tokens = tokens;
    this.#clock = clock;
    this.#holders = holders;
    this.#timer = clock.schedule(SWEEP_MS, () => this.#tick());
  }

  #tick(): void {
    this.sweep();
    this.#timer = this.#clock.schedule(SWEEP_MS, () => this.#tick());
  }

  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const holder of [...this.#holders()]) {
      const reason = holder.client === null ? undefined : this.#problem(holder.client, nowMs);
      if (reason !== undefined) holder.close(CLOSE_UNAUTHORIZED, reason);
    }
  }

  #problem(client: TokenRecord, nowMs: number): string | undefined {
    const renewed = this.#tokens.renewed(client);
    if (renewed === null) return 'the token was taken back';
    if (isExpired(renewed, nowMs)) return 'the token has expired';
    const mayStream = renewed.scopes.includes('stream:read') || renewed.scopes.includes('admin');
    return mayStream ? undefined : 'the token lacks the scope stream:read';
  }

  stop(): void {
    this.#timer.cancel();
  }
}
