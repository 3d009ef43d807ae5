/** Several sources as one table, and what becomes of them when one falls silent: U-24, U-25. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient, Reply } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

/** Above interval + timeout, and far above what a busy machine makes of a few polls. */
const STALE_MS = 1500;

const started = new Started();
let left: Upstream;
let right: Upstream;
let weft: HttpClient;
/** Bodies differ in every version, so that each one is published. */
let tick = 0;

/** Epoch seconds; each test begins later than the one before: a shared row never goes back. */
let baseS = 1767268800;
const iso = (seconds: number): string => new Date((baseS + seconds) * 1000).toISOString();

/** Sample times of the row that both sources hold, in seconds after the base. */
function bodies(sharedLeft: number, sharedRight: number): void {
  tick += 1;
  left.body = Buffer.from(
    `switch_id,timestamp,a,b\nl1,1767268800,${tick},1\nboth,${baseS + sharedLeft},${tick},10\n`,
  );
  right.body = Buffer.from(
    `switch_id,timestamp,b,c\nr1,1767268800,2,${tick}.5\nboth,${baseS + sharedRight},20,${tick}.5\n`,
  );
}

async function get(id: string, metric: string): Promise<Reply> {
  return weft.get(`/telemetry/GetMetric?switch_id=${id}&metric=${metric}`);
}

async function served(): Promise<boolean> {
  const [a, c] = [await get('l1', 'a'), await get('r1', 'c')];
  return a.json['value'] === tick && c.json['value'] === tick + 0.5;
}

beforeAll(async () => {
  left = started.add(await Upstream.start());
  right = started.add(await Upstream.start());
  bodies(0, 1);
  const source = { interval_ms: 25, timeout_ms: 500, max_stale_ms: STALE_MS };
  const sources = [
    { id: 'left', url: left.url(), ...source },
    { id: 'right', url: right.url(), ...source },
  ];
  const file = started.add(new ConfigFile({ sources }));
  const process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
});
beforeEach(async () => {
  left.mode = 'ok';
  right.mode = 'ok';
  baseS += 10;
  bodies(0, 1);
  await until('both sources', served);
});
afterAll(() => started.endAll());

describe('one table', () => {
  test('the union of rows and columns; what a source has not is missing', async () => {
    const list = await weft.json('/telemetry/ListMetrics');
    expect(list).toMatchObject({ fields: ['a', 'b', 'c'], total: 3 });
    expect(list['items']).toEqual([
      { switch_id: 'l1', a: tick, b: 1, c: null },
      { switch_id: 'both', a: null, b: 20, c: tick + 0.5 },
      { switch_id: 'r1', a: null, b: 2, c: tick + 0.5 },
    ]);
    const schema = await weft.json('/telemetry/schema');
    expect(schema).toMatchObject({ rows: 3, switch_id: ['switch_id'] });
    expect(schema['fields']).toEqual([
      { name: 'a', kind: 'i64', sources: ['left'] },
      { name: 'b', kind: 'i64', sources: ['left', 'right'] },
      { name: 'c', kind: 'f64', sources: ['right'] },
    ]);
  });

  test('a row of both is served from the newest sample', async () => {
    expect((await get('both', 'b')).json['value']).toBe(20);
    const sourceOf = async (): Promise<unknown> => {
      const list = await weft.json('/telemetry/ListMetrics?switches=both&fields=@source,@timestamp');
      return (list['items'] as object[])[0];
    };
    expect(await sourceOf()).toMatchObject({ '@source': 'right', '@timestamp': iso(1) });
    bodies(2, 1);
    await until('the newer sample', async () => (await get('both', 'b')).json['value'] === 10);
    expect(await sourceOf()).toMatchObject({ '@source': 'left', '@timestamp': iso(2) });
    expect((await get('both', 'a')).json['value']).toBe(tick);
  });

  test('a row that its newest source loses is held until the other has a sample as new', async () => {
    const { version } = await weft.source('right');
    right.body = Buffer.from(`switch_id,timestamp,b,c\nr1,1767268800,3,${tick}.5\n`);
    await until('the body without it', async () => (await weft.source('right')).version > version);
    expect((await get('both', 'b')).json).toMatchObject({ value: 20, timestamp: iso(1) });
    expect((await weft.get('/metrics')).text).toMatch(/weft_source_held_rows_total\{source="right"\} [1-9]/);
    left.body = Buffer.from(
      `switch_id,timestamp,a,b\nl1,1767268800,${tick},1\nboth,${baseS + 1},${tick},10\n`,
    );
    await until('the other sample', async () => (await get('both', 'b')).json['value'] === 10);
    expect((await weft.json('/telemetry/schema'))['rows']).toBe(3);
  });

  test('the snapshot id moves with each publish of any source', async () => {
    const number = async (): Promise<number> => {
      const id = (await weft.json('/telemetry/schema'))['snapshot_id'] as string;
      return Number(id.split('-')[1]);
    };
    const versions = async (): Promise<number> => {
      const { sources } = await weft.stats();
      return sources['left']!.version + sources['right']!.version;
    };
    expect(await number()).toBe(await versions());
    bodies(0, 1);
    await until('both sources', served);
    expect(await number()).toBe(await versions());
  });
});

describe('U-25: one source fails', () => {
  test('only its rows go stale, lists name it, and it comes back', async () => {
    right.mode = 'error_500';
    await until('the stale row', async () => (await get('r1', 'c')).status === 503);
    const refused = await get('r1', 'c');
    expect(refused.json['error']).toBe('stale');
    expect(refused.json['message']).toMatch(/'right'.*1500 ms/);
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(0);
    expect((await get('l1', 'a')).status).toBe(200);

    const list = await weft.get('/telemetry/ListMetrics');
    expect([list.status, list.header('x-stale-sources')]).toEqual([200, 'right']);
    expect(list.json).toMatchObject({ total: 3, stale_sources: ['right'] });
    const columns = await weft.json('/telemetry/ListMetrics?shape=columns');
    expect(columns['stale_sources']).toEqual(['right']);
    const changes = await weft.get('/telemetry/changes?since=x-1');
    expect([changes.status, changes.header('x-stale-sources')]).toEqual([200, 'right']);
    expect((await weft.get('/health/ready')).status).toBe(200);
    const { sources } = await weft.stats();
    expect(sources['left']!.state).toBe('ok');
    expect(['failing', 'open', 'half_open']).toContain(sources['right']!.state);

    right.mode = 'ok';
    await until('the row again', async () => (await get('r1', 'c')).status === 200);
    const healed = await weft.get('/telemetry/ListMetrics');
    expect(healed.header('x-stale-sources')).toBeUndefined();
    expect(healed.json).not.toHaveProperty('stale_sources');
  });

  test('while it is not stale yet its rows are served with their growing age', async () => {
    const before = (await weft.json('/telemetry/ListMetrics?switches=r1'))['age_ms'] as number;
    right.mode = 'slow';
    await until('an age that grows', async () => {
      const reply = await weft.get('/telemetry/ListMetrics?switches=r1');
      return reply.status === 200 && (reply.json['age_ms'] as number) > before + 300;
    });
    expect((await weft.json('/telemetry/GetMetric?switch_id=r1&metric=c'))['value']).toBe(tick + 0.5);
  });
});

test('U-24: every source stale: reads are 503, health and stats are not; 304 alone makes all well', async () => {
  const etags = ['left-etag', 'right-etag'] as const;
  [left.etag, right.etag] = etags;
  bodies(0, 1);
  await until('bodies with ETags', served);
  left.mode = 'error_500';
  right.mode = 'cut';
  await until('not ready', async () => (await weft.get('/health/ready')).status === 503);
  for (const path of [
    '/telemetry/GetMetric?switch_id=l1&metric=a',
    '/telemetry/ListMetrics',
    '/telemetry/ListMetrics?metrics=a',
    '/telemetry/ListMetrics/a',
    '/telemetry/changes?since=x-1',
    '/health/ready',
  ]) {
    const reply = await weft.get(path);
    expect([path, reply.status, reply.json['error']]).toEqual([path, 503, 'stale']);
    expect(Number(reply.header('retry-after'))).toBeGreaterThan(0);
  }
  for (const path of ['/stats', '/metrics', '/health', '/health/live', '/telemetry/health']) {
    expect([path, (await weft.get(path)).status]).toEqual([path, 200]);
  }
  const { version } = await weft.source('left');
  left.mode = 'ok';
  right.mode = 'ok';
  await until('ready', async () => (await weft.get('/health/ready')).status === 200);
  await until('both sources', served);
  expect((await weft.source('left')).version).toBe(version);
  expect((await weft.source('left')).polls['not_modified']).toBeGreaterThan(0);
  [left.etag, right.etag] = [null, null];
});
