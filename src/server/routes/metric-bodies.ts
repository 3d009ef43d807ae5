/** Bodies of GetMetric: composed once a snapshot and cell, and given their age for each response. */
import type { Table } from '../../fabric/table.js';
import type { Freshness } from '../../query/freshness.js';
import type { LocatedMetric } from '../../query/get-metric.js';
import { ByteWriter } from '../../view/bytes.js';
import { putUint31 } from '../../view/digits.js';
import { writeMetricBody, writeMetricText, type MetricShape } from '../../view/metric.js';

/** A key, a column name and a text cell, escaped, with room to spare. */
const COMPOSED_BYTES_MAX = 1024 * 1024;
/** Larger bodies (a long text cell) are composed each time. */
const KEPT_BYTES_MAX = 1024;
const AGE_BYTES_MAX = 11;
/** An age that is written as a 31-bit integer: 24 days. */
const AGE_MS_MAX = 2 ** 31 - 1;
/** Cells kept for one snapshot. */
const CELLS_MAX = 32_768;

const BRACE = 125;

/** A body without what changes while the snapshot stays. */
interface Kept {
  readonly bytes: Uint8Array;
  /** The age and the closing brace are still to be written. */
  readonly aged: boolean;
}

/** Of one shape; `text` is the bare value. */
export class MetricBodies {
  readonly #shape: MetricShape;
  readonly #out = new ByteWriter(COMPOSED_BYTES_MAX, 'COMPOSED_BYTES_MAX');
  readonly #kept = new Map<LocatedMetric, Kept>();
  readonly #scratch = new Uint8Array(KEPT_BYTES_MAX + AGE_BYTES_MAX);
  /** A view of each length used so far: making one costs as much as filling it. */
  readonly #views: Uint8Array[] = [];
  #snapshotId = '';

  constructor(shape: MetricShape) {
    this.#shape = shape;
  }

  /** The bare value. Valid until the next call. */
  text(table: Table, located: LocatedMetric): Uint8Array {
    this.#out.reset();
    writeMetricText(this.#out, table, located);
    return this.#out.result();
  }

  /** The JSON of a cell that is in `table`. Valid until the next call. */
  json(table: Table, located: LocatedMetric, freshness: Freshness): Uint8Array {
    if (table.snapshotId !== this.#snapshotId) {
      this.#snapshotId = table.snapshotId;
      this.#kept.clear();
    }
    const kept = this.#kept.get(located);
    if (kept !== undefined && freshness.ageMs <= AGE_MS_MAX) return this.#aged(kept, freshness.ageMs);
    const out = this.#out;
    out.reset();
    writeMetricBody(out, table, located, this.#shape, freshness);
    const body = out.result();
    if (body.length <= KEPT_BYTES_MAX && this.#kept.size < CELLS_MAX) this.#keep(located, body, freshness);
    return body;
  }

  #keep(located: LocatedMetric, body: Uint8Array, { ageMs }: Freshness): void {
    const aged = this.#shape === 'full' || this.#shape === 'envelope';
    const bytes = aged ? body.slice(0, body.length - String(ageMs).length - 1) : body.slice();
    this.#kept.set(located, { bytes, aged });
  }

  #aged({ bytes, aged }: Kept, ageMs: number): Uint8Array {
    if (!aged) return bytes;
    const scratch = this.#scratch;
    scratch.set(bytes);
    const end = putUint31(scratch, bytes.length, ageMs);
    scratch[end] = BRACE;
    return (this.#views[end] ??= scratch.subarray(0, end + 1));
  }
}
