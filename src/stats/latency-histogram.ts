/**
 * Durations since start, in whole microseconds: percentiles by an HDR histogram, and counts by
 * powers of two for Prometheus. The only user of hdr-histogram-js.
 *
 * WebAssembly with 64-bit buckets: a record costs 20 ns (90 ns in JavaScript), and 32-bit buckets
 * overflow to zero without a word, within half a day at 100,000 requests a second.
 */

import { createRequire } from 'node:module';
import type * as Hdr from 'hdr-histogram-js';
import { initWebAssemblySync, WasmHistogram } from 'hdr-histogram-js/dist/wasm/index.js';

/** Everything is recorded as something between these: 1 µs and one minute. */
const LATENCY_US_MIN = 1;
export const LATENCY_US_MAX = 60_000_000;

/** Upper bounds of the Prometheus buckets: 1 µs, 2 µs, 4 µs, … 67 s. */
export const BUCKET_BOUNDS_US: readonly number[] = Array.from({ length: 27 }, (_, power) => 2 ** power);

/** Milliseconds with microsecond resolution; null while nothing was recorded. */
export interface LatencySummary {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
  readonly count: number;
}

/** What was recorded in one thread since it was taken before, on its way to another. */
export interface LatencyDelta {
  readonly histogram: Uint8Array | string;
  readonly buckets: readonly number[];
  readonly sumUs: number;
  readonly maxUs: number;
}

const EMPTY: LatencySummary = { p50: null, p90: null, p95: null, p99: null, p999: null, max: null, count: 0 };

export class LatencyHistogram {
  #histogram: Hdr.Histogram | null = newHistogram();
  /** Counts, not cumulated, in the order of BUCKET_BOUNDS_US. */
  readonly #buckets = new Float64Array(BUCKET_BOUNDS_US.length);
  #sumUs = 0;
  #maxUs = 0;

  /** Any number is accepted: what is no duration (NaN, negative) counts as the least one. */
  record(us: number): void {
    if (this.#histogram === null) return;
    const whole =
      us >= LATENCY_US_MIN ? (us < LATENCY_US_MAX ? Math.round(us) : LATENCY_US_MAX) : LATENCY_US_MIN;
    this.#histogram.recordValue(whole);
    // For 1: clz32(0) is 32. For 2^k < whole <= 2^(k+1) the index is k + 1.
    this.#buckets[32 - Math.clz32(whole - 1)]! += 1;
    this.#sumUs += whole;
    if (whole > this.#maxUs) this.#maxUs = whole;
  }

  /** Takes out what was recorded, and begins anew; null when there is nothing. */
  take(): LatencyDelta | null {
    const histogram = this.#histogram;
    if (histogram === null || histogram.totalCount === 0) return null;
    const delta = {
      histogram: encode(histogram),
      buckets: [...this.#buckets],
      sumUs: this.#sumUs,
      maxUs: this.#maxUs,
    };
    histogram.reset();
    this.#buckets.fill(0);
    this.#sumUs = 0;
    this.#maxUs = 0;
    return delta;
  }

  /** Adds what another thread took. */
  add({ histogram, buckets, sumUs, maxUs }: LatencyDelta): void {
    if (this.#histogram === null) return;
    const taken = decode(histogram);
    // Both are what newHistogram makes: the library's types do not know that they are alike.
    (this.#histogram as { add(other: Hdr.Histogram): void }).add(taken);
    taken.destroy();
    for (const [i, count] of buckets.entries()) this.#buckets[i]! += count;
    this.#sumUs += sumUs;
    this.#maxUs = Math.max(this.#maxUs, maxUs);
  }

  recordMs(ms: number): void {
    this.record(ms * 1000);
  }

  get count(): number {
    return this.#histogram?.totalCount ?? 0;
  }

  get sumUs(): number {
    return this.#sumUs;
  }

  /** Counts of all values up to each bound of BUCKET_BOUNDS_US. */
  cumulatedCounts(): readonly number[] {
    let sum = 0;
    return Array.from(this.#buckets, (count) => (sum += count));
  }

  summary(): LatencySummary {
    const histogram = this.#histogram;
    if (histogram === null || histogram.totalCount === 0) return EMPTY;
    // A percentile is the upper end of its bucket, which may lie above everything recorded.
    const ms = (percentile: number): number =>
      Math.min(histogram.getValueAtPercentile(percentile), this.#maxUs) / 1000;
    return {
      p50: ms(50),
      p90: ms(90),
      p95: ms(95),
      p99: ms(99),
      p999: ms(99.9),
      max: this.#maxUs / 1000,
      count: histogram.totalCount,
    };
  }

  /** Gives back memory that the garbage collector does not see. Later records are ignored. */
  close(): void {
    this.#histogram?.destroy();
    this.#histogram = null;
  }
}

const require = createRequire(import.meta.url);

/** Loaded where it is needed only: it costs 20 ms of the start. */
const wholeLibrary = (): typeof Hdr => require('hdr-histogram-js') as typeof Hdr;

function encode(histogram: Hdr.Histogram): Uint8Array | string {
  if (histogram instanceof WasmHistogram) return histogram.encode();
  return wholeLibrary().encodeIntoCompressedBase64(histogram);
}

function decode(encoded: Uint8Array | string): Hdr.Histogram {
  if (typeof encoded !== 'string') return WasmHistogram.decode(encoded, 64);
  return wholeLibrary().decodeFromCompressedBase64(encoded, 64, false);
}

function newHistogram(): Hdr.Histogram {
  const build = isWebAssemblyReady() ? WasmHistogram.build : wholeLibrary().build;
  return build({
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: LATENCY_US_MIN,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
  });
}

/** Initialising again is free. A runtime started without WebAssembly gets the slower histograms. */
function isWebAssemblyReady(): boolean {
  try {
    initWebAssemblySync();
    return true;
  } catch {
    return false;
  }
}
