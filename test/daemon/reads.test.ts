/**
 * Simulator and daemon as two processes, with each of the simulator's dialects as upstream: every
 * cell that the simulator serves comes out of every read route as it went in.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpClient } from '../fixtures/http-client.js';
import { readCsv, valueOf } from '../fixtures/csv-oracle.js';
import { parseExact, type LiveValue } from '../fixtures/live-client.js';
import { Expected, SIMULATED, UFM_COLUMNS } from '../fixtures/simulated-upstreams.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

/** More than a page holds, and two switches of 64 ports and a bit. */
const ROWS = 150;

type Json = Record<string, unknown>;

const started = new Started();
let simulator: HttpClient;

beforeAll(async () => {
  // One tick lasts longer than the test: what is compared stands still.
  const env = { DATA_SWITCHES: ROWS, DATA_INTERVAL_SEC: 86_400, GENERATOR_COLUMNS: UFM_COLUMNS };
  const process = await started.weft('simulate', { env });
  simulator = started.add(new HttpClient(await process.url('simulator')));
});
afterAll(() => started.endAll());

describe.each(SIMULATED)('upstream $dialect', (upstream) => {
  let weft: HttpClient;
  let expected: Expected;
  /** Numeric columns, and the first and last row. */
  let numbers: readonly string[];
  let ends: readonly string[];

  beforeAll(async () => {
    const path = `/counters?dialect=${upstream.dialect}`;
    const process = await started.weft('serve', { env: { UPSTREAM_URL: simulator.base + path } });
    weft = started.add(await process.client());
    await until('the first publish', async () => (await weft.get('/health/ready')).status === 200);
    expected = new Expected(upstream, (await simulator.get(path)).text);
    numbers = expected.fields.filter((name) => !upstream.textColumns.includes(name));
    ends = [expected.ids[0]!, expected.ids.at(-1)!];
  });

  test('the schema names keys, fields and kinds', async () => {
    const schema = await weft.json('/telemetry/schema');
    expect(schema['switch_id']).toEqual(upstream.keys);
    expect(schema['rows']).toBe(ROWS);
    const fields = schema['fields'] as { name: string; kind: string; sources: string[] }[];
    expect(fields.map(({ name }) => name)).toEqual(expected.fields);
    for (const { name, kind, sources } of fields) {
      expect({ name, text: kind === 'text' }).toEqual({ name, text: upstream.textColumns.includes(name) });
      expect(sources).toEqual(['default']);
    }
  });

  test('the envelope holds every cell', async () => {
    const list = await weft.json('/telemetry/ListMetrics');
    expect(list).toMatchObject({
      fields: expected.fields,
      total: ROWS,
      age_ms: expect.any(Number) as number,
    });
    const items = list['items'] as Record<string, LiveValue>[];
    expect(items.map((item) => item['switch_id'])).toEqual(expected.ids);
    for (const { switch_id: id, ...cells } of items) {
      expect(cells).toEqual(expected.row(id as string));
    }
  });

  test('map, columns, ndjson and csv hold the same cells', async () => {
    const map = await weft.json('/telemetry/ListMetrics?shape=map');
    expect(Object.keys(map)).toEqual(expected.ids);
    for (const [id, row] of Object.entries(map)) {
      const { timestamp, ...cells } = row as Json;
      expect(cells).toEqual(expected.row(id));
      expect(Number.isInteger(timestamp)).toBe(true);
    }

    const list = await weft.json('/telemetry/ListMetrics?shape=columns');
    expect(list['switch_ids']).toEqual(expected.ids);
    const columns = list['columns'] as Record<string, LiveValue[]>;
    expect(Object.keys(columns)).toEqual(expected.fields);
    for (const field of expected.fields) {
      expect(columns[field]).toEqual(expected.ids.map((id) => expected.value(id, field)));
    }

    const ndjson = await weft.get('/telemetry/ListMetrics?format=ndjson');
    expect(ndjson.header('content-type')).toMatch(/^application\/x-ndjson/);
    const lines = ndjson.text.trimEnd().split('\n');
    expect(lines.map((line) => parseExact(line))).toEqual(
      expected.ids.map((id) => ({ switch_id: id, ...expected.row(id) })),
    );

    const csv = readCsv((await weft.get('/telemetry/ListMetrics?format=csv')).text, ['switch_id']);
    expect(csv.header).toEqual(['switch_id', ...expected.fields]);
    for (const id of expected.ids) {
      const cells = csv.rows.get(id)!;
      const read = (field: string): LiveValue =>
        valueOf(cells.get(field)!, upstream.textColumns.includes(field));
      expect(Object.fromEntries(expected.fields.map((field) => [field, read(field)]))).toEqual(
        expected.row(id),
      );
    }
  });

  test('GetMetric gives each cell of the first and the last row, by query and by path', async () => {
    for (const id of ends) {
      for (const field of expected.fields) {
        const [a, b] = [encodeURIComponent(id), encodeURIComponent(field)];
        const body = await weft.json(`/telemetry/GetMetric?switch_id=${a}&metric=${b}`);
        const { timestamp, snapshot_id, age_ms, ...rest } = body;
        const value = expected.value(id, field);
        expect(rest).toEqual({ switch_id: id, switch: id, metric: field, metric_name: field, value });
        expect(snapshot_id).toMatch(/^[a-z0-9]+-\d+$/);
        expect(age_ms).toBeGreaterThanOrEqual(0);
        const timeMs = expected.timeMs(id);
        if (timeMs !== null) expect(Math.abs(Date.parse(timestamp as string) - timeMs)).toBeLessThan(1);
        for (const path of [`${b}/${a}`, `${a}/${b}`]) {
          expect((await weft.json(`/telemetry/GetMetric/${path}`))['value']).toEqual(value);
        }
      }
    }
  });

  test('format=text gives the bare value, int64=string quotes what JSON numbers cannot hold', async () => {
    const [id] = ends as [string];
    for (const field of expected.fields) {
      const query = `switch_id=${encodeURIComponent(id)}&metric=${encodeURIComponent(field)}`;
      const value = expected.value(id, field);
      const bare = await weft.get(`/telemetry/GetMetric?${query}&format=text`);
      expect(bare.header('content-type')).toMatch(/^text\/plain/);
      if (typeof value === 'number') expect(Number(bare.text)).toBe(value);
      else expect(bare.text).toBe(String(value));
      const quoted = await weft.json(`/telemetry/GetMetric?${query}&int64=string`);
      expect(quoted['value']).toEqual(typeof value === 'bigint' ? String(value) : value);
    }
  });

  test('pages go over the rows by switch id', async () => {
    const field = numbers[0]!;
    const sorted = [...expected.ids].sort();
    const seen: Json[] = [];
    for (let offset = 0; offset < ROWS + 1; offset += 100) {
      const page = await weft.json(`/telemetry/ListMetrics/${field}?limit=100&offset=${offset}`);
      expect(page).toMatchObject({ total: ROWS, limit: 100, offset });
      expect(page['metrics']).toEqual(page['items']);
      seen.push(...(page['items'] as Json[]));
    }
    expect(seen.map((item) => item['switch_id'])).toEqual(sorted);
    for (const item of seen) {
      const id = item['switch_id'] as string;
      expect(item).toMatchObject({ metric_name: field, value: expected.value(id, field) });
    }
    const usual = await weft.json(`/telemetry/ListMetrics/${field}`);
    expect(usual['items']).toHaveLength(10);
  });

  test('projection, selection and paging', async () => {
    const fields = [...numbers].reverse().slice(0, 2);
    const [first, last] = ends as [string, string];
    const prefix = first.slice(0, -1);
    const escaped = [last, prefix].map((text) => encodeURIComponent(text));
    const meant = expected.ids.filter((id) => id === last || id.startsWith(prefix));
    const query = `fields=${fields.join(',')}&switches=${escaped[0]!},${escaped[1]!}*`;
    const list = await weft.json(`/telemetry/ListMetrics?${query}`);
    expect(list).toMatchObject({ fields, total: meant.length });
    expect(list['items']).toEqual(meant.map((id) => ({ switch_id: id, ...expected.row(id, fields) })));

    const csv = await weft.get(`/telemetry/ListMetrics?metrics=${fields.join(',')}&limit=3&offset=2`);
    expect(csv.header('content-type')).toMatch(/^text\/csv/);
    const table = readCsv(csv.text, ['switch_id']);
    expect(table.header).toEqual(['switch_id', ...fields]);
    expect([...table.rows.keys()]).toEqual(expected.ids.slice(2, 5));
  });
});
