/**
 * Time passes: at each tick the dialects in use are built anew while the bodies of the tick before
 * are served. A dialect is in use from its first request until it was not asked for in 64 ticks.
 */

import type { Clock, Timer } from '../model/clock.js';
import { Body, RetiredBodies } from './body.js';
import type { Builder } from './build-thread.js';
import type { SimulatorLog } from './log.js';
import { metricCount, TICK_LIMIT } from './matrix.js';
import type { BuildResult } from './messages.js';
import type { SimulatorDialect, SimulatorOptions } from './options.js';

const FORGET_TICKS = 64;

/** One dialect in one encoding. */
interface Variant {
  readonly dialect: SimulatorDialect;
  readonly gzip: boolean;
  askedTick: number;
  body: Body | undefined;
  /** The first build, which requests wait for. */
  first: Promise<void> | undefined;
}

/** A body that stays in place until `release` is called. */
export interface Lease {
  readonly body: Body;
  readonly release: () => void;
}

export class Ticks {
  readonly #options: SimulatorOptions;
  readonly #boot: string;
  readonly #builder: Builder;
  readonly #clock: Clock;
  readonly #log: SimulatorLog;
  readonly #variants = new Map<string, Variant>();
  readonly #retired: RetiredBodies;
  #tick = 0;
  #tsMs: number;
  #dueMs: number;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SimulatorOptions, boot: string, builder: Builder, clock: Clock, log: SimulatorLog) {
    this.#options = options;
    this.#boot = boot;
    this.#builder = builder;
    this.#clock = clock;
    this.#log = log;
    this.#retired = new RetiredBodies((bytes) => builder.recycle(bytes));
    this.#tsMs = Math.round(clock.nowMs());
    this.#dueMs = clock.monotonicMs();
  }

  /** Ticks come by the clock from now on. */
  start(): void {
    this.#dueMs = this.#clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /**
   * The present body, pinned; waits for the build when it is the dialect's first. `cut` is called
   * when the reader has become too slow: it must end its socket.
   */
  async lease(dialect: SimulatorDialect, gzip: boolean, cut: () => void): Promise<Lease> {
    const key = gzip ? `${dialect}+gzip` : dialect;
    let variant = this.#variants.get(key);
    if (!variant) {
      variant = { dialect, gzip, askedTick: this.#tick, body: undefined, first: undefined };
      this.#variants.set(key, variant);
    }
    variant.askedTick = this.#tick;
    if (!variant.body) await (variant.first ??= this.#buildFirst(variant));
    // Pinned in the same step as it is read: a tick in between would take its bytes away.
    const body = variant.body!;
    return { body, release: body.acquire(cut) };
  }

  /** One tick now, after those under way; resolves when its bodies are served. */
  advance(skewMs: number): Promise<void> {
    this.#running = this.#running.then(() => this.#runTick(skewMs));
    return this.#running;
  }

  #arm(): void {
    const intervalMs = this.#options.intervalSec * 1000;
    this.#dueMs += intervalMs;
    const lateMs = this.#clock.monotonicMs() - this.#dueMs;
    // A build that outlasted ticks: the last one missed is made up for at once, the others are not.
    if (lateMs > 0) this.#dueMs += Math.floor(lateMs / intervalMs) * intervalMs;
    const delayMs = Math.max(0, this.#dueMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(delayMs, () => {
      const skewMs = Math.max(0, this.#clock.monotonicMs() - this.#dueMs);
      void this.advance(skewMs).then(() => {
        if (!this.#closed) this.#arm();
      });
    });
  }

  async #runTick(skewMs: number): Promise<void> {
    if (this.#closed) return;
    const startedMs = this.#clock.monotonicMs();
    this.#tick = (this.#tick + 1) % TICK_LIMIT;
    this.#tsMs = Math.round(this.#clock.nowMs());
    this.#forget();
    const inUse = [...this.#variants.values()];
    const dialects = new Set(inUse.map((variant) => variant.dialect));
    await Promise.all([...dialects].map((dialect) => this.#rebuild(dialect, inUse)));
    if (this.#closed) return;
    this.#log.event('info', 'gen.tick', {
      tick_ms: round(this.#clock.monotonicMs() - startedMs),
      interval_ms: this.#options.intervalSec * 1000,
      skew_ms: round(skewMs),
      switches: this.#options.switches,
      metrics_per_switch: metricCount(this.#options.dialect, this.#options.columns),
      snapshot_id: this.#etag(this.#tick, false),
    });
  }

  async #rebuild(dialect: SimulatorDialect, inUse: readonly Variant[]): Promise<void> {
    const variants = inUse.filter((variant) => variant.dialect === dialect);
    try {
      await this.#build(variants);
    } catch (error) {
      // The bodies of the tick before stay in service.
      if (!this.#closed) this.#log.event('error', 'gen.error', { error: String(error) });
    }
  }

  async #buildFirst(variant: Variant): Promise<void> {
    try {
      await this.#build([variant]);
    } finally {
      variant.first = undefined;
    }
  }

  /** Builds variants of one dialect at the present tick and puts them in service. */
  async #build(variants: readonly Variant[]): Promise<void> {
    const tick = this.#tick;
    const tsMs = this.#tsMs;
    const plain = variants.find((variant) => !variant.gzip);
    const packed = variants.find((variant) => variant.gzip);
    const { dialect } = variants[0]!;
    const job = { dialect, identity: plain !== undefined, gzip: packed !== undefined };
    const result: BuildResult = await this.#builder.build(tick, tsMs, job);
    this.#install(plain, result.identity, tick, tsMs);
    this.#install(packed, result.gzip, tick, tsMs);
  }

  #install(variant: Variant | undefined, bytes: Uint8Array | undefined, tick: number, tsMs: number): void {
    if (!variant || !bytes) return;
    const before = variant.body;
    variant.body = new Body(bytes, tick, tsMs, this.#etag(tick, variant.gzip));
    if (before) this.#retired.add(before, bytes.length);
  }

  #forget(): void {
    for (const [key, variant] of this.#variants) {
      if (this.#tick - variant.askedTick <= FORGET_TICKS || variant.first) continue;
      this.#variants.delete(key);
      if (variant.body) this.#retired.add(variant.body, 0);
    }
  }

  #etag(tick: number, gzip: boolean): string {
    return `${this.#boot}-${tick}${gzip ? '-gz' : ''}`;
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
