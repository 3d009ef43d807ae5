/** Coverage as an operator looks at it: redundant collectors, one that loses rows, one that fails. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { Gateway } from '../fixtures/gateway.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const STALE_MS = 1500;
const SWITCHES = 64;
const PORTS = 40;

const started = new Started();
const gateways: Record<'left' | 'right' | 'ports', Gateway> = {} as never;
let weft: HttpClient;

type Members = Readonly<Record<string, unknown>>;
interface Coverage extends Members {
  readonly sources: readonly Members[];
  readonly missing: readonly Members[];
  readonly shared: readonly Members[];
}

async function coverage(query = ''): Promise<Coverage> {
  return (await weft.json(`/telemetry/coverage${query}`)) as Coverage;
}

async function source(id: string): Promise<Members> {
  return (await coverage(`?source=${id}`)).sources[0]!;
}

beforeAll(async () => {
  // One tick for the whole test: rows come and go by the gateways alone.
  const simulated = async (env: Record<string, string | number>): Promise<string> => {
    const process = await started.weft('simulate', { env: { DATA_INTERVAL_SEC: 3600, ...env } });
    return `${await process.url('simulator')}/counters`;
  };
  const switches = await simulated({ DATA_SWITCHES: SWITCHES });
  const ports = await simulated({ DATA_SWITCHES: PORTS, GENERATOR_DIALECT: 'ufm', GENERATOR_COLUMNS: 30 });
  gateways.left = started.add(await Gateway.start(switches));
  gateways.right = started.add(await Gateway.start(switches));
  gateways.ports = started.add(await Gateway.start(ports));
  const sources = Object.entries(gateways).map(([id, { url }]) => ({
    id,
    url,
    interval_ms: 25,
    timeout_ms: 500,
    max_stale_ms: STALE_MS,
  }));
  const file = started.add(new ConfigFile({ sources }));
  const process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
});
beforeEach(async () => {
  for (const gateway of Object.values(gateways)) gateway.mode = '';
  await until('all sources well', async () => {
    const { rows, missing_rows, stale_rows, sources } = await coverage();
    const well = sources.every(({ state, rows: held }) => state === 'ok' && held !== 0);
    return well && rows === SWITCHES + PORTS && missing_rows === 0 && stale_rows === 0;
  });
});
afterAll(() => started.endAll());

test('redundant collectors share their rows, the others are held alone', async () => {
  const body = await coverage('?limit=3');
  expect(body).toMatchObject({ shared_rows: SWITCHES, missing: [], limit: 3 });
  expect(body.shared).toHaveLength(3);
  expect(body.shared[0]).toMatchObject({
    switch_id: 'sw-000',
    sources: ['left', 'right'],
    served_by: 'left',
  });
  expect(body.sources).toMatchObject([
    { id: 'left', rows: SWITCHES, own_rows: 0, shared_rows: SWITCHES, served_rows: SWITCHES },
    { id: 'right', rows: SWITCHES, own_rows: 0, shared_rows: SWITCHES, served_rows: 0 },
    { id: 'ports', rows: PORTS, own_rows: PORTS, shared_rows: 0, served_rows: PORTS },
  ]);
});

test('what one collector loses has moved to the other; what both lose is missing', async () => {
  gateways.left.mode = 'vanish';
  const moved = await until('rows that moved', async () => {
    const { moved_rows } = await source('left');
    return (moved_rows as number) > 0 && (moved_rows as number);
  });
  expect(await coverage()).toMatchObject({ rows: SWITCHES + PORTS, missing_rows: 0, missing: [] });
  expect(await source('right')).toMatchObject({ own_rows: moved, served_rows: moved, moved_rows: 0 });

  gateways.right.mode = 'vanish';
  const lost = await until('missing rows', async () => {
    const body = await coverage();
    return body['missing_rows'] === moved && body;
  });
  expect(lost).toMatchObject({ rows: SWITCHES + PORTS - moved, shared_rows: SWITCHES - moved });
  expect(lost.missing).toHaveLength(moved);
  for (const one of lost.missing) {
    // The other collector had it last.
    expect(one).toMatchObject({ source: 'right' });
    expect(Math.abs(Date.now() - Date.parse(one['since'] as string))).toBeLessThan(60_000);
    expect(Date.parse(one['last_timestamp'] as string)).toBeLessThanOrEqual(
      Date.parse(one['since'] as string),
    );
  }
  const gone = lost.missing[0]!['switch_id'] as string;
  expect((await weft.get(`/telemetry/GetMetric?switch_id=${gone}&metric=cpu_util_pct`)).status).toBe(404);
  const csv = (await weft.get('/telemetry/coverage?format=csv')).text;
  expect(csv.split('\r\n')).toContain(
    `${gone},right,${String(lost.missing[0]!['since'])},${String(lost.missing[0]!['last_timestamp'])}`,
  );
  expect(await weft.metric('weft_source_rows_missing', 'source="right"')).toBe(moved);

  gateways.left.mode = '';
  await until('the rows again', async () => (await coverage())['missing_rows'] === 0);
  expect(await source('right')).toMatchObject({ moved_rows: moved, missing_rows: 0 });
});

test('one that fails: its last error, and only the rows that it serves are stale', async () => {
  gateways.ports.mode = 'error_500';
  const body = await until('stale rows', async () => {
    const now = await coverage();
    return now['stale_rows'] !== 0 && now;
  });
  expect(body).toMatchObject({ rows: SWITCHES + PORTS, stale_rows: PORTS, missing_rows: 0 });
  const [left, right, ports] = body.sources;
  expect([left!['stale'], right!['stale'], ports!['stale']]).toEqual([false, false, true]);
  expect(ports).toMatchObject({ last_error: { outcome: 'status' } });
  const error = ports!['last_error'] as { failures_in_a_row: number; at: string; message: string };
  expect(error.failures_in_a_row).toBeGreaterThan(0);
  expect(error.message).toContain('500');
  expect(Date.parse(error.at)).toBeGreaterThan(Date.parse(ports!['last_good_at'] as string));

  gateways.ports.mode = '';
  const healed = await until('the source again', async () => {
    const now = await source('ports');
    return now['stale'] === false && now;
  });
  expect(healed).toMatchObject({ last_error: { outcome: 'status', failures_in_a_row: 0 } });
});

test('each read says the age of the source that serves the row', async () => {
  const tickOf = async ({ url }: Gateway): Promise<number> =>
    Number((await fetch(url)).headers.get('x-snapshot-ts'));
  // The simulators ticked at different moments, so that their sources differ in age.
  const ticks = { left: await tickOf(gateways.left), ports: await tickOf(gateways.ports) };
  expect(ticks.left).not.toBe(ticks.ports);
  const list = await weft.json('/telemetry/ListMetrics?fields=@age_ms,@source');
  const items = list['items'] as Record<string, unknown>[];
  const agesOf = (id: string): number[] => [
    ...new Set(items.filter((item) => item['@source'] === id).map((item) => item['@age_ms'] as number)),
  ];
  expect([agesOf('left').length, agesOf('ports').length, agesOf('right').length]).toEqual([1, 1, 0]);
  expect(agesOf('left')[0]! - agesOf('ports')[0]!).toBe(ticks.ports - ticks.left);
  expect(list['age_ms'] as number).toBeGreaterThanOrEqual(Math.max(...agesOf('left'), ...agesOf('ports')));
  for (const [id, metric] of [
    ['left', 'cpu_util_pct'],
    ['ports', 'port_num'],
  ] as const) {
    const one = items.find((item) => item['@source'] === id)!['switch_id'] as string;
    const read = await weft.get(`/telemetry/GetMetric?switch_id=${one}&metric=${metric}`);
    expect([read.status, Number(read.header('x-snapshot-ts'))]).toEqual([200, ticks[id]]);
    expect(Number(read.header('x-data-age-ms'))).toBe(read.json['age_ms']);
    expect(read.json['age_ms'] as number).toBeGreaterThanOrEqual(agesOf(id)[0]!);
  }
});
