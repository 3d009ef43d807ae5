/** What main knows of one source beside its cells: freshness and age. */
import type { Clock } from '../model/clock.js';

/** All that changes, as it crosses threads. Monotonic times are those of main's clock. */
export interface StatusState {
  readonly lastGoodMonoMs: number | null;
  readonly lastGoodMs: number | null;
  readonly dataTsMs: number | null;
  readonly published: boolean;
}

export class SourceStatus {
  readonly id: string;
  /** 0 = never stale. */
  maxStaleMs: number;
  readonly #clock: Clock;
  #lastGoodMonoMs: number | null = null;
  #lastGoodMs: number | null = null;
  #dataTsMs: number | null = null;
  #published = false;
  #onChange: (() => void) | null = null;

  constructor(id: string, maxStaleMs: number, clock: Clock) {
    this.id = id;
    this.maxStaleMs = maxStaleMs;
    this.#clock = clock;
  }

  /** Told after each change. One listener. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  get state(): StatusState {
    return {
      lastGoodMonoMs: this.#lastGoodMonoMs,
      lastGoodMs: this.#lastGoodMs,
      dataTsMs: this.#dataTsMs,
      published: this.#published,
    };
  }

  /** In a reader thread: as main has it. */
  load({ lastGoodMonoMs, lastGoodMs, dataTsMs, published }: StatusState): void {
    this.#lastGoodMonoMs = lastGoodMonoMs;
    this.#lastGoodMs = lastGoodMs;
    this.#dataTsMs = dataTsMs;
    this.#published = published;
  }

  /** A 200 that validated (published or identical), or a 304. */
  goodExchange(): void {
    this.#lastGoodMonoMs = this.#clock.monotonicMs();
    this.#lastGoodMs = this.#clock.nowMs();
    this.#onChange?.();
  }

  /** What is served comes from disk: the last good exchange was so long ago. */
  restored(ageMs: number): void {
    this.#lastGoodMonoMs = this.#clock.monotonicMs() - ageMs;
    this.#lastGoodMs = this.#clock.nowMs() - ageMs;
    this.#onChange?.();
  }

  /** Time of the data now served: the upstream's X-Snapshot-Ts, else the receive time (epoch ms). */
  dataArrived(dataTsMs: number): void {
    this.#dataTsMs = dataTsMs;
    this.#published = true;
    this.#onChange?.();
  }

  /** Epoch ms of the last good exchange; for people: `isStale` goes by the monotonic clock. */
  get lastGoodMs(): number | null {
    return this.#lastGoodMs;
  }

  get published(): boolean {
    return this.#published;
  }

  /** Epoch ms of the data served, null before the first publish. */
  get dataTsMs(): number | null {
    return this.#dataTsMs;
  }

  /** Age of the data served, never negative; null before the first publish. */
  ageMs(nowMs: number): number | null {
    return this.#dataTsMs === null ? null : Math.max(0, Math.round(nowMs - this.#dataTsMs));
  }

  /** Too long without a good exchange. Monotonic: stepping the wall clock changes nothing. */
  isStale(monotonicMs: number): boolean {
    if (this.maxStaleMs === 0) return false;
    return this.#lastGoodMonoMs === null || monotonicMs - this.#lastGoodMonoMs > this.maxStaleMs;
  }
}
