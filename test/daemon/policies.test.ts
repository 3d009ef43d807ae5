/** What the configuration of a source says about its bodies, one source and one upstream a policy. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

interface Policy {
  readonly [key: string]: unknown;
  /** The first body. Rows are named after the source: all share one table. */
  readonly body: string;
}

const POLICIES: Readonly<Record<string, Policy>> = {
  ragged: {
    ragged: 'drop',
    body: 'switch_id,ra,rb\nragged-1,1,2\nragged-2,3\nragged-3,5,6\nragged-4,7,8,9\n',
  },
  last: {
    duplicate_rows: 'last',
    body: 'switch_id,la,lb\nlast-1,1,2\nlast-2,3,4\nlast-1,5,\n',
  },
  suffix: {
    duplicate_columns: 'suffix',
    body: 'switch_id,fw,fw,fw\nsuffix-1,1,2,3\n',
  },
  fixed: {
    schema_change: 'reject',
    body: 'switch_id,xa\nfixed-1,1\n',
  },
  uncut: {
    require_final_newline: false,
    body: 'switch_id,ua\nuncut-1,123',
  },
  empty: {
    allow_empty: true,
    body: 'switch_id,ea\nempty-1,1\n',
  },
  cells: {
    missing: ['N/A', 'NA'],
    units: { temp: 'C' },
    text: ['port'],
    body: 'switch_id,power,temp,port\ncells-1,1.5,37C,007\ncells-2,N/A,NA,N/A\ncells-3,2.5,37.5C,008\n',
  },
  keys: {
    key: ['rack', 'port'],
    time: 'seen',
    body: 'port,seen,rack,rate\n1,1767268800000,keys-a,10\n2,1767268801,keys-a,20\n',
  },
  semicolons: {
    delimiter: ';',
    body: 'switch_id;sa;sb\nsemicolons-1;1;x,y\n',
  },
};

const started = new Started();
const upstreams = new Map<string, Upstream>();
let process: WeftProcess;
let weft: HttpClient;

beforeAll(async () => {
  const sources: unknown[] = [];
  for (const [id, { body, ...policy }] of Object.entries(POLICIES)) {
    const upstream = started.add(await Upstream.start());
    upstream.body = Buffer.from(body);
    upstreams.set(id, upstream);
    sources.push({ id, url: upstream.url(), ...policy });
  }
  const file = started.add(new ConfigFile({ sources }));
  process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
  await until('a publish of every source', async () => {
    const { sources: all } = await weft.stats();
    return Object.values(all).every(({ version }) => version === 1);
  });
});
afterAll(() => started.endAll());

/** Rows of one source, without their names and without the columns of others. */
async function rowsOf(id: string, fields: string): Promise<Record<string, unknown>> {
  const list = await weft.json(`/telemetry/ListMetrics?switches=${id}-*&fields=${fields}`);
  const items = list['items'] as Record<string, unknown>[];
  return Object.fromEntries(items.map(({ switch_id, ...cells }) => [switch_id as string, cells]));
}

function send(id: string, body: string): void {
  upstreams.get(id)!.body = Buffer.from(body);
}

test('U-11: ragged: drop leaves the ragged rows out and counts them', async () => {
  expect(await rowsOf('ragged', 'ra,rb')).toEqual({
    'ragged-1': { ra: 1, rb: 2 },
    'ragged-3': { ra: 5, rb: 6 },
  });
  expect((await weft.source('ragged')).rejected_rows).toBe(2);
  const line = await until('the log line', () =>
    process.events('poll.repaired').find((one) => one['source'] === 'ragged'),
  );
  expect(line).toMatchObject({ rejectedRows: 2, level: 'WARN' });
});

test('U-14: duplicate_rows: last serves the last row whole, its missing cells too', async () => {
  expect(await rowsOf('last', 'la,lb')).toEqual({
    'last-1': { la: 5, lb: null },
    'last-2': { la: 3, lb: 4 },
  });
  expect(await weft.metric('weft_source_duplicate_rows_total', 'source="last"')).toBe(1);
});

test('U-13: duplicate_columns: suffix renames the later ones', async () => {
  expect(await rowsOf('suffix', 'fw,fw_2,fw_3')).toEqual({ 'suffix-1': { fw: 1, fw_2: 2, fw_3: 3 } });
});

test('U-12: schema_change: reject keeps the columns, whatever comes', async () => {
  send('fixed', 'switch_id,xa,xb\nfixed-1,2,2\n');
  await until('a refused body', async () => (await weft.source('fixed')).polls['schema']! >= 1);
  expect((await weft.source('fixed')).last_error).toMatch(/schema_change/);
  expect(await rowsOf('fixed', 'xa')).toEqual({ 'fixed-1': { xa: 1 } });
  send('fixed', 'switch_id,xa\nfixed-1,3\n');
  await until('the next version', async () => (await weft.source('fixed')).version === 2);
  expect(await rowsOf('fixed', 'xa')).toEqual({ 'fixed-1': { xa: 3 } });
});

test('schema_change: reject lets kinds widen: they are no columns', async () => {
  const { version } = await weft.source('fixed');
  send('fixed', 'switch_id,xa\nfixed-1,18446744073709551615\nfixed-2,1.5\n');
  await until('the wider version', async () => (await weft.source('fixed')).version === version + 1);
  expect(await rowsOf('fixed', 'xa')).toEqual({
    'fixed-1': { xa: 18446744073709551615n },
    'fixed-2': { xa: 1.5 },
  });
});

test('require_final_newline: false takes a body as it ends', async () => {
  expect(await rowsOf('uncut', 'ua')).toEqual({ 'uncut-1': { ua: 123 } });
});

test('U-06: allow_empty: true publishes a body without rows', async () => {
  expect(await rowsOf('empty', 'ea')).toEqual({ 'empty-1': { ea: 1 } });
  send('empty', 'switch_id,ea\n');
  await until('no rows', async () => (await weft.source('empty')).rows === 0);
  expect(await rowsOf('empty', 'ea')).toEqual({});
  expect((await weft.source('empty')).state).toBe('ok');
});

test('missing values, units and text columns', async () => {
  expect(await rowsOf('cells', 'power,temp,port')).toEqual({
    'cells-1': { power: 1.5, temp: 37, port: '007' },
    'cells-2': { power: null, temp: null, port: null },
    'cells-3': { power: 2.5, temp: 37.5, port: '008' },
  });
  expect((await weft.source('cells')).rejected_cells).toBe(0);
});

test('key and time columns by name', async () => {
  const list = await weft.json('/telemetry/ListMetrics?switches=keys-a*&fields=rack,port,rate,@timestamp');
  expect(list['items']).toEqual([
    {
      ...{ switch_id: 'keys-a:1', rack: 'keys-a', port: '1', rate: 10 },
      '@timestamp': '2026-01-01T12:00:00.000Z',
    },
    {
      ...{ switch_id: 'keys-a:2', rack: 'keys-a', port: '2', rate: 20 },
      '@timestamp': '2026-01-01T12:00:01.000Z',
    },
  ]);
  const one = await weft.json('/telemetry/GetMetric/rate/keys-a%3A2');
  expect(one).toMatchObject({ value: 20, timestamp: '2026-01-01T12:00:01.000Z' });
});

test('another delimiter', async () => {
  expect(await rowsOf('semicolons', 'sa,sb')).toEqual({ 'semicolons-1': { sa: 1, sb: 'x,y' } });
});

test('secrets of headers reach the upstream and nobody else', async () => {
  const upstream = started.add(await Upstream.start());
  const headers = { Authorization: 'Bearer ${TOKEN}' };
  upstream.mode = 'error_500';
  const url = `${upstream.url()}?token=query-s3cret`;
  const file = started.add(new ConfigFile({ sources: [{ id: 'guarded', url, headers }] }));
  const guarded = await started.weft('serve', {
    flags: ['--config', file.path],
    env: { TOKEN: 'header-s3cret', LOG_LEVEL: 'debug' },
  });
  const client = started.add(await guarded.client());
  await upstream.seen(3);
  await until('a poll that failed', async () => (await client.source('guarded')).polls['status']! > 0);
  expect(upstream.header(-1, 'authorization')).toBe('Bearer header-s3cret');
  const told = [
    (await client.get('/stats')).text,
    (await client.get('/metrics')).text,
    (await client.get('/health/ready')).text,
    JSON.stringify(guarded.log),
    guarded.stderr,
  ];
  for (const text of told) expect(text).not.toContain('s3cret');
});
