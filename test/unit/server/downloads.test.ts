import { afterAll, describe, expect, it } from 'vitest';
import { RawClient, request, splitResponses } from '../../fixtures/raw-http.js';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

const LIST = '/telemetry/ListMetrics';
const MIB = 1024 * 1024;
/** About 10 MiB as an envelope. */
const rows = Array.from({ length: 20_000 }, (_, i) =>
  row(`sw-${i}`, { a: i, b: i / 7, c: `${'text '.repeat(80)}${i}`, d: i * i }),
);
const rig = new ServerRig({ rows, realTime: true, options: { inFlightBytesMax: 1024 * MIB } });
afterAll(() => rig.close());

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A client that asks and does not read. */
function stalled(on: ServerRig, path = LIST): RawClient {
  const client = new RawClient(on.port);
  client.socket.pause();
  client.send(request('GET', path));
  return client;
}

/** Bytes of the headers that such an answer has. */
async function headBytesOf(path: string): Promise<number> {
  const client = new RawClient(rig.port);
  client.send(request('GET', path, { 'X-Request-Id': 'same-len-0' }));
  await client.untilReceived(4096);
  client.end();
  return client.text.indexOf('\r\n\r\n') + 4;
}

describe('a large body', () => {
  it('arrives whole, while others are served in between', async () => {
    const [whole, ...health] = await Promise.all([
      rig.get(LIST, { 'Accept-Encoding': 'identity' }),
      ...Array.from({ length: 20 }, () => rig.get('/health')),
    ]);
    expect(Buffer.byteLength(whole.text)).toBeGreaterThan(8 * MIB);
    expect((members(whole)['items'] as unknown[]).length).toBe(20_000);
    expect(health.every(({ status }) => status === 200)).toBe(true);
    expect(rig.server.load.bytesInFlight).toBe(0);
  });

  it('arrives whole at a client that reads now and then', async () => {
    const expected = await rig.get(`${LIST}?format=csv`);
    const headBytes = await headBytesOf(`${LIST}?format=csv`);
    const client = stalled(rig, `${LIST}?format=csv`);
    await until(() => rig.server.load.bytesInFlight > 0);
    const reading = setInterval(() => {
      client.socket.resume();
      setTimeout(() => client.socket.pause(), 2);
    }, 5);
    await client.untilReceived(headBytes + Buffer.byteLength(expected.text));
    clearInterval(reading);
    client.end();
    expect(splitResponses(client.text)[0]?.body === Buffer.from(expected.text).toString('latin1')).toBe(true);
    await until(() => rig.server.load.bytesInFlight === 0);
  });

  it('may be followed by another request on its connection', async () => {
    const listBytes = (await headBytesOf(LIST)) + Buffer.byteLength((await rig.get(LIST)).text);
    const client = new RawClient(rig.port);
    for (let round = 1; round <= 3; round++) {
      const before = client.received;
      client.send(request('GET', LIST));
      // The age at the end may have another length by now: it is waited for by a few bytes less.
      await client.untilReceived(before + listBytes - 8);
      await until(() => rig.server.load.inFlight === 0);
      const behind = client.received;
      client.send(request('GET', '/health'));
      await client.untilReceived(behind + 50);
    }
    await client.until((text) => text.endsWith('{"ok":true}'));
    client.end();
    expect(splitResponses(client.text).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  });
});

describe('readers that stop', () => {
  it('cost no memory, however much they ask for', async () => {
    await rig.get(LIST);
    const before = process.memoryUsage.rss();
    const clients = Array.from({ length: 40 }, () => stalled(rig));
    // 150 requests at once on one more connection.
    const greedy = stalled(rig);
    greedy.send(request('GET', LIST).repeat(149));
    await until(() => rig.server.load.inFlight >= 40);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // 40 copies would be 400 MiB; what the kernel holds is not in here.
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
    expect((await rig.get('/health')).status).toBe(200);
    for (const client of [...clients, greedy]) client.end();
    await until(() => rig.server.load.inFlight === 0);
    expect(rig.server.load.bytesInFlight).toBe(0);
  });

  it('fill the bytes under way: then lists are refused, and only lists', async () => {
    const small = new ServerRig({ rows, realTime: true, options: { inFlightBytesMax: 4 * MIB } });
    try {
      const client = stalled(small);
      await until(() => small.server.load.bytesInFlight >= 4 * MIB);
      const list = await small.get(LIST);
      expect([list.status, members(list)['error'], list.headers.get('retry-after')]).toEqual([
        503,
        'overloaded',
        '1',
      ]);
      expect(members(list)['message']).toMatch(/IN_FLIGHT_BYTES_MAX/);
      for (const path of [
        '/health',
        '/health/ready',
        '/stats',
        '/telemetry/GetMetric?switch_id=sw-1&metric=a',
      ]) {
        expect((await small.get(path)).status).toBe(200);
      }
      client.end();
      await until(() => small.server.load.bytesInFlight === 0);
      expect((await small.get(LIST)).status).toBe(200);
    } finally {
      small.close();
    }
  });

  it('leave room for long refusals, and for what tells why lists are refused', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `${'a_long_column_name_'.repeat(4)}${i}`);
    const cells = Object.fromEntries(names.map((name, i) => [name, i] as const));
    const wide = rows.slice(0, 2000).map((_, i) => row(`sw-${i}`, cells));
    const small = new ServerRig({ rows: wide, realTime: true, options: { inFlightBytesMax: 4 * MIB } });
    try {
      const client = stalled(small);
      await until(() => small.server.load.bytesInFlight >= 4 * MIB);
      const unknown = await small.get('/telemetry/GetMetric?switch_id=sw-1&metric=nope');
      expect([unknown.status, members(unknown)['error']]).toEqual([404, 'unknown_metric']);
      expect(unknown.text.length).toBeGreaterThan(4096);
      const metrics = await small.get('/metrics');
      expect(metrics.status).toBe(200);
      expect(metrics.text.length).toBeGreaterThan(4096);
      expect(await small.get('/telemetry/schema')).toMatchObject({ status: 503 });
      client.end();
      await until(() => small.server.load.bytesInFlight === 0);
    } finally {
      small.close();
    }
  });

  it('cannot pile up small answers either: the connection closes', async () => {
    const aborted = rig.stats.counters.get('requests_aborted');
    const client = new RawClient(rig.port);
    client.socket.pause();
    const small = request('GET', '/telemetry/GetMetric?switch_id=sw-1&metric=a').repeat(200);
    let sentBytes = 0;
    // The kernel takes some megabytes of answers; what is sent beyond must not be kept for it.
    while (!client.socket.destroyed && rig.stats.counters.get('requests_aborted') === aborted) {
      client.send(small);
      sentBytes += small.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (sentBytes > 200 * MIB) expect.unreachable('answers are kept without bound');
    }
    client.end();
    await until(() => rig.server.load.inFlight === 0);
    expect((await rig.get('/health')).status).toBe(200);
  });
});
