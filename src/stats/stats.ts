/** What weft knows about itself. Recording is cheap; reading happens at /stats and /metrics. */

import type { Clock } from '../model/clock.js';
import { bug } from '../model/errors.js';
import { Redactor } from '../model/redact.js';
import { Counters, PROCESS_COUNTERS, namesOf, type ProcessCounter } from './counters.js';
import { LatencyHistogram, type LatencyDelta } from './latency-histogram.js';
import { watchLoopDelay, type LoopDelay } from './loop-delay.js';
import { SourceStats } from './source-stats.js';

export interface StatsOptions {
  readonly version: string;
  readonly clock: Clock;
  /** Names of all endpoints. A fixed set: no name ever comes from a request. */
  readonly endpoints: readonly string[];
  /** Ids of all sources, from the configuration. */
  readonly sources: readonly string[];
  /** Blanks out secrets in the sources' last errors. */
  readonly redactor?: Redactor;
  /** Measured from the process unless a test says otherwise. */
  readonly loopDelay?: LoopDelay;
}

/** Moved by live/ directly. */
export interface LiveCounts {
  /** Connections now. */
  subscribers: number;
  framesSent: number;
  conflated: number;
  resyncs: number;
}

/** A value that another part keeps and /metrics shows. */
export interface ExposedValue {
  /** `weft_…`; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  /** Read at each scrape; must be cheap. */
  readonly value: () => number;
}

/** What one thread counted since it was taken before, on its way to another. */
export interface StatsDelta {
  readonly counters: readonly (readonly [ProcessCounter, number])[];
  readonly responses: readonly (readonly [StatusClass, number])[];
  readonly endpoints: readonly (readonly [string, LatencyDelta])[];
}

const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

export class Stats {
  readonly version: string;
  readonly redactor: Redactor;
  readonly loopDelay: LoopDelay;
  readonly live: LiveCounts = { subscribers: 0, framesSent: 0, conflated: 0, resyncs: 0 };
  readonly counters = new Counters<ProcessCounter>(namesOf(PROCESS_COUNTERS));
  readonly responses = new Counters<StatusClass>(STATUS_CLASSES);
  readonly #endpoints: ReadonlyMap<string, LatencyHistogram>;
  readonly #byIndex: readonly LatencyHistogram[];
  readonly #sources: Map<string, SourceStats>;
  readonly #exposed: ExposedValue[] = [];
  readonly #clock: Clock;
  readonly #startMonoMs: number;
  readonly startMs: number;

  constructor(options: StatsOptions) {
    this.version = options.version;
    this.redactor = options.redactor ?? new Redactor();
    this.loopDelay = options.loopDelay ?? watchLoopDelay();
    this.#endpoints = new Map(options.endpoints.map((name) => [name, new LatencyHistogram()]));
    this.#byIndex = [...this.#endpoints.values()];
    this.#sources = new Map(options.sources.map((id) => [id, new SourceStats(id)]));
    this.#clock = options.clock;
    this.#startMonoMs = options.clock.monotonicMs();
    this.startMs = options.clock.nowMs();
  }

  /** Service time of one request; the index is the endpoint's place in the options. */
  record(endpointIndex: number, us: number): void {
    this.#byIndex[endpointIndex]?.record(us);
  }

  /** The histogram of an endpoint, to be kept by its route: recording then needs no look-up. */
  endpoint(name: string): LatencyHistogram {
    return this.#endpoints.get(name) ?? bug(`endpoint ${name} was not registered`);
  }

  get endpoints(): ReadonlyMap<string, LatencyHistogram> {
    return this.#endpoints;
  }

  source(id: string): SourceStats {
    return this.#sources.get(id) ?? bug(`source ${id} was not registered`);
  }

  /** A source that was configured while weft runs. */
  addSource(id: string): SourceStats {
    if (this.#sources.has(id)) bug(`source ${id} was registered twice`);
    const source = new SourceStats(id);
    this.#sources.set(id, source);
    return source;
  }

  /** Its counts are shown no more. */
  removeSource(id: string): void {
    this.source(id).close();
    this.#sources.delete(id);
  }

  get sources(): readonly SourceStats[] {
    return [...this.#sources.values()];
  }

  /** Counts an answer. A status outside 100 to 599 is ignored. */
  response(status: number): void {
    if (status >= 100 && status < 600) this.responses.addAt(((status / 100) | 0) - 1);
  }

  /** Takes out what requests have left here, and begins anew; null when there is nothing. */
  take(): StatsDelta | null {
    const endpoints = [...this.#endpoints].flatMap(([name, histogram]) => {
      const delta = histogram.take();
      return delta === null ? [] : [[name, delta] as const];
    });
    const delta = { counters: this.counters.take(), responses: this.responses.take(), endpoints };
    return Object.values(delta).every(({ length }) => length === 0) ? null : delta;
  }

  /** Adds what another thread took. */
  add({ counters, responses, endpoints }: StatsDelta): void {
    for (const [name, count] of counters) this.counters.add(name, count);
    for (const [name, count] of responses) this.responses.add(name, count);
    for (const [name, delta] of endpoints) this.endpoint(name).add(delta);
  }

  /** Shows a value of another part in /metrics. Call it while starting, once per name. */
  expose(value: ExposedValue): void {
    const isWellNamed = /^weft_[a-z0-9_]+$/.test(value.name);
    if (!isWellNamed || (value.kind === 'counter') !== value.name.endsWith('_total')) {
      bug(`${value.name} is no name for a ${value.kind}`);
    }
    if (this.#exposed.some(({ name }) => name === value.name)) bug(`${value.name} is exposed twice`);
    this.#exposed.push(value);
  }

  get exposed(): readonly ExposedValue[] {
    return this.#exposed;
  }

  get uptimeMs(): number {
    return this.#clock.monotonicMs() - this.#startMonoMs;
  }

  /** Gives back native memory. Later records are ignored. */
  close(): void {
    this.loopDelay.close();
    for (const histogram of this.#byIndex) histogram.close();
    for (const source of this.#sources.values()) source.close();
  }
}
