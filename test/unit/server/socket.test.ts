import { describe, expect, it, afterEach } from 'vitest';
import { idleSeconds, LiveSocket } from '../../../src/server/socket.js';
import { members, ServerRig, type RigOptions } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';
import { WsClient } from '../../fixtures/ws-client.js';

let rig: ServerRig;
afterEach(() => rig.close());

function start(options: RigOptions = {}): ServerRig {
  rig = new ServerRig({ realTime: true, ...options });
  return rig;
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const SUBSCRIBE = { op: 'subscribe', id: 's1', metrics: ['v'] };

describe('the stream', () => {
  it('says hello, sends a snapshot, then diffs that lead to what lists show', async () => {
    start({ rows: [row('a', { v: 1, w: 1 }), row('b', { v: 2, w: 2 })] });
    const client = new WsClient(rig.port);
    const { snapshotId } = rig.tables.fabric;
    expect(await client.take('hello')).toEqual({ type: 'hello', protocol: 1, snapshot_id: snapshotId });
    client.send(SUBSCRIBE);
    expect(await client.take('snapshot')).toMatchObject({
      id: 's1',
      snapshot_id: snapshotId,
      reason: 'subscribed',
      fields: ['v'],
      rows: [
        ['a', 1],
        ['b', 2],
      ],
    });
    rig.tables.publish('s1', [row('b', { v: 3, w: 2 }), row('c', { v: 4, w: 4 })]);
    const diff = await client.take('diff');
    expect(diff).toMatchObject({
      id: 's1',
      prev: snapshotId,
      snapshot_id: rig.tables.fabric.snapshotId,
      removed: ['a'],
    });
    expect(Object.fromEntries(diff['changes'] as [string, unknown][])).toEqual({ b: { v: 3 }, c: { v: 4 } });
    const since = `/telemetry/changes?since=${snapshotId}&fields=v`;
    const { type, prev, changes, removed } = members(await rig.get(since));
    expect({ type, prev, changes, removed }).toEqual({
      type: 'diff',
      prev: snapshotId,
      changes: diff['changes'],
      removed: ['a'],
    });
    client.send({ op: 'ping' });
    expect(await client.take('pong')).toEqual({ type: 'pong' });
    client.end();
  });

  it('logs who came and went, and forgets them', async () => {
    start();
    const client = new WsClient(rig.port, { headers: { 'X-Request-Id': 'live-1' } });
    await client.take('hello');
    expect(rig.server.load).toMatchObject({ sockets: 1, connections: 1 });
    expect(rig.log.of('live.open')).toEqual([{ request_id: 'live-1', remote: '127.0.0.1' }]);
    client.socket.close(1000);
    await client.closed();
    await until(() => rig.server.load.connections === 0);
    expect(rig.server.load.sockets).toBe(0);
    expect(rig.stats.live.subscribers).toBe(0);
    expect(rig.log.of('live.close')).toMatchObject([{ request_id: 'live-1', code: 1000 }]);
    for (let round = 0; round < 10; round++) {
      const clients = Array.from({ length: 20 }, () => new WsClient(rig.port));
      await Promise.all(clients.map((one) => one.take('hello')));
      expect(rig.server.load).toMatchObject({ sockets: 20, connections: 20 });
      for (const one of clients) one.end();
      await until(() => rig.server.load.connections === 0);
    }
    expect(rig.stats.live.subscribers).toBe(0);
  });

  it('sends what does not fit at once bit by bit, and nothing twice', async () => {
    start({
      rows: Array.from({ length: 20_000 }, (_, i) => row(`sw-${i}`, { v: i, t: 'text '.repeat(60) })),
    });
    const client = new WsClient(rig.port);
    await client.take('hello');
    client.socket.pause();
    client.send({ op: 'subscribe', id: 's1' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.socket.resume();
    const rows: unknown[] = [];
    for (let last = false; !last;) {
      const part = await client.take('snapshot');
      rows.push(...(part['rows'] as unknown[]));
      last = part['last'] === true;
    }
    expect(rows).toHaveLength(20_000);
    expect(new Set(rows.map((one) => (one as unknown[])[0])).size).toBe(20_000);
    client.end();
  });
});

describe('what clients may not do', () => {
  it('binary data closes with 1003', async () => {
    start();
    const client = new WsClient(rig.port);
    await client.take('hello');
    client.socket.send(Buffer.from('{"op":"ping"}'));
    await client.closed();
    expect(client.code).toBe(1003);
  });

  it('a message beyond its limit, or one that is no UTF-8, cuts the connection', async () => {
    start();
    const large = new WsClient(rig.port);
    await large.take('hello');
    large.send({ op: 'ping', pad: 'x'.repeat(70_000) });
    await large.closed();
    const broken = new WsClient(rig.port);
    await broken.take('hello');
    broken.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    await broken.closed();
    expect([large.code, broken.code]).toEqual([1006, 1006]);
    await until(() => rig.server.load.connections === 0);
  });

  it('nonsense is answered, and the connection goes on', async () => {
    start();
    const client = new WsClient(rig.port);
    client.socket.on('open', () => client.socket.send('{"op":'));
    expect(await client.take('error')).toMatchObject({ error: 'bad_request' });
    client.send({ op: 'ping' });
    await client.take('pong');
    client.end();
  });
});

describe('the end', () => {
  it('of the server is told with 1001', async () => {
    start();
    const client = new WsClient(rig.port);
    await client.take('hello');
    await rig.server.drain(5000);
    await client.closed();
    expect([client.code, client.reason]).toEqual([1001, 'going away']);
  });

  it('of a hub that has stopped: connections are closed as they come', async () => {
    start();
    rig.hub.stop();
    const client = new WsClient(rig.port);
    await client.closed();
    expect(client.code).toBe(1001);
    expect((await rig.get('/health')).status).toBe(200);
  });
});

it('waits for a slow client longer than the hub does, within what the library takes', () => {
  start();
  const seconds = (slowClientMs: number, liveIdleMs: number): number =>
    idleSeconds({ slowClientMs, liveIdleMs });
  expect([seconds(60_000, 60_000), seconds(10, 60_000), seconds(1e9, 60_000)]).toEqual([90, 60, 960]);
  expect([seconds(10, 8000), seconds(10, 1), seconds(10, 1e9)]).toEqual([8, 8, 960]);
  const socket = new LiveSocket('id', '127.0.0.1', 0);
  expect([socket.send('x', new Uint8Array(0)), socket.bufferedBytes()]).toEqual(['dropped', 0]);
});
