/** `rename`, `drop` and `alias` in every kind of read; deltas of renamed columns. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { LiveSocket } from '../fixtures/live-socket.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const started = new Started();
let upstream: Upstream;
let weft: HttpClient;
let n = 0;

/** The next body: the counters rise, the gauges fall. By their names in the body it is the other way round. */
async function publish(): Promise<void> {
  n += 1;
  upstream.body = Buffer.from(
    'switch_id,timestamp,load_a,octets_a,octets_b,octets_c,hist_1,hist_2\n' +
      `sw,${1767268800 + n},${10 * n},${900 - n},${800 - n},${100 - n},${n},${n}\n`,
  );
  upstream.mode = 'ok';
  // By its value: a poll under way may still publish the body before this one.
  await until('this body', async () => (await ask('tx'))['value'] === 10 * n);
}

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  upstream.mode = 'error_500';
  const source = {
    id: 'a',
    url: upstream.url(),
    rename: { load_a: 'tx', octets_a: 'cpu_load', octets_b: 'spare' },
    drop: ['hist*'],
    alias: { out: 'tx', hist_1: 'tx' },
    rates: ['tx', 'cpu_load', 'octets_c', 'octets_b'],
    gauges: ['octets_?', 'load_a'],
    counters: ['octets_a'],
  };
  const file = started.add(new ConfigFile({ sources: [source] }));
  weft = started.add(await (await started.weft('serve', { flags: ['--config', file.path] })).client());
  await publish();
  await publish();
});
afterAll(() => started.endAll());

async function ask(metric: string, query = ''): Promise<Record<string, unknown>> {
  return weft.json(`/telemetry/GetMetric?switch_id=sw&metric=${metric}${query}`);
}

test('GetMetric knows the names of the table and the aliases, and no others', async () => {
  for (const metric of ['tx', 'out', 'hist_1']) {
    expect(await ask(metric)).toMatchObject({ metric, metric_name: metric, value: 10 * n });
  }
  expect(await ask('cpu_load')).toMatchObject({ value: 900 - n });
  for (const metric of ['load_a', 'octets_a', 'octets_b', 'hist_2', 'hist*']) {
    expect(await ask(metric)).toMatchObject({ error: 'unknown_metric' });
  }
});

test('ListMetrics lists the names of the table; an alias when it is asked for', async () => {
  const all = await weft.json('/telemetry/ListMetrics');
  expect(all['fields']).toEqual(['tx', 'cpu_load', 'spare', 'octets_c']);
  const some = await weft.json('/telemetry/ListMetrics?fields=out,cpu_load&where=hist_1 gt 0&sort=-out');
  expect(some).toMatchObject({ fields: ['out', 'cpu_load'], total: 1 });
  expect(some['items']).toEqual([{ switch_id: 'sw', out: 10 * n, cpu_load: 900 - n }]);
  const { columns } = await weft.source('a');
  expect(columns.map(({ name }) => name)).toEqual(all['fields']);
});

test('a subscription has the names that it asked for, each column once', async () => {
  const socket = await LiveSocket.open(weft.base);
  try {
    const view = socket.subscribe({ id: 's', metrics: ['out', 'tx', 'cpu_load'] });
    await until('the snapshot', () => view.snapshotId);
    expect(view.fields).toEqual(['out', 'cpu_load']);
    await publish();
    await until('the diff', () => view.rows.get('sw')?.get('out') === 10 * n);
    socket.check();
    expect(socket.frames.at(-1)).toMatchObject({
      type: 'diff',
      changes: [['sw', { out: 10 * n, cpu_load: 900 - n }]],
    });
  } finally {
    socket.close();
  }
});

test('rates, gauges and counters go by the names of the table', async () => {
  const delta = (metric: string): Promise<Record<string, unknown>> => ask(metric, '&view=delta');
  // A gauge by its name in the body, which `gauges` repeats in vain; tx is a counter.
  expect(await delta('tx')).toMatchObject({ value: 10, status: 'ok' });
  expect(await delta('out')).toMatchObject({ metric: 'out', value: 10, status: 'ok' });
  // A gauge by its name in the table, although `counters` names the one in the body.
  expect(await delta('cpu_load')).toMatchObject({ value: -1, status: 'ok' });
  expect(await delta('octets_c')).toMatchObject({ value: -1, status: 'ok' });
  // `rates` names it as the body does: no previous sample is kept.
  expect(await delta('spare')).toMatchObject({ error: 'bad_value' });
});
