/** Workers that are lost in every way, end to end: C-01 to C-03, C-05, C-06 and C-08. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FaultWorld, goodBody } from '../fixtures/fault-world.js';
import { marker, type Poison } from '../fixtures/poisoned-worker.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { Started, type LaunchOptions, type LogLine } from '../fixtures/weft-process.js';

const MAIN = new URL('../fixtures/poisoned-main.js', import.meta.url);
const WORKER_HEAP_MB = 48;
const ENV = { WORKERS: 2, WORKER_HEAP_MB };
const MIB = 1024 * 1024;

const started = new Started();
afterAll(() => started.endAll());

function poisoned(poison: Poison): string {
  return goodBody(900).replace('n900', marker(poison));
}

/** Lost `polls` times: the last good body stays, each loss is counted, the next body is the next version. */
async function lose(world: FaultWorld, poison: Poison, outcome: string): Promise<string> {
  const restarts = await world.weft.metric('weft_worker_restarts_total');
  const lost = world.process.events('worker.lost').length;
  await world.endure({ body: poisoned(poison) }, outcome, 3);
  expect(await world.weft.metric('weft_worker_restarts_total')).toBeGreaterThanOrEqual(restarts + 3);
  const told = world.process.events('worker.lost');
  expect(told.length).toBeGreaterThanOrEqual(lost + 3);
  return String(told.at(-1)!['reason']);
}

describe('a parse that crashes', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.start(started, { main: MAIN, env: ENV });
  });
  afterEach(() => world.recover());

  test.each<readonly [row: string, poison: Poison, error: RegExp]>([
    ['C-01', 'exit', /worker/],
    ['C-02', 'heap', /memory/],
    ['C-05', 'die_writing', /worker/],
    ['C-08', 'die_done', /worker/],
  ])('%s: %s', async (_row, poison, error) => {
    expect(await lose(world, poison, 'worker')).toMatch(error);
  });

  test('C-01: an error that leaves the worker alive costs no worker', async () => {
    const restarts = await world.weft.metric('weft_worker_restarts_total');
    const failed = await world.weft.metric('weft_jobs_failed_total');
    expect(await world.endure({ body: poisoned('throw') }, 'worker')).toMatch(/injected/);
    expect(await world.weft.metric('weft_worker_restarts_total')).toBe(restarts);
    expect(await world.weft.metric('weft_jobs_failed_total')).toBeGreaterThan(failed);
  });

  test('a schema that cannot be filled leaves the old one', async () => {
    await world.endure({ body: poisoned('die_done').replace('note', 'remark') }, 'worker', 3);
    const names = (await world.source()).columns.map(({ name }) => name);
    expect(names).toEqual(['rx', 'tx', 'load', 'note']);
  });
});

describe('a parse past its deadline', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.start(started, { main: MAIN, env: { ...ENV, PARSE_TIMEOUT_MS: 400 } });
  });
  afterEach(() => world.recover());

  test.each<readonly [row: string, poison: Poison]>([
    ['C-03', 'spin'],
    ['C-05', 'spin_writing'],
  ])('%s: %s', async (_row, poison) => {
    expect(await lose(world, poison, 'timeout')).toMatch(/400 ms.*PARSE_TIMEOUT_MS/);
  });

  test('C-06: no poll begins beside a parse of its source; what was due meanwhile is counted', async () => {
    const before = (await world.source()).polls;
    const { length } = world.upstream.requests;
    const polls = 2;
    await world.endure({ body: poisoned('spin').replace('n900', 'once more') }, 'timeout', polls);
    const after = (await world.source()).polls;
    // At 25 ms a slot and 400 ms a parse a dozen slots pass by.
    expect(after['skipped']).toBeGreaterThan(before['skipped']! + 3 * polls);
    const asked = (counts: typeof after): number => {
      return Object.entries(counts).reduce((sum, [name, n]) => (name === 'skipped' ? sum : sum + n), 0);
    };
    expect(world.upstream.requests.length - length).toBeLessThanOrEqual(asked(after) - asked(before) + 1);
    expect(world.upstream.inFlightMax).toBe(1);
    expect(await world.weft.metric('weft_jobs_waiting')).toBe(0);
  });
});

describe('C-04: a body that ends its worker three times', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.start(started, { main: MAIN, env: { ...ENV, POLL_MS: 50 } });
  });
  afterEach(() => world.recover());

  test('is set aside by its hash, tried again after a while, and then for twice as long', async () => {
    const restarts = await world.weft.metric('weft_worker_restarts_total');
    const { version } = await world.source();
    const body = poisoned('exit');
    world.break({ body });
    const source = await until('the body is set aside', async () => {
      expect(await world.served(true)).toBe(0);
      const now = await world.source();
      return now.polls['quarantined']! > 0 && now;
    });
    expect(source.version).toBe(version);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    expect(source.last_error).toMatch(new RegExp(`quarantined: .*${hash}.*3 workers`));
    const told = (): readonly LogLine[] => world.process.events('poll.quarantine');
    await until('the next try', () => told().length > 1);
    const said = { level: 'WARN', source: 'default', hash };
    expect(told()[0]).toMatchObject({ ...said, losses: 3, retry_ms: 500 });
    expect(told()[1]).toMatchObject({ ...said, losses: 4, retry_ms: 1000 });
    expect(await world.weft.metric('weft_worker_restarts_total')).toBeGreaterThanOrEqual(restarts + 4);
  });

  test('keeps no other body out', async () => {
    const aside = world.process.events('poll.quarantine').length;
    // One loss each: none of them is set aside.
    for (let n = 0; n < 4; n++) {
      const { polls } = await world.source();
      world.upstream.next = Buffer.from(poisoned('exit').replace('n900', `m${n}`));
      await until('a loss', async () => (await world.source()).polls['worker']! > polls['worker']!);
      await world.recover();
    }
    expect(world.process.events('poll.quarantine')).toHaveLength(aside);
  });
});

test('the process outlives all of it, and stops well', async () => {
  const world = await FaultWorld.start(started, { main: MAIN, env: ENV });
  await world.endure({ body: poisoned('exit') }, 'worker', 6);
  expect(world.process.stderr).toBe('');
  expect(await world.process.stop()).toEqual({ code: 0, signal: null });
});

test('a stop does not wait for a parse that goes on and on', async () => {
  const world = await FaultWorld.start(started, { main: MAIN, env: { ...ENV, WORKERS: 1 } });
  const { length } = world.upstream.requests;
  world.break({ body: poisoned('spin') });
  await world.upstream.seen(length + 1);
  // Each answer is a turn of the daemon's loop: long since then the body is with the worker.
  for (let turn = 0; turn < 20; turn++) expect((await world.source()).version).toBe(1);
  expect(await world.process.stop()).toEqual({ code: 0, signal: null });
  expect(world.process.events('service.stop_late')).toEqual([]);
});

describe('an encode', () => {
  const ROWS = 1500;
  let upstream: Upstream;
  let weft: HttpClient;
  beforeAll(async () => {
    upstream = started.add(await Upstream.start());
    upstream.body = Buffer.from(goodBody(0, ROWS));
    const env = { ...ENV, UPSTREAM_URL: upstream.url(), PARSE_TIMEOUT_MS: 2000 };
    weft = started.add(await (await started.weft('serve', { main: MAIN, env })).client());
    await until('the first publish', async () => (await weft.source()).version === 1);
  });

  const LOSSES: readonly (readonly [poison: Poison, status: number, error: string])[] = [
    ['exit', 500, 'internal'],
    ['heap', 500, 'internal'],
    ['throw', 500, 'internal'],
    ['spin', 504, 'deadline'],
  ];

  test.each(LOSSES)('%s: one list fails, publishing and other lists go on', async (poison, status, error) => {
    const { version } = await weft.source();
    const bad = weft.get(`/telemetry/ListMetrics?switches=r*,${marker(poison)}*`);
    const good = await weft.get('/telemetry/ListMetrics');
    expect([good.status, good.json['total']]).toEqual([200, ROWS]);
    const reply = await bad;
    expect([reply.status, reply.json['error']]).toEqual([status, error]);
    // Both banks: a bank that stayed pinned would hold up the second publish.
    for (let step = 1; step <= 3; step++) {
      upstream.body = Buffer.from(goodBody(version * 10 + step, ROWS));
      await until('the next version', async () => (await weft.source()).version === version + step);
    }
    expect((await weft.json('/telemetry/ListMetrics?switches=r1499'))['items']).toEqual([
      expect.objectContaining({ rx: version * 10 + 3 }),
    ]);
    expect((await weft.source()).polls).toMatchObject({ worker: 0, timeout: 0 });
  });
});

describe('the heap of a worker', () => {
  const PLACES: readonly (readonly [where: string, options: LaunchOptions])[] = [
    ['the command line', { nodeFlags: ['--max-old-space-size=512'] }],
    ['NODE_OPTIONS', { env: { NODE_OPTIONS: '--max-old-space-size=512' } }],
  ];

  test.each(PLACES)('keeps its own limit under --max-old-space-size of %s', async (_where, options) => {
    const env = { ...ENV, ...options.env };
    const world = await FaultWorld.start(started, { ...options, main: MAIN, env });
    const error = await world.endure({ body: poisoned('limit') }, 'worker');
    const limit = Number(/limit is (\d+)/.exec(error)![1]);
    // The young generation comes on top of WORKER_HEAP_MB, as much as the version of Node gives it.
    expect(limit).toBeGreaterThanOrEqual(WORKER_HEAP_MB * MIB);
    expect(limit).toBeLessThan(300 * MIB);
    await world.endure({ body: poisoned('heap') }, 'worker', 1);
    await world.recover();
    expect(await world.process.stop()).toEqual({ code: 0, signal: null });
  });
});
