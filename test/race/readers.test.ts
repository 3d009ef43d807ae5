/** Threads that answer point reads while main replaces the table without a pause. */
import { Worker } from 'node:worker_threads';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { TableFeed } from '../../src/fabric/table-feed.js';
import { systemClock } from '../../src/model/clock.js';
import { ReaderThread } from '../../src/server/reader/reader-thread.js';
import { ReaderBoard } from '../../src/snapshot/reader-board.js';
import { ServerRig } from '../fixtures/server-rig.js';
import { within } from '../fixtures/until.js';
import { rowsOf } from './race-cells.js';
import type { ReadRaceReport, ReadRaceStart } from './read-race-thread.js';

const CLIENTS = new URL('./read-race-thread.js', import.meta.url);
const THREADS = 3;
const CONNECTIONS = 24;
/** Of each thread: main is the slow one, it publishes meanwhile. */
const READS_MIN = 300;
const READS_TOTAL = 12_000;
/** A new generation of both sources so often: other memory, other texts. */
const GENERATION_PUBLISHES = 300;

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Two sources that hold the same rows, so that a merge index is replaced with every publish. */
async function startRig(): Promise<ServerRig> {
  const board = ReaderBoard.make(THREADS);
  const connections = {
    add: (change: number) => board.addConnections(0, change),
    get total() {
      return board.connections;
    },
  };
  const rig = new ServerRig({ rows: null, sources: ['s1', 's2'], realTime: true, connections });
  ends.push(() => rig.close());
  const { fabric } = rig.tables;
  const feed = new TableFeed(fabric, board, systemClock);
  const threads = Array.from({ length: THREADS - 1 }, (_, i) => {
    return new ReaderThread({
      thread: i + 1,
      board,
      feed,
      gate: () => rig.server.gate!,
      port: () => rig.port,
      options: {
        host: '127.0.0.1',
        version: '1.0.0',
        connectionsMax: 0,
        inFlightBytesMax: 2 ** 20,
        accessLog: 'off',
        defaultDialect: 'none',
        slowClientMs: 60_000,
        liveIdleMs: 60_000,
      },
      sources: fabric.sources.map(({ id, maxStaleMs }) => ({ id, maxStaleMs })),
      stats: rig.stats,
      clock: systemClock,
      log: rig.log,
      drainMs: 1000,
    });
  });
  ends.push(() => Promise.all(threads.map((thread) => thread.stop())));
  await Promise.all(threads.map((thread) => thread.start((error) => rig.log.fatal('lost', { error }))));
  return rig;
}

test('every answer of every thread is of one publish, and none is older than one before', async () => {
  const rig = await startRig();
  let publishes = 0;
  const publish = (): void => {
    publishes++;
    const newGeneration = publishes % GENERATION_PUBLISHES < 2;
    const source = publishes % 2 === 0 ? 's1' : 's2';
    rig.tables.publish(source, rowsOf(publishes), { dataTsMs: publishes, newGeneration });
  };
  publish();
  publish();
  const workerData: ReadRaceStart = {
    port: rig.port,
    connections: CONNECTIONS,
    readsMin: READS_MIN,
    readsTotal: READS_TOTAL,
    threads: THREADS,
  };
  const clients = new Worker(CLIENTS, { workerData });
  let report: ReadRaceReport | null = null;
  const ended = new Promise<void>((resolve, reject) => {
    clients.on('message', (message: ReadRaceReport) => (report = message));
    clients.on('error', reject).on('exit', () => resolve());
  });
  ends.push(() => ended);
  let isOver = false;
  const over = (): boolean => (isOver = true);
  ended.then(over, over);
  const endMs = performance.now() + 90_000;
  while (!isOver && performance.now() < endMs) {
    publish();
    await turn();
  }
  await within('the end of the clients', ended);
  const { wrong, reads, versions } = report!;
  expect(wrong).toEqual([]);
  expect(Object.keys(reads)).toHaveLength(THREADS);
  // They did meet: the table was another one again and again.
  expect(versions).toBeGreaterThan(20);
  expect(rig.log.of('lost')).toEqual([]);
});
