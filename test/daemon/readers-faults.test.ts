/** Threads that serve beside main, when they are lost and when all of it stops. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReaderDocument } from '../../src/stats/document.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { startLoad } from '../fixtures/load.js';
import { LiveSocket } from '../fixtures/live-socket.js';
import { clientsOfThreads } from '../fixtures/thread-clients.js';
import { until, within } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const POISONED = new URL('../fixtures/poisoned-reader-main.js', import.meta.url);
const METRIC = '/telemetry/GetMetric?switch_id=sw-000&metric=cpu_util_pct';
const CLEAN = { code: 0, signal: null };

const started = new Started();
const folder = mkdtempSync(join(tmpdir(), 'weft-readers-'));
const orders = join(folder, 'orders');
let upstream: Upstream;
let weft: WeftProcess;

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  weft = await serve(3);
});
afterAll(async () => {
  await started.endAll();
  rmSync(folder, { recursive: true });
});

async function serve(readers: number): Promise<WeftProcess> {
  const env = { READERS: readers, UPSTREAM_URL: upstream.url(), POISON_FILE: orders };
  const one = await started.weft('serve', { env, main: POISONED });
  const client = started.add(await one.client());
  await until('the first publish', async () => (await client.get(METRIC)).status === 200);
  return one;
}

const documents = async (client: HttpClient): Promise<readonly ReaderDocument[]> =>
  ((await client.stats()) as unknown as { readers: readonly ReaderDocument[] }).readers;

/** Asks without a pause until `isOver`; statuses that came, and how many requests failed. */
async function hammer(
  client: HttpClient,
  isOver: () => boolean,
): Promise<{ statuses: Set<number>; failed: number }> {
  const statuses = new Set<number>();
  let failed = 0;
  while (!isOver()) {
    try {
      for (const path of [METRIC, '/telemetry/ListMetrics', '/health/ready']) {
        statuses.add((await client.get(path)).status);
      }
    } catch {
      failed++;
    }
  }
  return { statuses, failed };
}

describe.each(['exit', 'throw', 'reject'])('a thread that ends by %s', (how) => {
  test('is replaced, and nobody else notices', async () => {
    const threads = await clientsOfThreads(started, await weft.url(), 3);
    const lost = 1 + (weft.events('reader.lost').length % 2);
    const sockets = [];
    for (let i = 0; i < 8; i++) sockets.push(started.add(await LiveSocket.open(await weft.url())));
    let isOver = false;
    const asking = [...threads.values()].map((client) => hammer(client, () => isOver));
    const before = weft.events('reader.lost').length;
    writeFileSync(orders, `${lost} ${how}\n`);
    await until('the loss', () => weft.events('reader.lost').length > before);
    expect(weft.events('reader.lost').at(-1)).toMatchObject({ reader: lost });
    const fresh = started.add(await weft.client());
    await until('its successor', async () => {
      return (await documents(fresh)).every(({ state }) => state === 'running');
    });
    isOver = true;
    const ended = await Promise.all(asking);
    // The lost thread's own connection is cut, and its client connects again.
    expect(ended.filter(({ failed }) => failed > 0).length).toBeLessThanOrEqual(1);
    for (const { statuses, failed } of ended) {
      expect([...statuses]).toEqual([200]);
      // Its port may take it once more before it is closed, and again: each time one of three.
      expect(failed).toBeLessThanOrEqual(10);
    }
    const document = (await documents(fresh)).find(({ thread }) => thread === `reader-${lost}`)!;
    expect(document.restarts).toBeGreaterThanOrEqual(1);
    expect(await fresh.metric('weft_reader_restarts_total')).toBe(before + 1);
    // What it served comes to its successor.
    await clientsOfThreads(started, await weft.url(), 3);
    for (const socket of sockets) socket.close();
    await until('no live connection', async () => (await fresh.metric('weft_live_connections')) === 0);
    expect(weft.running).toBe(true);
  });
});

test('the process stops cleanly afterwards', async () => {
  expect(await weft.stop()).toEqual(CLEAN);
  expect(weft.stderr).toBe('');
});

test.each([2, 3])('SIGTERM under load, %d threads: every request is answered', async (readers) => {
  const CONNECTIONS = 24;
  const one = await serve(readers);
  const base = await one.url();
  const load = started.add(
    startLoad(base, CONNECTIONS, [METRIC, '/telemetry/ListMetrics', METRIC, '/stats']),
  );
  await load.ready;
  expect(await one.stop()).toEqual(CLEAN);
  const report = await within('the end of the clients', load.report);
  expect(report.failed).toEqual([]);
  expect(report.dismissed).toBe(CONNECTIONS);
  expect(['200', '503']).toEqual(expect.arrayContaining(Object.keys(report.statuses)));
  expect(one.events('shutdown.done').at(-1)).toMatchObject({ clean: true });
  expect(one.stderr).toBe('');
});
