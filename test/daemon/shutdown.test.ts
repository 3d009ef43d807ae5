/** How the process ends: L-04 and L-08, under load, with clients that do not read, without an output. */
import { afterAll, describe, expect, test } from 'vitest';
import { goodBody } from '../fixtures/fault-world.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { startLoad } from '../fixtures/load.js';
import { RawClient, request, splitResponses } from '../fixtures/raw-http.js';
import { until, within } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type LaunchOptions, type WeftProcess } from '../fixtures/weft-process.js';

const CLEAN = { code: 0, signal: null };

const started = new Started();
afterAll(() => started.endAll());

interface World {
  readonly upstream: Upstream;
  readonly process: WeftProcess;
  readonly weft: HttpClient;
}

async function serve(rows: number, env: LaunchOptions['env'] = {}): Promise<World> {
  const upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(goodBody(0, rows));
  const process = await started.weft('serve', { env: { UPSTREAM_URL: upstream.url(), ...env } });
  const weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source()).version >= 1);
  return { upstream, process, weft };
}

describe('L-04: SIGTERM under load', () => {
  const CONNECTIONS = 48;
  const PATHS = [
    '/telemetry/GetMetric?switch_id=r1&metric=rx',
    '/telemetry/GetMetric/rx/r2',
    '/telemetry/ListMetrics',
    '/telemetry/ListMetrics?metrics=rx,tx',
    '/telemetry/ListMetrics?switches=r1*',
    '/telemetry/schema',
    '/health',
    '/stats',
  ];

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: no request that was sent is lost, exit 0',
    async (signal) => {
      const { upstream, process, weft } = await serve(3000);
      // Publishes go on meanwhile: bodies are parsed, encoded and cached anew.
      let n = 0;
      const publishing = setInterval(() => (upstream.body = Buffer.from(goodBody(++n, 3000))), 50);
      const load = started.add(startLoad(weft.base, CONNECTIONS, PATHS));
      try {
        await load.ready;
        const { version } = await weft.source();
        await until('publishes under load', async () => (await weft.source()).version > version + 2);
        process.child.kill(signal);
        expect(await process.exit()).toEqual(CLEAN);
      } finally {
        clearInterval(publishing);
      }
      const report = await within('the end of the clients', load.report);
      expect(report.failed).toEqual([]);
      // A loop that is late may turn lists away: an answer as well.
      expect(['200', '503']).toEqual(expect.arrayContaining(Object.keys(report.statuses)));
      expect(report.dismissed).toBe(CONNECTIONS);
      expect(report.completed).toBeGreaterThan(4 * CONNECTIONS);
      expect(process.events('shutdown.done').at(-1)).toMatchObject({ clean: true });
      expect(process.stderr).toBe('');
    },
  );
});

describe('a client that does not read its list', () => {
  /** Far more than the buffers of a connection hold. */
  const ROWS = 250_000;

  async function stuck(env: LaunchOptions['env'] = {}): Promise<{ process: WeftProcess; client: RawClient }> {
    const { process, weft } = await serve(ROWS, env);
    const client = new RawClient(Number(new URL(weft.base).port));
    started.add({ close: () => client.end() });
    client.send(request('GET', '/telemetry/ListMetrics?shape=map'));
    await client.until((text) => text.length > 0);
    client.socket.pause();
    await until('the answer is under way', async () => {
      return (await weft.metric('weft_response_bytes_in_flight')) > 0;
    });
    return { process, client };
  }

  test('L-04: a second signal ends at once, with 1', async () => {
    const { process } = await stuck();
    process.child.kill('SIGTERM');
    await until('the stop', () => process.events('shutdown').length === 1);
    expect(process.running).toBe(true);
    process.child.kill('SIGTERM');
    expect(await process.exit(5_000)).toEqual({ code: 1, signal: null });
    expect(process.events('shutdown.forced')).toHaveLength(1);
  });

  test('SHUTDOWN_TIMEOUT_MS ends the wait', async () => {
    const { process } = await stuck({ SHUTDOWN_TIMEOUT_MS: 1000 });
    process.child.kill('SIGTERM');
    // Far below the ten seconds that it is by default.
    expect(await process.exit(8_000)).toEqual(CLEAN);
    expect(process.events('shutdown.forced')).toHaveLength(0);
  });

  test('its answer is finished when it reads on, also within a short timeout', async () => {
    const { process, client } = await stuck({ SHUTDOWN_TIMEOUT_MS: 2000 });
    process.child.kill('SIGTERM');
    await until('the stop', () => process.events('shutdown').length === 1);
    const closed = new Promise((resolve) => client.socket.once('close', resolve));
    client.socket.resume();
    await within('the end of the answer', closed);
    const [reply] = splitResponses(client.text);
    expect(reply!.body.length).toBe(Number(reply!.headers.get('content-length')));
    expect(reply!.body.endsWith('}}')).toBe(true);
    expect(await process.exit()).toEqual(CLEAN);
  });
});

describe('without an upstream, without data, in the middle of work', () => {
  test('during a poll that hangs', async () => {
    const { upstream, process } = await serve(10);
    upstream.mode = 'slow';
    const { requests } = upstream;
    const before = requests.length;
    await upstream.seen(before + 1);
    expect(await process.stop()).toEqual(CLEAN);
    await until('no socket left', () => upstream.sockets === 0);
  });

  test('right after the start', async () => {
    const process = await started.weft('serve', { env: { UPSTREAM_URL: 'http://127.0.0.1:1/counters' } });
    expect(await process.stop()).toEqual(CLEAN);
  });

  test('a simulator alone', async () => {
    const process = await started.weft('simulate');
    expect(await process.stop()).toEqual(CLEAN);
  });
});

describe('L-08: nobody reads the log', () => {
  /** More lines than a pipe holds. */
  const REQUESTS = 1500;
  const LOUD = { ACCESS_LOG: 'all', LOG_LEVEL: 'debug' };

  async function ask({ weft }: World): Promise<void> {
    for (let i = 0; i < REQUESTS; i++) {
      const reply = await weft.get('/telemetry/GetMetric?switch_id=r1&metric=rx');
      if (reply.status !== 200) throw new Error(`status ${reply.status}`);
    }
  }

  test('stdout and stderr closed: no crash, no hang', async () => {
    const world = await serve(10, LOUD);
    world.process.child.stdout!.destroy();
    world.process.child.stderr!.destroy();
    await ask(world);
    expect(world.process.running).toBe(true);
    expect(await world.process.stop()).toEqual(CLEAN);
  });

  test('stdout stuck: no crash, no hang, and the lines that came are whole', async () => {
    const world = await serve(10, LOUD);
    world.process.child.stdout!.pause();
    await ask(world);
    world.process.child.kill('SIGTERM');
    await until('the end of the process', () => !world.process.running);
    world.process.child.stdout!.resume();
    expect(await world.process.exit()).toEqual(CLEAN);
    expect(world.process.text).toEqual([]);
  });
});
