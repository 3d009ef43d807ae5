/** W-09: clients that come and go leave nothing behind. */
import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { FaultWorld, goodBody } from '../fixtures/fault-world.js';
import { readHeapCounts, type HeapCounts } from '../fixtures/heap-counts.js';
import { LiveSocket } from '../fixtures/live-socket.js';
import { OPCODE, RawWebSocket } from '../fixtures/raw-ws.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const AT_A_TIME = 20;
const ROUNDS = 50;
/** So long that a selection of them is not kept for those who come again (src/live/selections.ts). */
const NAMES = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(500));
const MIB = 1024 * 1024;

const started = new Started();
afterAll(() => started.endAll());

let world: FaultWorld;
let n = 0;

/** Every way to go. */
const LEAVING: readonly ((socket: LiveSocket) => void)[] = [
  (socket) => socket.leave(),
  (socket) => socket.close(),
  (socket) => {
    socket.send({ op: 'unsubscribe', id: 's' });
    socket.leave(4000);
  },
  (socket) => {
    socket.pause();
    socket.close();
  },
];

/** Comes, has its snapshot, and goes. Each has a selection of its own. */
async function visit(i: number): Promise<void> {
  const socket = await LiveSocket.open(world.weft.base);
  const view = socket.subscribe({ id: 's', switches: ['r1*', `visitor-${i}`, ...NAMES], metrics: ['rx'] });
  await until('its snapshot', () => view.snapshotId);
  socket.check();
  LEAVING[i % LEAVING.length]!(socket);
}

/** Goes without a word, in the middle of a message, or before it has understood anything. */
async function visitRudely(i: number): Promise<void> {
  const socket = await RawWebSocket.open(Number(new URL(world.weft.base).port));
  socket.send(JSON.stringify({ op: 'subscribe', id: 's' }));
  if (i % 2 === 0) socket.send('half a mess', { opcode: OPCODE.text, fin: false });
  socket.raw.socket.end();
  await until('the other half of the close', () => socket.closed);
}

/** Nobody is there, by every count that is told. */
async function nobody(): Promise<void> {
  for (const name of ['connections', 'subscribers', 'waiting_bytes', 'held_bytes']) {
    await until(name, async () => (await world.weft.metric(`weft_live_${name}`)) === 0);
  }
}

function descriptors(): number {
  return readdirSync(`/proc/${world.process.child.pid}/fd`).length;
}

async function heapCounts(): Promise<HeapCounts> {
  const { length } = readHeapCounts(world.process.stderr);
  world.process.child.kill('SIGUSR2');
  return until('the counts', () => readHeapCounts(world.process.stderr)[length]);
}

async function round(index: number): Promise<void> {
  // News come while they do: frames are under way to those who leave.
  world.upstream.body = Buffer.from(goodBody(++n));
  const first = index * AT_A_TIME;
  const visitors = Array.from({ length: AT_A_TIME }, (_, k) =>
    (k % 5 === 4 ? visitRudely : visit)(first + k),
  );
  await Promise.all(visitors);
  await nobody();
}

test('W-09: a thousand clients come and go: no socket, no object, no byte of theirs stays', async () => {
  const preload = new URL('../fixtures/heap-counts.js', import.meta.url).href;
  world = await FaultWorld.start(started, { nodeFlags: ['--import', preload] });
  for (let i = 0; i < 5; i++) await round(i);
  const before = {
    descriptors: descriptors(),
    connections: await world.weft.metric('weft_connections'),
    rss: (await world.weft.stats()).memory.rss_bytes,
  };
  for (let i = 5; i < ROUNDS; i++) await round(i);

  const opened = world.process.events('live.open').length;
  expect(opened).toBe(ROUNDS * AT_A_TIME);
  await until('all goodbyes in the log', () => world.process.events('live.close').length === opened);
  await until('the connections of before', async () => {
    return (await world.weft.metric('weft_connections')) <= before.connections;
  });
  await until('the descriptors of before', () => descriptors() <= before.descriptors);
  const after = await until('an empty heap', async () => {
    const counts = await heapCounts();
    return counts.sessions + counts.subscriptions + counts.sockets === 0 && counts;
  });
  // That of everything, which the rude ones have.
  expect(after.selections).toBeLessThanOrEqual(1);
  // Coarse: a heap grows before it is collected. What stays for ever is counted above.
  expect((await world.weft.stats()).memory.rss_bytes - before.rss).toBeLessThan(48 * MIB);
  expect(world.process.events('live.error')).toEqual([]);
  expect((await world.weft.stats()).live['subscribers']).toBe(0);
});
