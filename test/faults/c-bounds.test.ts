/** C: bounds that hold whatever comes: memory, text, histograms, a late loop. */
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../fixtures/fake-clock.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { ROWS_MAX } from '../../src/model/limits.js';
import { LatencyHistogram } from '../../src/stats/latency-histogram.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type LaunchOptions, type WeftProcess } from '../fixtures/weft-process.js';

const MIB = 1024 * 1024;

const started = new Started();
afterAll(() => started.endAll());

interface World {
  readonly upstream: Upstream;
  readonly process: WeftProcess;
  readonly weft: HttpClient;
}

async function serve(body: string, options: LaunchOptions = {}): Promise<World> {
  const upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(body);
  const env = { UPSTREAM_URL: upstream.url(), POLL_MS: 10, WORKERS: 1, ...options.env };
  const process = await started.weft('serve', { ...options, env });
  const weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source()).version === 1);
  return { upstream, process, weft };
}

/** Every cell is the number of the body; each has rows of its own beside the common ones. */
function bodyOf(n: number, rows: number, extra = 'extra'): string {
  const lines = Array.from({ length: rows }, (_, i) => `r${i},${n},t${n},`);
  return `switch_id,a,note,${extra}\n${lines.join('\n')}\n`;
}

/** Waits for a body and checks that it is served whole, and nothing besides. */
async function published({ upstream, weft }: World, n: number, rows: number, extra?: string): Promise<void> {
  upstream.body = Buffer.from(bodyOf(n, rows, extra));
  await until('the body', async () => {
    const one = await weft.json('/telemetry/GetMetric?switch_id=r0&metric=a');
    return one['value'] === n;
  });
  const columns = await weft.json('/telemetry/ListMetrics?shape=columns');
  expect(columns).toMatchObject({ total: rows });
  const cells = columns['columns'] as { a: number[]; note: string[] };
  expect([new Set(cells.a), new Set(cells.note)]).toEqual([new Set([n]), new Set([`t${n}`])]);
  expect(cells.a).toHaveLength(rows);
  expect((await weft.get(`/telemetry/GetMetric?switch_id=r${rows}&metric=a`)).status).toBe(404);
  expect((await weft.source()).rows).toBe(rows);
}

test('C-09: a table that grows tenfold and shrinks to a row, over and over, costs memory once', async () => {
  const world = await serve(bodyOf(0, 200));
  const shared = async (): Promise<number> => (await world.weft.stats()).memory.shared_bytes;
  const ROUNDS = 8;
  let n = 0;
  let known = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Other columns: the segment before is given up, and its memory must serve again.
    const extra = `extra_${round % 2}`;
    for (const rows of [200, 2_000, 20_000, 1]) await published(world, ++n, rows, extra);
    // What the first rounds needed serves all others.
    if (round === 2) known = await shared();
  }
  // One more buffer at a time would be chance; one a round would be half as much again, and more.
  expect(await shared()).toBeLessThan(known * 1.5);
  expect((await world.weft.source()).polls).toMatchObject({ cardinality: 0, worker: 0 });
});

/** By hand: SOAK_POLLS=10000, a quarter of an hour. */
const SOAK_POLLS = Number(process.env['SOAK_POLLS'] ?? 400);

test(`C-10: ${SOAK_POLLS} polls of changing sizes`, async () => {
  const world = await serve(bodyOf(0, 1_000));
  const { upstream, weft } = world;
  const random = seededRandom(5);
  let n = 0;
  const next = (): void => void (upstream.body = Buffer.from(bodyOf(++n, 1 + Math.floor(random() * 3_000))));
  const turn = setInterval(next, 8);
  started.add({ close: () => clearInterval(turn) });
  const after = async (polls: number) => {
    await until(`${polls} publishes`, async () => (await weft.source()).version >= polls, 3_600_000);
    const { memory } = await weft.stats();
    return { ...memory, generations: (await weft.source()).generation };
  };
  const warm = await after(SOAK_POLLS / 2);
  const end = await after(SOAK_POLLS);
  clearInterval(turn);
  // Sizes that come at random need now and then a buffer of a size that was not there yet.
  expect(end.shared_bytes).toBeLessThan(warm.shared_bytes * 1.05 + 2 * MIB);
  // A short run still fills heaps; the long one must be flat.
  const growth = SOAK_POLLS >= 5_000 ? 0.05 * warm.rss_bytes : 48 * MIB;
  expect(end.rss_bytes - warm.rss_bytes).toBeLessThan(growth);
  await published(world, 1_000_000, 10);
}, 3_600_000);

describe('C-11: distinct text', () => {
  const TEXT = 'x'.repeat(5_000);
  const BODIES = 70;
  const textBody = (n: number): string => {
    const lines = Array.from({ length: 40 }, (_, i) => `r${i},${n},${TEXT}${n}-${i}`);
    return `switch_id,a,note\n${lines.join('\n')}\n`;
  };

  test('that is new in each body is given up with its generation: the table stays as large as one needs', async () => {
    const { upstream, weft } = await serve(textBody(0));
    const generations: number[] = [];
    const capacities: number[] = [];
    for (let n = 1; n <= BODIES; n++) {
      upstream.body = Buffer.from(textBody(n));
      await until('the body', async () => {
        return (await weft.json('/telemetry/GetMetric?switch_id=r7&metric=a'))['value'] === n;
      });
      const note = await weft.json('/telemetry/GetMetric?switch_id=r39&metric=note');
      expect(note['value']).toBe(`${TEXT}${n}-39`);
      const used = await weft.metric('weft_source_string_table_bytes');
      capacities.push(await weft.metric('weft_source_string_table_capacity_bytes'));
      expect(used).toBeLessThanOrEqual(capacities.at(-1)!);
      generations.push((await weft.source()).generation);
    }
    // It ran full again and again, and in the end each new table was as large as the one before.
    const last = BODIES - 20;
    expect(generations.at(-1)).toBeGreaterThan(generations[last]!);
    expect(capacities.at(-1)).toBe(capacities[last]);
    expect(capacities.at(-1)).toBeLessThan(40 * TEXT.length * 10);
  });

  test('and rows beyond the limit of a source are refused as cardinality', async () => {
    const { upstream, weft } = await serve(bodyOf(1, 10), { env: { POLL_MS: 1000 } });
    const lines = ['switch_id,a'];
    for (let row = 0; row <= ROWS_MAX; row++) lines.push(`${row},1`);
    upstream.body = Buffer.from(`${lines.join('\n')}\n`);
    const source = await until('a refusal', async () => {
      const now = await weft.source();
      return now.polls['cardinality']! > 0 && now;
    });
    expect(source.last_error).toMatch(/cardinality: .*4000000 rows/);
    expect([source.version, source.rows]).toEqual([1, 10]);
    expect((await weft.json('/telemetry/ListMetrics'))['total']).toBe(10);
    upstream.body = Buffer.from(bodyOf(2, 10));
    await until('the next body', async () => (await weft.source()).version === 2);
  });
});

describe('C-12: histograms', () => {
  test('nothing recorded is null, in JSON that is JSON', async () => {
    const upstream = started.add(await Upstream.start());
    upstream.mode = 'reset';
    const process = await started.weft('serve', { env: { UPSTREAM_URL: upstream.url() } });
    const weft = started.add(await process.client());
    const { text } = await weft.get('/stats');
    const stats = JSON.parse(text) as { endpoints: Record<string, Record<string, unknown>> };
    const none = { p50: null, p90: null, p95: null, p99: null, p999: null, max: null, count: 0 };
    expect(stats.endpoints['GetMetric']).toEqual(none);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    expect((await weft.get('/metrics')).text).not.toMatch(/ (NaN|-?Inf\w*)$/m);
  });

  test('no value spoils one: what is no duration is the least, what is too long the greatest', () => {
    const histogram = new LatencyHistogram();
    const odd = [NaN, -1, -Infinity, -1e308, Infinity, 1e308, 2 ** 53, Number.MAX_VALUE, 0, -0, 5e-324];
    for (const ms of odd) histogram.recordMs(ms);
    const summary = JSON.parse(JSON.stringify(histogram.summary())) as Record<string, number>;
    expect(summary['count']).toBe(odd.length);
    for (const [name, value] of Object.entries(summary)) {
      expect([name, value >= 0 && value <= 60_000]).toEqual([name, true]);
    }
    expect(Number.isFinite(histogram.sumUs)).toBe(true);
    expect(histogram.cumulatedCounts().at(-1)).toBe(odd.length);
    histogram.close();
  });
});

test('C-13: a late loop sheds what is expensive, answers what is cheap, and recovers', async () => {
  const preload = fileURLToPath(new URL('../fixtures/blocking.js', import.meta.url));
  const { process, weft } = await serve(bodyOf(1, 500), { nodeFlags: ['--import', preload] });
  const expensive = ['/telemetry/ListMetrics', '/telemetry/ListMetrics?metrics=a', '/telemetry/schema'];
  const exempt = ['/health/live', '/health', '/stats', '/telemetry/GetMetric?switch_id=r1&metric=a'];
  const refused = await until('a request while the loop is held up', async () => {
    process.child.kill('SIGUSR2');
    const replies = await Promise.all([...expensive, ...exempt].map((path) => weft.get(path)));
    return replies.some(({ status }) => status === 503) && replies;
  });
  const late = refused.slice(0, expensive.length).filter(({ status }) => status === 503);
  for (const reply of late) {
    expect(reply.json).toMatchObject({
      error: 'overloaded',
      message: expect.stringMatching(/event loop is \d+ ms late/) as string,
    });
    expect(Number(reply.header('retry-after'))).toBeGreaterThan(0);
  }
  for (const { status } of refused.slice(expensive.length)) expect(status).toBe(200);
  for (const path of expensive) await until(path, async () => (await weft.get(path)).status === 200);
  expect(await weft.metric('weft_requests_overloaded_total')).toBeGreaterThanOrEqual(late.length);
});
