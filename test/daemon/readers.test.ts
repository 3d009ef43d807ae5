/** Threads that serve beside main: whatever thread a client comes to, it is served alike. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReaderDocument } from '../../src/stats/document.js';
import { ASKED, comparable, METRIC } from '../fixtures/asked-routes.js';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { LiveSocket, differenceOf } from '../fixtures/live-socket.js';
import { RawClient, splitResponses } from '../fixtures/raw-http.js';
import { clientsOfThreads, threadOf } from '../fixtures/thread-clients.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

const THREADS = 3;
const ROWS = 3000;
const CSV = { 'Content-Type': 'text/csv' };

const started = new Started();
let upstream: Upstream;
let weft: WeftProcess;
let client: HttpClient;
let threads: ReadonlyMap<string, HttpClient>;

/** Enough for lists of several slices, and cells of every kind. */
function matrix(): string {
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const text = randomBytes(100).toString('hex');
    return `sw-${String(i).padStart(4, '0')},${i % 100}.5,${i},18446744073709551615,${text}`;
  });
  return `switch_id,cpu,errors,octets,note\n${rows.join('\n')}\n`;
}

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(matrix());
  const file = started.add(
    new ConfigFile({
      sources: [
        { id: 'polled', url: upstream.url() },
        { id: 'pushed', push: true },
      ],
    }),
  );
  weft = await started.weft('serve', {
    flags: ['--config', file.path],
    env: { READERS: THREADS },
  });
  client = started.add(await weft.client());
  await until('the first publish', async () => (await client.get(METRIC)).status === 200);
  threads = await clientsOfThreads(started, client.base, THREADS);
});
afterAll(() => started.endAll());

/** Over a connection of its own: one that was idle may be closed while it is asked. */
async function fresh<T>(ask: (one: HttpClient) => Promise<T>): Promise<T> {
  const one = started.add(await weft.client());
  try {
    return await ask(one);
  } finally {
    one.close();
  }
}

const readers = (): Promise<readonly ReaderDocument[]> =>
  fresh(async (one) => ((await one.stats()) as unknown as { readers: readonly ReaderDocument[] }).readers);

describe('every thread', () => {
  test('serves, and /stats counts all of them together', async () => {
    const before = (await client.stats()).endpoints['GetMetric']!['count']!;
    for (const one of threads.values()) {
      for (let i = 0; i < 40; i++) expect((await one.get(METRIC)).status).toBe(200);
    }
    await until('the counts of all threads', async () => {
      return (await client.stats()).endpoints['GetMetric']!['count']! >= before + 40 * THREADS;
    });
    const all = await readers();
    expect(all.map(({ thread }) => thread)).toEqual(['main', 'reader-1', 'reader-2']);
    for (const { requests, handed_on, state } of all) {
      expect(state).toBe('running');
      expect(requests - handed_on).toBeGreaterThanOrEqual(40);
    }
    expect(await client.metric('weft_request_duration_seconds_count', 'GetMetric')).toBeGreaterThanOrEqual(
      before + 40 * THREADS,
    );
    expect(await client.metric('weft_readers')).toBe(THREADS);
    expect(await client.metric('weft_connections')).toBeGreaterThanOrEqual(THREADS);
  });

  test('counts its connections', async () => {
    const all = await readers();
    for (const { connections } of all) expect(connections).toBeGreaterThanOrEqual(1);
    const held = [];
    for (let i = 0; i < 10; i++) held.push(started.add(await LiveSocket.open(client.base)));
    // A WebSocket is main's, wherever it came in.
    const sum = (some: readonly ReaderDocument[]): number =>
      some.reduce((total, { connections }) => total + connections, 0);
    // Those that only waited may have been closed meanwhile: ten streams, and the one that asks.
    await until('ten more', async () => sum(await readers()) >= held.length + 1);
    for (const socket of held) socket.close();
    await until('ten less', async () => sum(await readers()) <= sum(all) + 1);
  });
});

describe('what is answered', () => {
  test.each(ASKED.map(([path, asked]) => [path, asked ?? {}] as const))('%s %j', async (path, asked) => {
    const replies = [];
    for (const one of threads.values())
      replies.push(comparable(await one.get(path, asked), asked.method === 'HEAD'));
    for (const reply of replies) expect(reply).toEqual(replies[0]);
  });

  test('304 where nothing has changed', async () => {
    for (const path of [METRIC, '/telemetry/ListMetrics?metrics=cpu']) {
      const etag = (await client.get(path)).header('etag')!;
      for (const one of threads.values()) {
        expect((await one.get(path, { headers: { 'If-None-Match': etag } })).status).toBe(304);
      }
    }
  });

  test('a request that may hide another one is refused, and the other never run', async () => {
    const { port } = new URL(client.base);
    for (let i = 0; i < 20; i++) {
      const raw = started.add(new ClosingClient(Number(port)));
      const hidden = 'GET /telemetry/GetMetric?switch_id=sw-0007&metric=cpu HTTP/1.1\r\nHost: w\r\n\r\n';
      raw.send(`GET /health/live HTTP/1.1\r\nHost: w\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`);
      await until('the end of the connection', () => raw.closed);
      expect(splitResponses(raw.text).filter(({ status }) => status !== 400)).toEqual([]);
    }
  });

  test('each thread is still the one that it was', async () => {
    for (const [name, one] of threads) expect(await threadOf(one)).toBe(name);
  });
});

class ClosingClient extends RawClient {
  close(): void {
    this.end();
  }
}

describe('the live stream', () => {
  test('is the same on whichever thread', async () => {
    const before = new Map((await readers()).map(({ thread, requests }) => [thread, requests]));
    const sockets: LiveSocket[] = [];
    const untouched = async (): Promise<boolean> =>
      (await readers()).some(({ thread, requests }) => requests <= before.get(thread)!);
    // The system spreads them as it likes.
    for (let i = 0; i < 24 || (i < 200 && (await untouched())); i++) {
      sockets.push(started.add(await LiveSocket.open(client.base)));
    }
    const views = sockets.map((socket) => socket.subscribe({ id: 'a', metrics: ['cpu', 'octets'] }));
    await until('a snapshot for each', () => views.every(({ snapshotId }) => snapshotId !== null));
    for (const { thread, requests } of await readers()) {
      expect(requests).toBeGreaterThan(before.get(thread)!);
    }
    upstream.body = Buffer.from(matrix().replaceAll(',18446744073709551615,', ',18446744073709551614,'));
    await until('the same everywhere', async () => {
      const list = await fresh((one) => one.json('/telemetry/ListMetrics?fields=cpu,octets'));
      for (const socket of sockets) socket.check();
      return views.every(
        (view) => view.snapshotId === list['snapshot_id'] && differenceOf(view, list) === '',
      );
    });
    for (const socket of sockets) socket.send({ op: 'ping' });
    await until('every pong', () => sockets.every(({ client: { pongs } }) => pongs === 1));
    expect((await fresh((one) => one.stats())).live['subscribers']).toBe(sockets.length);
    for (const socket of sockets) socket.close();
    await until('the end of all', async () => (await fresh((one) => one.stats())).live['subscribers'] === 0);
    await until(
      'no connection of theirs',
      async () => (await fresh((one) => one.metric('weft_live_connections'))) === 0,
    );
  });
});

describe('a push', () => {
  test('is served by every thread when one has answered it', async () => {
    let value = 0;
    for (const one of threads.values()) {
      for (let i = 0; i < 10; i++) {
        value++;
        // Larger than what waits unread in one piece.
        const body = `switch_id,pushed,filler\np-1,${value},${'f'.repeat(60_000)}\n`;
        const { status } = await one.get('/telemetry/ingest/pushed', { method: 'POST', headers: CSV, body });
        expect(status).toBe(202);
        for (const other of threads.values()) {
          const got = await other.json('/telemetry/GetMetric?switch_id=p-1&metric=pushed');
          expect(got['value']).toBe(value);
        }
      }
    }
  });

  test('of a large body comes in whole', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `p-${i},${i},${'x'.repeat(100)}`);
    const body = `switch_id,pushed,filler\n${rows.join('\n')}\n`;
    for (const one of threads.values()) {
      const reply = await one.get('/telemetry/ingest/pushed', { method: 'POST', headers: CSV, body });
      expect(reply.status, reply.text).toBe(202);
      expect(reply.json).toMatchObject({ rows: rows.length });
    }
  });
});

test('a second process cannot take the port', async () => {
  const { port } = new URL(client.base);
  for (const readerCount of [1, 2]) {
    const second = started.add(
      new WeftProcess(['serve'], {
        env: { READERS: readerCount, METRICS_SERVER_PORT: port, UPSTREAM_URL: upstream.url() },
      }),
    );
    expect(await second.exit()).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
  }
});

test('more threads than cores are warned of', async () => {
  const many = await started.weft('serve', {
    env: { READERS: availableParallelism() + 1, UPSTREAM_URL: upstream.url() },
  });
  expect(many.events('readers.many')).toHaveLength(1);
  expect(await many.stop()).toEqual({ code: 0, signal: null });
});
