/** Two threads that add to one table, which nobody locks. */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { FreeList } from '../../src/snapshot/free-list.js';
import { openSegment } from '../../src/snapshot/layout.js';
import { Segment } from '../../src/snapshot/segment.js';
import { stringTable } from '../../src/snapshot/tables.js';

const TABLES = 400;
/** So few places that the threads often want the same one. */
const ENTRIES = 8;

const encoder = new TextEncoder();
/** Other texts for each table, so that some want the same place. */
const textsOf = (thread: number, table: number): Uint8Array[] =>
  Array.from({ length: ENTRIES / 2 }, (_, i) => encoder.encode(`text ${thread}/${table}/${i}`));

function addBy(thread: number, shared: object): Promise<void> {
  const url = new URL('./string-race-thread.js', import.meta.url);
  const texts = Array.from({ length: TABLES }, (_, table) => textsOf(thread, table));
  return new Promise((resolve, reject) => {
    const worker = new Worker(url, { workerData: { ...shared, texts } });
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

test('every text is found under an id of its own', async () => {
  const spec = {
    columns: [{ name: 'state', kind: 'text' as const }],
    slotCapacity: 64,
    keyBytesCapacity: 64,
    stringCapacity: ENTRIES,
    stringBytesCapacity: 1024,
    baseVersion: 0,
    hasRowTime: false,
  };
  const free = new FreeList(0, () => undefined);
  const refs = Array.from({ length: TABLES }, () => new Segment(spec, free).ref);
  const gate = new Int32Array(new SharedArrayBuffer(4 * TABLES));
  await Promise.all([0, 1].map((thread) => addBy(thread, { refs, gate })));
  const lost = refs.flatMap((ref, t) => {
    const table = stringTable(openSegment(ref));
    const ids = [...textsOf(0, t), ...textsOf(1, t)].map((bytes) => table.find(bytes, 0, bytes.length));
    return new Set(ids).size === ENTRIES && !ids.includes(-1) ? [] : [ids];
  });
  expect(lost).toEqual([]);
});
