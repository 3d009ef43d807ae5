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
const textsOf = (thread: number): Uint8Array[] =>
  Array.from({ length: ENTRIES / 2 }, (_, i) => encoder.encode(`text ${thread}/${i}`));

function addBy(thread: number, shared: object): Promise<void> {
  const url = new URL('./string-race-thread.js', import.meta.url);
  return new Promise((resolve, reject) => {
    const worker = new Worker(url, { workerData: { ...shared, texts: textsOf(thread) } });
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
  const lost = refs.flatMap((ref) => {
    const table = stringTable(openSegment(ref));
    const ids = [...textsOf(0), ...textsOf(1)].map((bytes) => table.find(bytes, 0, bytes.length));
    return new Set(ids).size === ENTRIES && !ids.includes(-1) ? [] : [ids];
  });
  expect(lost).toEqual([]);
});
