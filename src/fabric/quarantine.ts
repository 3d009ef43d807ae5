/**
 * Sets aside bodies that end their worker again and again: by their hash, for a time that doubles.
 * Any other body of the source is parsed as ever. Main only; costs nothing until a worker was lost.
 */
import { createHash } from 'node:crypto';
import { shareBody, type BodyBytes } from '../model/body.js';
import { sleep, type Clock } from '../model/clock.js';
import { DeliveryError } from '../model/outcome.js';
import { bodyBytes } from '../snapshot/arena.js';

/** Workers that one body may cost before it is set aside. */
export const LOSSES_MAX = 3;
/** The first time aside, in intervals of the source; each further loss doubles it. */
const ASIDE_INTERVALS = 10;
const ASIDE_MS_MAX = 3_600_000;
/** Bodies remembered of one source; the one that failed longest ago is forgotten first. */
const SUSPECTS_MAX = 16;
/** Hashed in one turn of the loop: half a millisecond. */
const SLICE_BYTES = 1024 * 1024;

interface Suspect {
  losses: number;
  /** Monotonic: not tried before. */
  untilMs: number;
}

/** A body was set aside. */
export interface SetAside {
  /** The first digits of its SHA-256. */
  readonly hash: string;
  readonly losses: number;
  readonly retryMs: number;
}

export class Quarantine {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onSetAside: (event: SetAside) => void;
  readonly #suspects = new Map<string, Suspect>();

  constructor(clock: Clock, intervalMs: number, onSetAside: (event: SetAside) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onSetAside = onSetAside;
  }

  /**
   * `work` with the body, whose bytes it takes over; rejects as `work` does, or with `quarantined`
   * when the body is set aside.
   */
  async guard<T>(bytes: BodyBytes, work: (bytes: BodyBytes) => Promise<T>): Promise<T> {
    const [own, given] = shareBody(bytes, 2) as [BodyBytes, BodyBytes];
    let hash: string | null = null;
    try {
      if (this.#suspects.size > 0) {
        hash = await this.#hash(own);
        this.#refuse(hash, given);
      }
      const result = await work(given);
      if (hash !== null) this.#suspects.delete(hash);
      return result;
    } catch (error) {
      if (isLoss(error)) this.#lost(hash ?? (await this.#hash(own)));
      throw error;
    } finally {
      own.release();
    }
  }

  #refuse(hash: string, given: BodyBytes): void {
    const suspect = this.#suspects.get(hash);
    if (!suspect) return;
    const waitMs = suspect.untilMs - this.#clock.monotonicMs();
    if (waitMs <= 0) return;
    given.release();
    throw new DeliveryError(
      'quarantined',
      `this body (SHA-256 ${hash}) has ended ${suspect.losses} workers: it is tried again in ${Math.ceil(waitMs)} ms`,
      true,
    );
  }

  #lost(hash: string): void {
    const losses = (this.#suspects.get(hash)?.losses ?? 0) + 1;
    const aside = losses >= LOSSES_MAX;
    const doubled = this.#intervalMs * ASIDE_INTERVALS * 2 ** (losses - LOSSES_MAX);
    const retryMs = aside ? Math.min(ASIDE_MS_MAX, doubled) : 0;
    this.#suspects.delete(hash);
    this.#suspects.set(hash, { losses, untilMs: this.#clock.monotonicMs() + retryMs });
    const [oldest] = this.#suspects.keys();
    if (this.#suspects.size > SUSPECTS_MAX) this.#suspects.delete(oldest!);
    if (aside) this.#onSetAside({ hash, losses, retryMs });
  }

  /** In slices, so that a large body does not hold up the loop. */
  async #hash(body: BodyBytes): Promise<string> {
    const bytes = bodyBytes(body);
    const hash = createHash('sha256');
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      if (at > 0) await sleep(this.#clock, 0);
      hash.update(bytes.subarray(at, at + SLICE_BYTES));
    }
    return hash.digest('hex').slice(0, 16);
  }
}

/** The worker died over the body, or did not come to an end with it. */
function isLoss(error: unknown): boolean {
  return error instanceof DeliveryError && (error.outcome === 'worker' || error.outcome === 'timeout');
}
