/** U: what an upstream can do, seen from both ends of the wire and by a subscriber. */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FaultWorld, goodBody } from '../fixtures/fault-world.js';
import { expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const TIMEOUT_MS = 400;

const started = new Started();
let world: FaultWorld;

beforeAll(async () => {
  world = await FaultWorld.start(started, { env: { POLL_TIMEOUT_MS: TIMEOUT_MS } });
});
afterAll(() => started.endAll());
afterEach(() => world.recover());

/** Lines about failed polls since `from`; errors of one kind are told once a minute. */
const told = (from = 0) => world.process.events('poll.error').slice(from);

test('U-01: the line names source, status and attempt; tries are backed off from', async () => {
  const { length } = world.upstream.requests;
  const before = (await world.source()).polls['status']!;
  const startMs = performance.now();
  await world.endure({ mode: 'error_500' }, 'status', 12);
  // Without back-off 12 tries take 12 slots of 25 ms. Pauses are random up to 250 ms: as few as this
  // in sum they are once in millions. A slow machine only makes them longer.
  expect(performance.now() - startMs).toBeGreaterThan(2 * 12 * 25);
  // One request a try, but for those before the fault and the one under way.
  const asked = world.upstream.requests.length - length;
  expect(asked).toBeLessThanOrEqual((await world.source()).polls['status']! - before + 2);
  expect(told()).toMatchObject([
    { level: 'WARN', source: 'default', result: 'status', status: 500, attempt: 1 },
  ]);
});

describe('U-02: the deadline', () => {
  test.each(['slow', 'drip'] as const)('%s: ends the exchange on time, and its socket', async (mode) => {
    const before = world.upstream.answers.length;
    await world.endure({ mode }, 'timeout', 4);
    // A busy machine sees the begin late, which makes them shorter, or the end late: longer.
    await until('one that ended on time', () => {
      const taken = world.upstream.answers.slice(before).filter((answer) => answer.mode === mode);
      const ended = taken.flatMap(({ endedMs, startMs }) => (endedMs === null ? [] : [endedMs - startMs]));
      return ended.some((ms) => ms > TIMEOUT_MS * 0.9 && ms < TIMEOUT_MS * 1.1);
    });
    expect(world.upstream.inFlightMax).toBe(1);
    await until('the sockets are closed', () => world.upstream.sockets <= 1);
  });
});

test('U-12: subscribers of changed columns get a snapshot, reason schema, and are right again', async () => {
  const socket = started.add(await LiveSocket.open(world.weft.base));
  const view = socket.subscribe({ id: 's' });
  await until('the first snapshot', () => view.snapshotId !== null);
  const lines = goodBody(500)
    .split('\n')
    .filter((line) => line !== '');
  const wider = lines.map((line, row) => `${line},${row === 0 ? 'extra' : row}`);
  world.break({ body: `${wider.join('\n')}\n` });
  await until('the new column', () => view.fields.includes('extra'));
  expect(view.history.at(-1)).toBe('schema');
  expect(view.rows.get('r1')!.get('extra')).toBe(2);
  await expectEqualList(view, world.weft);
  socket.check();
  socket.close();
});

test('U-16: counters that go back are served as they are and counted, diffs stay right, a delta says why', async () => {
  const rows = (rx: number | string): string => `switch_id,rx\nr0,${rx}\nr1,7\n`;
  const send = async (rx: number | string): Promise<void> => {
    world.break({ body: rows(rx) });
    await until('the counter', async () => {
      const reply = await world.weft.get('/telemetry/GetMetric?switch_id=r0&metric=rx&format=text');
      return reply.text === String(rx);
    });
  };
  const delta = async () => world.weft.json('/telemetry/GetMetric?switch_id=r0&metric=rx&view=delta');
  const counted = async (): Promise<[stats: number, metric: number]> => [
    (await world.source()).counter_resets,
    await world.weft.metric('weft_source_counter_resets_total', 'source="default"'),
  ];
  await send('18446744073709551610');
  const [before] = await counted();
  const socket = started.add(await LiveSocket.open(world.weft.base));
  const view = socket.subscribe({ id: 's' });
  await until('the first snapshot', () => view.snapshotId !== null);
  // Run over at 2^64, counted on, and cleared.
  const steps = [
    [5, 'wrap', 11, 1],
    [1000, 'ok', 995, 1],
    [3, 'reset', null, 2],
  ] as const;
  for (const [rx, status, value, resets] of steps) {
    await send(rx);
    expect(await delta()).toMatchObject({ status, value });
    expect(await counted()).toEqual([before + resets, before + resets]);
    await until('the diff', () => view.rows.get('r0')!.get('rx') === rx);
    await expectEqualList(view, world.weft);
  }
  expect(view.history.slice(1)).toEqual(['diff', 'diff', 'diff']);
  socket.check();
  socket.close();
});

test('U-17: a wall clock that steps by a day makes nothing stale, and no age negative', async () => {
  const DAY_MS = 86_400_000;
  const preload = fileURLToPath(new URL('../fixtures/stepping-clock.js', import.meta.url));
  for (const step of [DAY_MS, -DAY_MS]) {
    const one = await FaultWorld.start(started, {
      nodeFlags: ['--import', preload],
      env: { CLOCK_STEP_MS: step, MAX_STALE_MS: 20_000, POLL_TIMEOUT_MS: 500 },
    });
    one.upstream.mode = 'slow';
    const skew = async () => (await one.source()).skew_ms!;
    const before = await skew();
    one.process.child.kill('SIGUSR2');
    await until('the step', async () => {
      const { uptime_s } = await one.weft.stats();
      expect(uptime_s).toBeLessThan(3600);
      const age = (await one.weft.json('/telemetry/ListMetrics'))['age_ms'] as number;
      return step > 0 ? age > DAY_MS / 2 : age === 0;
    });
    // No exchange since: still the one before the step, by the monotonic clock.
    const reply = await one.weft.get('/telemetry/GetMetric?switch_id=r1&metric=rx');
    expect([reply.status, (reply.json['age_ms'] as number) >= 0]).toEqual([200, true]);
    expect((await one.weft.get('/health/ready')).status).toBe(200);
    one.upstream.mode = 'ok';
    one.upstream.headers = { Date: new Date().toUTCString() };
    await until('the skew in /stats', async () => Math.abs((await skew()) - before + step) < DAY_MS / 100);
    await one.process.kill();
  }
});

test('U-19: the same bytes under another ETag send subscribers nothing; other bytes under the same do', async () => {
  const n = world.heal();
  world.upstream.etag = '"one"';
  await until('the body', async () => (await world.served()) === n);
  const socket = started.add(await LiveSocket.open(world.weft.base));
  const view = socket.subscribe({ id: 's' });
  await until('the first snapshot', () => view.snapshotId !== null);
  const id = view.snapshotId;
  const before = (await world.source()).polls['identical']!;
  for (const etag of ['"two"', '"three"']) {
    world.upstream.etag = etag;
    await until('a poll with the new ETag', () => world.upstream.conditionOf(-1) === etag);
  }
  expect((await world.source()).polls['identical']).toBeGreaterThanOrEqual(before + 2);
  // One cell: a diff of all would be a snapshot.
  world.upstream.body = Buffer.from(goodBody(n).replace(`r1,${n},`, 'r1,4242,'));
  world.upstream.mode = 'chunked'; // 200, whatever was asked
  await until('the diff', () => view.rows.get('r1')!.get('rx') === 4242);
  // Nothing came between: the one diff applies to the state of the snapshot.
  const frames = socket.frames.filter((frame) => frame['id'] === 's');
  expect(frames.map((frame) => frame['type'])).toEqual(['snapshot', 'diff']);
  expect(frames[1]!['prev']).toBe(id);
  socket.check();
  socket.close();
});

describe('U-21: a redirect is an error, and where it points is not asked', () => {
  test.each([301, 302, 303, 307, 308])('%d', async (status) => {
    const target = started.add(await Upstream.start());
    world.upstream.redirect = { status, location: target.url() };
    const error = await world.endure({ mode: 'redirect' }, 'redirect', 2);
    expect(error).toMatch(new RegExp(`${status}.*never followed`));
    expect(target.connections).toBe(0);
  });
});
