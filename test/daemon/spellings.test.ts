/** Redundant endpoints that spell GUIDs differently are one table; columns have the names of the file. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const KEY = '0x0c42a103007ab890:7';
const started = new Started();
let weft: HttpClient;

beforeAll(async () => {
  const left = started.add(await Upstream.start());
  const right = started.add(await Upstream.start());
  left.body = Buffer.from('port_guid,port_num,timestamp,tx,junk\n0x0c42a103007ab890,7,1767268800,1,9\n');
  right.body = Buffer.from('port_guid,port_num,timestamp,xmit\nC42A103007AB890,7,1767268801,2\n');
  const sources = [
    { id: 'left', url: left.url(), drop: ['junk'], alias: { out: 'tx' } },
    { id: 'right', url: right.url(), rename: { xmit: 'tx' } },
  ];
  const file = started.add(new ConfigFile({ sources }));
  const process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
  await until(
    'both sources',
    async () => (await weft.source('right')).version * (await weft.source('left')).version > 0,
  );
});
afterAll(() => started.endAll());

test('one row, from the newest sample, under every spelling and both names', async () => {
  expect(await weft.json('/telemetry/ListMetrics?fields=out,@source')).toMatchObject({
    total: 1,
    items: [{ switch_id: KEY, out: 2, '@source': 'right' }],
  });
  for (const id of [KEY, 'c42a103007ab890:7', '0C42A103007AB890_7', '0c42:a103:007a:b890:7']) {
    for (const metric of ['tx', 'out']) {
      const reply = await weft.get(`/telemetry/GetMetric?switch_id=${id}&metric=${metric}`);
      expect(reply.json).toMatchObject({ switch_id: KEY, metric, value: 2 });
    }
    expect(await weft.json(`/telemetry/ListMetrics?switches=${id}`)).toMatchObject({ total: 1 });
  }
  expect((await weft.get(`/telemetry/GetMetric?switch_id=${KEY}&metric=junk`)).status).toBe(404);
  expect((await weft.json('/telemetry/schema'))['aliases']).toEqual({ out: 'tx' });
});
