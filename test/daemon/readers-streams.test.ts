/** Threads that serve beside main: whoever connects is answered or told that it is over, never left waiting. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpClient } from '../fixtures/http-client.js';
import { LiveSocket } from '../fixtures/live-socket.js';
import { until, within } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type LaunchOptions, type WeftProcess } from '../fixtures/weft-process.js';

const POISONED = new URL('../fixtures/poisoned-reader-main.js', import.meta.url);
const METRIC = '/telemetry/GetMetric?switch_id=sw-000&metric=cpu_util_pct';

const started = new Started();
const folder = mkdtempSync(join(tmpdir(), 'weft-readers-'));
const orders = join(folder, 'orders');
let upstream: Upstream;

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
});
afterAll(async () => {
  await started.endAll();
  rmSync(folder, { recursive: true });
});

async function serve({ env, ...options }: LaunchOptions): Promise<WeftProcess> {
  const one = await started.weft('serve', { ...options, env: { UPSTREAM_URL: upstream.url(), ...env } });
  const client = started.add(await one.client());
  await until('the first publish', async () => (await client.get(METRIC)).status === 200);
  return one;
}

test('every stream of hundreds is greeted, whatever memory held before', async () => {
  const STREAMS = 400;
  const AT_ONCE = 4;
  // The C library fills memory with this: what is read there by mistake says "close" (upgrades.ts).
  const weft = await serve({ env: { READERS: 3, MALLOC_PERTURB_: 85 } });
  const base = await weft.url();
  let begun = 0;
  const open = async (): Promise<void> => {
    while (begun++ < STREAMS) started.add(await LiveSocket.open(base));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  const client = started.add(await weft.client());
  expect(await client.metric('weft_live_connections')).toBe(STREAMS);
  await until('the counts of all threads', async () => {
    return (await client.stats()).endpoints['stream']!['count'] === STREAMS;
  });
  expect(await weft.stop()).toEqual({ code: 0, signal: null });
  expect(weft.stderr).toBe('');
});

describe('while threads are lost again and again', () => {
  const READERS = 5;

  test('every new connection is answered or cut', async () => {
    const weft = await serve({ main: POISONED, env: { READERS, POISON_FILE: orders } });
    const base = await weft.url();
    let isOver = false;
    const ends = { greeted: 0, answered: 0, cut: 0 };
    const streams = async (): Promise<void> => {
      while (!isOver) {
        // Rejects when it is cut; not to be greeted at all is an error of its own.
        const socket = await LiveSocket.open(base).catch((error: Error) => {
          if (!error.message.includes('closed before')) throw error;
        });
        socket?.close();
        ends[socket ? 'greeted' : 'cut']++;
      }
    };
    const reads = async (): Promise<void> => {
      while (!isOver) {
        const client = new HttpClient(base, 1);
        const status = await within(
          'an answer or an error',
          client.get(METRIC).then(
            (reply) => reply.status,
            () => 0,
          ),
        );
        client.close();
        expect([0, 200]).toContain(status);
        ends[status === 200 ? 'answered' : 'cut']++;
      }
    };
    const clients = [streams(), streams(), reads(), reads()];
    const failed = Promise.all(clients);
    failed.catch(() => (isOver = true));
    const lost = (): number => weft.events('reader.lost').length;
    for (const how of ['exit', 'throw', 'reject']) {
      for (let reader = 1; reader < READERS; reader++) {
        const before = lost();
        writeFileSync(orders, `${reader} ${how}\n`);
        await until('the loss', () => isOver || lost() > before);
      }
    }
    isOver = true;
    await failed;
    expect(lost()).toBe(3 * (READERS - 1));
    expect(ends.greeted).toBeGreaterThan(0);
    expect(ends.answered).toBeGreaterThan(0);
    // A thread takes the few connections along that it holds or was about to take.
    expect(ends.cut).toBeLessThanOrEqual(lost() * clients.length);
    const client = started.add(await weft.client());
    await until('no stream', async () => (await client.metric('weft_live_connections')) === 0);
    expect(await weft.stop()).toEqual({ code: 0, signal: null });
    expect(weft.stderr).toBe('');
  });
});
