/** `weft demo`: what a newcomer sees first. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpClient, type Reply } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const started = new Started();
let demo: WeftProcess;

beforeAll(async () => {
  demo = await started.weft('demo', { env: { DATA_SWITCHES: 8 } });
});
afterAll(() => started.endAll());

/** Any URL, whatever host it names. */
async function fetchUrl(url: string): Promise<Reply> {
  const { origin, pathname, search } = new URL(url);
  const client = started.add(new HttpClient(origin));
  return client.get(pathname + search);
}

function curls(): string[] {
  return demo.text.filter((line) => line.includes('curl ')).map((line) => /curl '([^']+)'/.exec(line)![1]!);
}

test('prints both addresses and three curl lines, and all of them answer', async () => {
  await until('three curl lines', () => curls().length === 3);
  const [metric, list, stats] = curls() as [string, string, string];
  for (const url of [metric, list, stats]) expect(url.startsWith(`${await demo.url('daemon')}/`)).toBe(true);

  const one = await fetchUrl(metric);
  expect(one.status).toBe(200);
  expect(one.json).toMatchObject({ switch_id: 'sw-000', value: expect.any(Number) as number });

  const csv = await fetchUrl(list);
  expect(csv.status).toBe(200);
  expect(csv.header('content-type')).toMatch(/^text\/csv/);
  expect(csv.text.trimEnd().split('\r\n')).toHaveLength(1 + 8);

  expect((await fetchUrl(stats)).json).toMatchObject({ sources: { default: { rows: 8 } } });

  const shown = demo.text.join('\n');
  expect(shown).toContain(`${await demo.url('simulator')}/counters`);
  expect(shown).toContain(await demo.url('daemon'));
  const counters = await fetchUrl(`${await demo.url('simulator')}/counters`);
  expect(counters.text.split('\r\n')[0]).toMatch(/^switch_id,/);
});

test('stdout is NDJSON apart from what it prints for people', () => {
  expect(demo.events('startup').map((line) => line['part'])).toEqual(['simulator', 'daemon']);
  for (const line of demo.log) {
    expect(line).toMatchObject({ ts: expect.any(String) as string, level: expect.any(String) as string });
  }
  for (const line of demo.text) expect(line).toMatch(/^$|^ {2}(simulator|weft|curl) /);
});

test('one signal ends both parts', async () => {
  const weft = new HttpClient(await demo.url('daemon'));
  const simulator = new HttpClient(await demo.url('simulator'));
  expect(await demo.stop()).toEqual({ code: 0, signal: null });
  expect(demo.stderr).toBe('');
  await expect(weft.get('/health')).rejects.toThrow(/ECONNREFUSED/);
  await expect(simulator.get('/health')).rejects.toThrow(/ECONNREFUSED/);
});
