import { afterAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { LiveClient, type LiveView } from '../../fixtures/live-client.js';
import { ServerRig } from '../../fixtures/server-rig.js';
import { row, type Row } from '../../fixtures/tables.js';

const MIB = 1024 * 1024;
const ROWS = 4000;
const PUBLISHES = 60;

/** About 2 MiB of text, all of it new at each publish. */
function rowsOf(version: number): Row[] {
  const text = 'x'.repeat(500);
  return Array.from({ length: ROWS }, (_, i) => row(`sw-${i}`, { v: version, t: `${version} ${text}` }));
}

const rig = new ServerRig({ rows: rowsOf(0), realTime: true });
afterAll(() => rig.close());

interface Subscriber {
  readonly socket: WebSocket;
  readonly view: LiveView;
}

async function subscribe(metrics: readonly string[]): Promise<Subscriber> {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/telemetry/stream`);
  const client = new LiveClient();
  const view = client.expect('s');
  socket.on('message', (data: Buffer) => client.receive(data.toString()));
  await new Promise((resolve) => socket.on('open', resolve));
  socket.send(JSON.stringify({ op: 'subscribe', id: 's', metrics }));
  return { socket, view };
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const upToDate = ({ view }: Subscriber): boolean => view.snapshotId === rig.tables.fabric.snapshotId;

it('a subscriber that stops reading costs a bounded memory, slows nobody and ends up right', async () => {
  const fast = await subscribe(['v']);
  const slow = await subscribe(['v', 't']);
  await until(() => upToDate(fast) && upToDate(slow));
  slow.socket.pause();
  let buffered = 0;
  for (let version = 1; version <= PUBLISHES; version++) {
    rig.tables.publish('s1', rowsOf(version));
    await until(() => upToDate(fast));
    for (const transport of rig.transports) buffered = Math.max(buffered, transport.bufferedBytes());
  }
  // One part beyond the limit, at most; kept whole, what the slow one missed would be 120 MiB.
  expect(buffered).toBeGreaterThan(0);
  expect(buffered).toBeLessThan(1.5 * MIB);
  expect(fast.view.rows.get('sw-7')?.get('v')).toBe(PUBLISHES);
  slow.socket.resume();
  await until(() => upToDate(slow));
  expect(rig.stats.live.conflated).toBeGreaterThan(PUBLISHES / 2);
  expect(slow.view.rows.size).toBe(ROWS);
  for (const [id, cells] of slow.view.rows) {
    if (cells.get('v') !== PUBLISHES || !String(cells.get('t')).startsWith(`${PUBLISHES} x`)) {
      expect.unreachable(`${id} is of an old version`);
    }
  }
  for (const { socket } of [fast, slow]) socket.terminate();
});
