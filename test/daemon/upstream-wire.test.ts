/** What goes wrong between an upstream and weft: U-01 to U-03, U-08, U-09, U-18, U-20 to U-22. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBlackHole } from '../fixtures/black-hole.js';
import { FaultWorld, goodBody } from '../fixtures/fault-world.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import type { Mode } from '../fixtures/upstream-faults.js';
import { Started } from '../fixtures/weft-process.js';

const MIB = 1024 * 1024;
const LIMITS = { MAX_BODY_BYTES: MIB, MAX_DECODED_BYTES: 2 * MIB };

const started = new Started();
let world: FaultWorld;

beforeAll(async () => {
  world = await FaultWorld.start(started, { env: LIMITS });
  world.upstream.bombBytes = 8 * MIB;
});
afterAll(() => started.endAll());
afterEach(() => world.recover());

const ENDURED: readonly (readonly [row: string, mode: Mode, outcome: string, error: RegExp])[] = [
  ['U-01', 'error_500', 'status', /status 500/],
  ['U-01', 'error_503_endless', 'status', /status 503/],
  ['U-03', 'cut', 'truncated', /cut|bytes/],
  ['U-03', 'cut_reset', 'truncated', /./],
  ['U-03', 'chunked_cut', 'truncated', /./],
  ['U-03', 'close_delimited_reset', 'truncated', /reset/],
  ['U-05', 'html', 'content_type', /text\/html/i],
  ['U-05', 'json', 'content_type', /application\/json/],
  ['U-06', 'empty', 'empty', /./],
  ['U-08', 'oversize_declared', 'too_large', /MAX_BODY_BYTES/],
  ['U-08', 'oversize_streamed', 'too_large', /MAX_BODY_BYTES/],
  ['U-09', 'gzip_bomb', 'too_large', /MAX_DECODED_BYTES/],
  ['U-09', 'encoding_chain', 'encoding', /Content-Encoding/],
  ['U-09', 'gzip_cut', 'truncated', /./],
  ['U-20', 'reset', 'connect', /./],
  ['U-20', 'garbage', 'connect', /./],
  ['U-21', 'redirect', 'redirect', /never followed/],
];

async function endure(one: FaultWorld, mode: Mode, outcome: string): Promise<string> {
  const error = await one.endure({ mode }, outcome);
  expect(await one.weft.metric('weft_source_up')).toBe(0);
  const line = one.process.events('poll.error').findLast((event) => event['result'] === outcome);
  expect(line).toMatchObject({ level: 'WARN', source: 'default', attempt: expect.any(Number) as number });
  expect(one.upstream.inFlightMax).toBe(1);
  await until('sockets of failed exchanges closed', () => one.upstream.sockets <= 1);
  return error;
}

test.each(ENDURED)('%s: %s ends as %s', async (_row, mode, outcome, error) => {
  expect(await endure(world, mode, outcome)).toMatch(error);
});

describe('U-02: the deadline is over the whole exchange', () => {
  let impatient: FaultWorld;
  beforeAll(async () => {
    impatient = await FaultWorld.start(started, { env: { POLL_TIMEOUT_MS: 250 } });
  });
  afterEach(() => impatient.recover());

  test.each<readonly [Mode, RegExp]>([
    ['slow', /250 ms.*waiting for the response.*POLL_TIMEOUT_MS/],
    ['stall', /250 ms.*received \d+ of \d+ bytes/],
    ['drip', /250 ms.*received \d+ of 1000000 bytes/],
  ])('%s', async (mode, error) => {
    expect(await endure(impatient, mode, 'timeout')).toMatch(error);
  });
});

describe('bodies that are well formed on the wire', () => {
  test.each(['chunked', 'close_delimited', 'gzip', 'x_gzip', 'gzip_two_members', 'no_type'] as const)(
    '%s is read',
    async (mode) => {
      const { version } = await world.source();
      const n = world.heal();
      world.upstream.mode = mode;
      await until('the body', async () => (await world.served()) === n);
      expect((await world.source()).version).toBe(version + 1);
    },
  );
});

test('U-08: what is too large costs no more memory than the cap', async () => {
  const rss = async (): Promise<number> => (await world.weft.stats()).memory.rss_bytes;
  await world.endure({ mode: 'oversize_streamed' }, 'too_large', 3);
  const before = await rss();
  await until('more of them', async () => {
    return (await world.source()).polls['too_large']! >= 12;
  });
  expect((await rss()) - before).toBeLessThan(LIMITS.MAX_BODY_BYTES + 16 * MIB);
});

describe('U-18', () => {
  test('a 304 renews freshness without a parse, and the ETag goes back byte for byte', async () => {
    const n = world.heal();
    world.upstream.etag = 'W/unquoted "odd" \xe9';
    await until('the body', async () => (await world.served()) === n);
    const before = await world.source();
    const snapshot = (await world.weft.json('/telemetry/schema'))['snapshot_id'];
    await until('some 304s', async () => {
      return (await world.source()).polls['not_modified']! >= before.polls['not_modified']! + 3;
    });
    expect(world.upstream.conditionOf(-1)).toBe(world.upstream.etag);
    const after = await world.source();
    expect([after.version, after.state, after.last_error]).toEqual([before.version, 'ok', null]);
    expect((await world.weft.json('/telemetry/schema'))['snapshot_id']).toBe(snapshot);
    expect((await world.weft.stats()).poll_retry_count).toBe(0);
  });

  test('a 304 that nobody asked for is an error', async () => {
    expect(await world.endure({ mode: 'not_modified' }, 'status')).toMatch(/304.*If-None-Match/);
    expect(world.upstream.conditionOf(-1)).toBeNull();
  });

  test('the ETag of a body that was refused is not kept', async () => {
    await world.endure({ body: 'switch_id,rx\nr0,1\nr0,2\n', etag: 'bad-body' }, 'parse', 3);
    expect(world.upstream.conditionOf(-1)).toBeNull();
  });
});

describe('U-19', () => {
  test('another ETag of the same bytes: nothing new; the same ETag of other bytes: published', async () => {
    const n = world.heal();
    world.upstream.etag = 'first';
    await until('the body', async () => (await world.served()) === n);
    const before = await world.source();
    world.upstream.etag = 'second';
    await until('an identical poll', async () => {
      return (await world.source()).polls['identical']! > before.polls['identical']!;
    });
    await until('the new ETag', () => world.upstream.conditionOf(-1) === 'second');
    expect((await world.source()).version).toBe(before.version);

    const other = world.heal();
    world.upstream.etag = 'second';
    world.upstream.mode = 'chunked'; // answers 200 whatever was asked
    await until('the other body', async () => (await world.served()) === other);
    expect((await world.source()).version).toBe(before.version + 1);
  });
});

test('U-17: an upstream whose clock is wrong: the age is never negative, /stats tells the skew', async () => {
  const HOUR_MS = 3_600_000;
  const skew = async (): Promise<number> => {
    const { sources } = (await world.weft.stats()) as unknown as {
      sources: Record<string, { skew_ms: number }>;
    };
    return Math.round(sources['default']!.skew_ms / HOUR_MS);
  };
  for (const hours of [1, -1]) {
    const n = world.heal();
    const theirs = Date.now() + hours * HOUR_MS;
    world.upstream.snapshotTs = String(theirs);
    world.upstream.headers = { Date: new Date(theirs).toUTCString() };
    await until('the body', async () => (await world.served()) === n);
    const list = await world.weft.json('/telemetry/ListMetrics');
    const age = list['age_ms'] as number;
    if (hours > 0) expect(age).toBe(0);
    else expect(age).toBeGreaterThanOrEqual(HOUR_MS);
    await until('the skew', async () => (await skew()) === hours);
  }
  world.upstream.snapshotTs = null;
});

describe('U-20', () => {
  /** An upstream that never answered. */
  async function lost(url: string, outcome: string, env: Record<string, number> = {}): Promise<void> {
    const process = await started.weft('serve', { env: { UPSTREAM_URL: url, POLL_TIMEOUT_MS: 250, ...env } });
    const weft = started.add(await process.client());
    await until(`polls that end as ${outcome}`, async () => (await weft.source()).polls[outcome]! >= 2);
    expect((await weft.source()).polls).toMatchObject({ ok: 0 });
    const ready = await weft.get('/health/ready');
    expect([ready.status, ready.json['error']]).toEqual([503, 'no_data']);
    expect((await weft.get('/health')).status).toBe(200);
    expect(await process.stop()).toEqual({ code: 0, signal: null });
  }

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await lost(`http://127.0.0.1:${port}/counters`, 'connect');
  });

  test('no such name', async () => {
    await lost('http://weft-test.invalid/counters', 'dns', { POLL_TIMEOUT_MS: 5000 });
  });

  test('nobody answers the SYN', async (context) => {
    const hole = await startBlackHole();
    if (!hole) return context.skip('this kernel accepts connections beyond the queue');
    started.add(hole);
    await lost(`http://127.0.0.1:${hole.port}/counters`, 'timeout');
  });
});

test('U-22: the breaker opens, probes one at a time, and closes; only transitions are logged', async () => {
  const { process, weft, upstream } = world;
  const states = (): unknown[] => process.events('poll.breaker').map((line) => line['state']);
  const logged = states().length;
  await world.endure({ mode: 'error_500' }, 'status', 8);
  expect(['open', 'half_open']).toContain((await world.source()).state);
  expect((await weft.stats()).poll_retry_count).toBeGreaterThanOrEqual(8);
  expect(upstream.inFlightMax).toBe(1);
  await world.recover();
  expect(states().slice(logged)).toEqual(['open', 'closed']);
  expect((await weft.stats()).poll_retry_count).toBe(0);
});

test('an upstream that comes later: 503 first, then data, without help', async () => {
  const upstream = started.add(await Upstream.start());
  upstream.mode = 'error_500';
  const process = await started.weft('serve', { env: { UPSTREAM_URL: upstream.url() } });
  const weft = started.add(await process.client());
  await until('failed polls', async () => (await weft.source()).polls['status']! >= 2);
  for (const path of [
    '/health/ready',
    '/telemetry/GetMetric?switch_id=r0&metric=rx',
    '/telemetry/ListMetrics',
    '/telemetry/schema',
    '/telemetry/changes?since=x-1',
  ]) {
    const reply = await weft.get(path);
    expect([path, reply.status, reply.json['error']]).toEqual([path, 503, 'no_data']);
    expect(Number(reply.header('retry-after'))).toBeGreaterThan(0);
  }
  const envelope = await weft.get('/dialects/envelope/telemetry/ListMetrics');
  expect([envelope.status, envelope.json['detail']]).toEqual([503, 'No data yet. Try again shortly.']);
  expect(await weft.json('/dialects/map/telemetry/ListMetrics')).toEqual({});
  expect(await weft.json('/dialects/page/telemetry/ListMetrics/latency')).toMatchObject({
    items: [],
    total: 0,
  });
  expect((await weft.get('/dialects/plain/telemetry/GetMetric?switch=r0&metric=rx')).status).toBe(500);
  expect((await weft.source()).state).not.toBe('ok');

  upstream.body = Buffer.from(goodBody(7));
  upstream.mode = 'ok';
  await until('ready', async () => (await weft.get('/health/ready')).status === 200);
  expect((await weft.json('/telemetry/GetMetric?switch_id=r0&metric=rx'))['value']).toBe(7);
});
