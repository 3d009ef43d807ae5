/**
 * A writer that publishes by itself, as fast as it can: every cell of version v holds v. Runs until
 * told to stop through the shared flag.
 */
import { workerData } from 'node:worker_threads';
import type { SegmentRef } from '../../src/snapshot/layout.js';
import { declareIntent, publishedVersion, publishVersion } from '../../src/snapshot/seqlock.js';
import { BankWriter } from '../../src/snapshot/writer.js';

const { ref, stop, rows, columns } = workerData as {
  ref: SegmentRef;
  stop: Int32Array;
  rows: number;
  columns: number;
};

const control = new Int32Array(ref.buffer);
while (Atomics.load(stop, 0) === 0) {
  const version = publishedVersion(control) + 1;
  declareIntent(control, version);
  const writer = new BankWriter(ref, version);
  for (let slot = 0; slot < rows; slot++) {
    writer.setPresent(slot);
    for (let c = 0; c < columns; c++) writer.f64[writer.cell0[c]! + slot] = version;
  }
  writer.finish(version, version);
  publishVersion(control, version);
}
