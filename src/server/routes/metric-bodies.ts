/** Bodies of GetMetric: composed once a snapshot and cell, and given their age for each response. */
import type { Table } from '../../fabric/table.js';
import type { LocatedMetric } from '../../query/get-metric.js';
import { ByteWriter } from '../../view/bytes.js';
import { writeMetricBody, writeMetricText, type MetricShape } from '../../view/metric.js';
import { AGE_BYTES_MAX, AGE_MS_MAX, withAge } from './kept-body.js';

/** A key, a column name and a text cell, escaped, with room to spare. */
const COMPOSED_BYTES_MAX = 1024 * 1024;
/** Larger bodies (a long text cell) are composed each time. */
const KEPT_BYTES_MAX = 512;

/** Of one shape; `text` is the bare value. */
export class MetricBodies {
  readonly #shape: MetricShape;
  readonly #isAged: boolean;
  readonly #out = new ByteWriter(COMPOSED_BYTES_MAX, 'COMPOSED_BYTES_MAX');

  constructor(shape: MetricShape) {
    this.#shape = shape;
    this.#isAged = shape === 'full' || shape === 'envelope';
  }

  /** The bare value. Valid until the next call. */
  text(table: Table, located: LocatedMetric): Uint8Array {
    this.#out.reset();
    writeMetricText(this.#out, table, located);
    return this.#out.result();
  }

  /**
   * The JSON of a cell that is in `table`. Valid until the next call. A located cell belongs to one
   * MetricBodies: it keeps the body.
   */
  json(table: Table, located: LocatedMetric, ageMs: number): Uint8Array {
    const kept = located.body;
    if (kept !== null && kept.snapshotId === table.snapshotId && ageMs <= AGE_MS_MAX) {
      return withAge(kept, ageMs);
    }
    const out = this.#out;
    out.reset();
    writeMetricBody(out, table, located, this.#shape, ageMs);
    const body = out.result();
    if (body.length <= KEPT_BYTES_MAX) this.#keep(located, table.snapshotId, body, ageMs);
    return body;
  }

  #keep(located: LocatedMetric, snapshotId: string, body: Uint8Array, ageMs: number): void {
    const ageAt = this.#isAged ? body.length - String(ageMs).length - 1 : -1;
    const known = located.body;
    // The bytes of the snapshot before, where they suffice: a publish makes no garbage of all hot cells.
    const bytes =
      known !== null && known.bytes.length >= body.length + AGE_BYTES_MAX
        ? known.bytes
        : new Uint8Array(body.length + AGE_BYTES_MAX);
    bytes.set(body);
    const view = bytes.subarray(0, body.length);
    located.body = { snapshotId, bytes, ageAt, ageMs, view };
  }
}
