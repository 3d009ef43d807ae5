/** `view=delta|rate` over HTTP: GetMetric, each shape of a list, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { members, ServerRig, type Reply } from '../../fixtures/server-rig.js';
import { ALL_RATES, row, type Row } from '../../fixtures/tables.js';

const T0 = Date.parse('2026-01-01T12:00:00Z');
const HUGE = 18_446_744_073_709_551_000n;

const sample = (octets: bigint, errors: number | null, temperature: number, state: string): Row =>
  row('sw-0', { octets, errors, temperature, state, hidden: 1 });
const FIRST = [sample(5n, 10, 40.5, 'UP'), row('sw-1', { octets: HUGE, errors: 3 })];
const SECOND = [
  sample(HUGE, 4, 40.25, 'DOWN'),
  row('sw-1', { octets: HUGE, errors: 9, temperature: 1, state: 'UP', hidden: 1 }),
  row('sw,2', { octets: 1n, errors: 1, temperature: 1, state: 'UP', hidden: 1 }),
];
const COLUMNS = [
  { name: 'octets', kind: 'u64' },
  { name: 'errors', kind: 'i64' },
  { name: 'temperature', kind: 'f64' },
  { name: 'state', kind: 'text' },
  { name: 'hidden', kind: 'i64' },
] as const;
const RATES = { ...ALL_RATES, columns: ['octets', 'errors', 'temperature', 'state'] };
const DELTA = '18446744073709550995';

let rig: ServerRig;
const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
  rig.get(`/telemetry/${path}`, headers);
const metric = (query: string): Promise<Reply> => get(`GetMetric?switch_id=sw-0&${query}`);

beforeAll(() => {
  rig = new ServerRig({ rows: null, rates: RATES, boot: 'k3f9' });
  rig.tables.publish('s1', FIRST, { columns: COLUMNS, dataTsMs: T0 });
  rig.tables.publish('s1', SECOND, { columns: COLUMNS, dataTsMs: T0 + 30_000 });
});
afterAll(() => rig.close());

describe('GetMetric', () => {
  test('says the delta, its status and its interval', async () => {
    const reply = await metric('metric=octets&view=delta');
    expect(reply.text).toContain(
      `"value":${DELTA},"view":"delta","status":"ok","since":"2026-01-01T12:00:00.000Z","interval_ms":30000,` +
        `"timestamp":"2026-01-01T12:00:30.000Z","snapshot_id":"k3f9-2","age_ms":`,
    );
    // Again: from what was kept of the answer.
    expect((await metric('metric=octets&view=delta')).text).toContain(`"value":${DELTA},"view"`);
    expect((await metric('metric=octets')).text).toContain(`"value":${HUGE},"timestamp"`);
    expect((await metric('metric=octets&view=delta&int64=string')).text).toContain(`"value":"${DELTA}"`);
    expect((await get('GetMetric/octets/sw-0?view=delta')).text).toContain(`"value":${DELTA},`);
  });

  test('says the rate', async () => {
    const reply = members(await metric('metric=temperature&view=rate'));
    expect(reply).toMatchObject({ value: -0.25 / 30, view: 'rate', status: 'ok', interval_ms: 30_000 });
  });

  test('says why there is none', async () => {
    expect(members(await metric('metric=errors&view=delta'))).toMatchObject({
      ...{ value: null, status: 'reset', since: '2026-01-01T12:00:00.000Z', interval_ms: 30_000 },
    });
    expect(members(await get('GetMetric?switch_id=sw,2&metric=errors&view=rate'))).toMatchObject({
      ...{ value: null, view: 'rate', status: 'first', since: null, interval_ms: null },
    });
  });

  test('as text is the bare value or nothing', async () => {
    expect((await metric('metric=octets&view=delta&format=text')).text).toBe(DELTA);
    const none = await metric('metric=errors&view=delta&format=text');
    expect([none.status, none.text]).toEqual([200, '']);
  });

  test('names what is wrong', async () => {
    const refused = async (query: string, message: string): Promise<void> => {
      const reply = await metric(query);
      expect([reply.status, members(reply)['error']]).toEqual([400, 'bad_value']);
      expect(members(reply)['message']).toContain(message);
    };
    await refused('metric=octets&view=sum', "'view' must be one of delta, rate");
    await refused('metric=octets&view=', "'view' must be one of delta, rate");
    await refused('metric=state&view=delta', "it is text. The key 'rates'");
    await refused('metric=hidden&view=rate', "has no rate: neither 'rates' of its source nor RATE_COLUMNS");
    expect((await metric('metric=octets&view=delta&view=rate')).status).toBe(400);
  });

  test('is ignored by dialects, as parameters are that they do not know', async () => {
    const reply = await rig.get('/dialects/map/telemetry/GetMetric?switch=sw-0&metric=errors&view=delta');
    expect(members(reply)).toMatchObject({ value: 4 });
    const list = await rig.get('/dialects/envelope/telemetry/ListMetrics?view=nonsense');
    expect(members(list)).toMatchObject({ items: [{ errors: 4 }, { errors: 9 }, { errors: 1 }] });
  });
});

const LIST = 'fields=errors,temperature,octets,@interval_ms&view=delta';

describe('ListMetrics', () => {
  test('envelope and ndjson name the statuses of a row that are not ok', async () => {
    const items = [
      `{"switch_id":"sw-0","errors":null,"temperature":-0.25,"octets":${DELTA},"@interval_ms":30000,"@status":{"errors":"reset"}}`,
      `{"switch_id":"sw-1","errors":6,"temperature":null,"octets":0,"@interval_ms":30000,"@status":{"temperature":"unavailable"}}`,
      `{"switch_id":"sw,2","errors":null,"temperature":null,"octets":null,"@interval_ms":null,"@status":{"errors":"first","temperature":"first","octets":"first"}}`,
    ];
    const envelope = (await get(`ListMetrics?${LIST}`)).text;
    expect(envelope).toContain(`"items":[${items.join(',')}],"total":3`);
    expect(envelope).toContain('"fields":["errors","temperature","octets","@interval_ms"]');
    expect((await get(`ListMetrics?format=ndjson&${LIST}`)).text).toBe(
      items.map((item) => `${item}\n`).join(''),
    );
    expect((await get(`ListMetrics?fields=octets&view=delta&switches=sw-0`)).text).not.toContain('@status');
  });

  test('map has them before the time', async () => {
    expect((await get('ListMetrics?shape=map&fields=errors,octets&view=delta&switches=sw-0,sw-1')).text).toBe(
      `{"sw-0":{"errors":null,"octets":${DELTA},"@status":{"errors":"reset"},"timestamp":${T0 / 1000 + 30}},` +
        `"sw-1":{"errors":6,"octets":0,"timestamp":${T0 / 1000 + 30}}}`,
    );
  });

  test('columns has them by column and switch', async () => {
    const reply = await get('ListMetrics?shape=columns&fields=errors,octets&view=delta');
    expect(reply.text).toContain(
      `"columns":{"errors":[null,6,null],"octets":[${DELTA},0,null]},` +
        `"statuses":{"errors":{"sw-0":"reset","sw,2":"first"},"octets":{"sw,2":"first"}},"total":3`,
    );
    expect((await get('ListMetrics?shape=columns&fields=octets&view=delta&switches=sw-0')).text).toContain(
      '"statuses":{},"total"',
    );
  });

  test("page says each item's", async () => {
    const items = (members(await get('ListMetrics/errors?view=rate')) as { items: unknown[] }).items;
    expect(items).toMatchObject([
      { switch_id: 'sw,2', value: null, status: 'first' },
      { switch_id: 'sw-0', value: null, status: 'reset' },
      { switch_id: 'sw-1', value: 6 / 30, status: 'ok' },
    ]);
  });

  test('csv has a last column of them', async () => {
    expect((await get('ListMetrics?metrics=errors,octets,@interval_ms&view=delta')).text).toBe(
      'switch_id,errors,octets,@interval_ms,@status\r\n' +
        `sw-0,,${DELTA},30000,errors=reset\r\n` +
        'sw-1,6,0,30000,\r\n' +
        '"sw,2",,,,errors=first;octets=first\r\n',
    );
  });

  test('without names: text as it is, numbers without deltas are left out', async () => {
    const reply = members(await get('ListMetrics?view=delta')) as { fields: string[]; items: unknown[] };
    expect(reply.fields).toEqual(['octets', 'errors', 'temperature', 'state']);
    expect(reply.items[0]).toMatchObject({ switch_id: 'sw-0', errors: null, state: 'DOWN' });
  });

  test('plain lists and lists with another view are other bodies', async () => {
    const asked = ['', '&view=delta', '&view=rate', ''];
    const bodies = await Promise.all(
      asked.map((view) => get(`ListMetrics?metrics=temperature${view}&switches=sw-0`)),
    );
    expect(bodies.map(({ text }) => text.split('\r\n')[1])).toEqual([
      ...['sw-0,40.25', 'sw-0,-0.25,', `sw-0,${-0.25 / 30},`, 'sw-0,40.25'],
    ]);
  });

  test('is sorted by what it shows, rows without a value last', async () => {
    const ids = async (query: string): Promise<string[]> =>
      (await get(`ListMetrics?metrics=octets&${query}`)).text
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((line) => line.replace('"sw,2"', 'sw-2').split(',')[0]!);
    expect(await ids('sort=octets')).toEqual(['sw-2', 'sw-0', 'sw-1']);
    expect(await ids('sort=octets&view=delta')).toEqual(['sw-1', 'sw-0', 'sw-2']);
    expect(await ids('sort=-octets&view=rate')).toEqual(['sw-0', 'sw-1', 'sw-2']);
    expect(await ids('sort=-errors&view=delta&limit=1')).toEqual(['sw-1']);
    expect(await ids('sort=state,-octets&view=delta')).toEqual(['sw-0', 'sw-1', 'sw-2']);
    expect((await get('ListMetrics?metrics=octets&view=delta&sort=hidden')).status).toBe(400);
  });

  test('names what is wrong, also before a 304', async () => {
    const refused = async (query: string, message: string): Promise<void> => {
      const reply = await get(`ListMetrics?${query}`, { 'If-None-Match': '*' });
      expect([reply.status, members(reply)['error']]).toEqual([400, 'bad_value']);
      expect(members(reply)['message']).toContain(message);
    };
    await refused('fields=state&view=delta', 'it is text');
    await refused('fields=octets,hidden&view=delta', 'RATE_COLUMNS');
    await refused('fields=@interval_ms', "'@interval_ms' needs 'view'");
    await refused('view=both', 'one of delta, rate');
  });
});

test('a source whose samples did not fit names the limit', async () => {
  const small = new ServerRig({ rates: { ...ALL_RATES, bytesMax: 100 } });
  try {
    for (const path of [
      'GetMetric?switch_id=sw-000&metric=packet_errors&',
      'ListMetrics?fields=packet_errors&',
      'ListMetrics?',
    ]) {
      const reply = await small.get(`/telemetry/${path}view=delta`);
      expect(reply.status).toBe(400);
      expect(members(reply)['message']).toMatch(/source 's1' need \d+ bytes, RATE_BYTES_MAX allows 100/);
    }
  } finally {
    small.close();
  }
});

test('a row that two sources hold is compared with the sample before of the source it is served from', async () => {
  const two = new ServerRig({ rows: null, rates: ALL_RATES, sources: ['a', 'b'] });
  const publish = (source: string, errors: number, step: number): void =>
    void two.tables.publish(source, [row('sw-0', { errors })], { dataTsMs: T0 + step });
  const delta = async (): Promise<unknown> => {
    const { value, status } = members(await two.get('/telemetry/GetMetric/errors/sw-0?view=delta'));
    return { value, status };
  };
  try {
    publish('a', 10, 0);
    publish('b', 12, 1000);
    expect(await delta()).toEqual({ value: null, status: 'first' });
    publish('a', 15, 2000);
    expect(await delta()).toEqual({ value: 5, status: 'ok' });
    publish('b', 13, 3000);
    expect(await delta()).toEqual({ value: 1, status: 'ok' });
  } finally {
    two.close();
  }
});
