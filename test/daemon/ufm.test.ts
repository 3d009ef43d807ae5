/** A UFM-shaped port matrix that moves: composite keys, exact counters, awkward text, tiny rates. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { ConfigFile } from '../fixtures/config-file.js';
import { readCsv, type CsvTable } from '../fixtures/csv-oracle.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

type Item = Record<string, number | bigint | string | null>;

const ROWS = 400;
const KEYS = ['node_guid', 'port_guid', 'port_num'];
/** 64-bit counters of the first 120 columns. */
const COUNTERS = [
  ...['PortXmitDataExtended', 'PortRcvDataExtended', 'PortXmitPktsExtended', 'PortRcvPktsExtended'],
  ...['SymbolErrorCounterExtended', 'LinkDownedCounterExtended', 'PortXmitWaitExtended'],
  ...['PortRcvErrorsExtended', 'PortXmitDiscardsExtended', 'VL15DroppedExtended'],
];
const TWO_63 = 2n ** 63n;

const started = new Started();
let simulator: Simulator;
let weft: HttpClient;

async function csv(): Promise<CsvTable> {
  return readCsv(await (await fetch(`${simulator.url}/csv/metrics`)).text(), KEYS);
}

async function items(query: string): Promise<Item[]> {
  return (await weft.json(`/telemetry/ListMetrics?${query}`))['items'] as Item[];
}

beforeAll(async () => {
  const options = { port: 0, switches: ROWS, columns: 120, intervalSec: 86_400, naPct: 5, dialect: 'ufm' };
  simulator = started.add(
    await startSimulator(options as { dialect: 'ufm' }, { clock: systemClock, log: { event: () => {} } }),
  );
  const source = {
    ...{ id: 'ufm', url: `${simulator.url}/csv/metrics`, missing: ['N/A'] },
    ...{ units: { Module_Temperature: 'C' }, interval_ms: 50 },
  };
  const file = started.add(new ConfigFile({ sources: [source] }));
  const process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source('ufm')).version >= 1);
});
afterAll(() => started.endAll());

/** The next tick, published. */
async function tick(): Promise<void> {
  const { version } = await weft.source('ufm');
  await simulator.tick();
  await until('the next version', async () => (await weft.source('ufm')).version > version);
}

test('every counter is exact to the last digit, tick by tick', async () => {
  let beyond = 0;
  let risen = 0;
  let before = new Map<string, bigint>();
  for (let i = 0; i < 4; i++) {
    const { rows } = await csv();
    const now = new Map<string, bigint>();
    for (const item of await items(`fields=${COUNTERS.join(',')}`)) {
      const id = item['switch_id'] as string;
      const cells = rows.get(id)!;
      for (const name of COUNTERS) {
        const served = BigInt(item[name] as number | bigint);
        if (served !== BigInt(cells.get(name)!))
          expect([id, name, served]).toEqual([id, name, cells.get(name)]);
        if (served >= TWO_63) beyond += 1;
        if (served > (before.get(id + name) ?? served)) risen += 1;
        now.set(id + name, served);
      }
    }
    expect(now.size).toBe(ROWS * COUNTERS.length);
    before = now;
    await tick();
  }
  // Otherwise the comparison would have proved little.
  expect(beyond).toBeGreaterThan(20);
  expect(risen).toBeGreaterThan(1000);
});

test('bit error rates down to 1.5e-254', async () => {
  const { rows } = await csv();
  let tiny = 0;
  for (const item of await items('fields=Symbol_BER,Effective_BER')) {
    for (const name of ['Symbol_BER', 'Effective_BER']) {
      const text = rows.get(item['switch_id'] as string)!.get(name)!;
      expect(item[name]).toBe(text === '' || text === 'N/A' ? null : Number(text));
      if (item[name] === 1.5e-254) tiny += 1;
    }
  }
  expect(tiny).toBeGreaterThan(100);
  const port = (await items('fields=Symbol_BER')).find((item) => item['Symbol_BER'] === 1.5e-254)!;
  const id = encodeURIComponent(port['switch_id'] as string);
  const bare = await weft.get(`/telemetry/GetMetric?switch_id=${id}&metric=Symbol_BER&format=text`);
  expect(bare.text).toBe('1.5e-254');
});

test('text with quotes and commas, in JSON and in CSV', async () => {
  const names = [
    'node_description',
    'cable_vendor',
    'link_partner_description',
    'Status_Message',
    'Cable_SN',
  ];
  const { rows } = await csv();
  const listed = await weft.get(`/telemetry/ListMetrics?metrics=${names.join(',')}`);
  const again = readCsv(listed.text, ['switch_id']).rows;
  let awkward = 0;
  for (const item of await items(`fields=${names.join(',')}`)) {
    const id = item['switch_id'] as string;
    for (const name of names) {
      const text = rows.get(id)!.get(name)!;
      expect(item[name]).toBe(text === '' ? null : text);
      expect(again.get(id)!.get(name)).toBe(text);
      if (text.includes(',') && text.includes('"')) awkward += 1;
    }
  }
  expect(awkward).toBeGreaterThan(20);
});

test('units are stripped, N/A is missing and not rejected', async () => {
  const { rows } = await csv();
  let absent = 0;
  for (const item of await items('fields=Module_Temperature,infiniband_CBW,rx_power_lane_0')) {
    const cells = rows.get(item['switch_id'] as string)!;
    for (const name of ['Module_Temperature', 'infiniband_CBW', 'rx_power_lane_0']) {
      const text = cells.get(name)!.replace(/C$/, '');
      if (text === 'N/') throw new Error('the unit was stripped of a text');
      const missing = text === '' || text === 'N/A';
      expect(item[name]).toBe(missing ? null : Number(text));
      if (text === 'N/A') absent += 1;
    }
  }
  expect(absent).toBeGreaterThan(10);
  expect((await weft.source('ufm')).rejected_cells).toBe(0);
});

test('a port by its composite key, raw or encoded; its parts are text fields', async () => {
  const [item] = await items('limit=1&fields=node_guid,port_guid,port_num,@timestamp');
  const { switch_id: id, node_guid, port_guid, port_num } = item!;
  expect(id).toBe([node_guid, port_guid, port_num].map(String).join(':'));
  expect(node_guid).toMatch(/^0x[0-9a-f]{16}$/);
  expect(port_num).toBe('1');
  const text = id as string;
  for (const name of [text, encodeURIComponent(text)]) {
    const byQuery = await weft.json(`/telemetry/GetMetric?switch_id=${name}&metric=port_num`);
    expect(byQuery).toMatchObject({ switch_id: id, value: '1' });
    expect((await weft.json(`/telemetry/GetMetric/port_num/${name}`))['value']).toBe('1');
  }
  // All ports of one switch: it has 64.
  const ports = await weft.json(`/telemetry/ListMetrics?fields=port_num&switches=${node_guid as string}:*`);
  expect(ports['total']).toBe(64);
  const [cells] = [...(await csv()).rows.values()];
  const ms = Number(cells!.get('timestamp')) / 1000;
  expect(Math.abs(Date.parse(item!['@timestamp'] as string) - ms)).toBeLessThan(1);
});
