/** Adds texts of its own to one table after another, each in the same moment as another thread. */
import { workerData } from 'node:worker_threads';
import { openSegment, type SegmentRef } from '../../src/snapshot/layout.js';
import { stringTable } from '../../src/snapshot/tables.js';

const { refs, gate, texts } = workerData as {
  refs: readonly SegmentRef[];
  gate: Int32Array;
  /** Of each table. */
  texts: readonly (readonly Uint8Array[])[];
};

refs.forEach((ref, round) => {
  const table = stringTable(openSegment(ref));
  Atomics.add(gate, round, 1);
  // It spins: who sleeps here comes too late.
  while (Atomics.load(gate, round) < 2);
  for (const bytes of texts[round]!) table.insert(bytes, 0, bytes.length);
});
