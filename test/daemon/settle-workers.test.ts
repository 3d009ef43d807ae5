/** A settle job that loses its worker: its source's polls count it, all others go on. */
import { afterAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { goodBody } from '../fixtures/fault-world.js';
import { settleMarker, type Poison } from '../fixtures/poisoned-worker.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const MAIN = new URL('../fixtures/poisoned-main.js', import.meta.url);
const started = new Started();
afterAll(() => started.endAll());

test('is counted and changes nothing that is served; the next good body is the next version', async () => {
  const left = started.add(await Upstream.start());
  const right = started.add(await Upstream.start());
  const put = (upstream: Upstream, text: string): void => {
    upstream.body = Buffer.from(text);
  };
  put(left, goodBody(0));
  put(right, goodBody(0).replaceAll('\nr', '\nright'));
  const source = { interval_ms: 25, timeout_ms: 5000 };
  const sources = [
    { id: 'left', url: left.url(), ...source },
    { id: 'right', url: right.url(), ...source },
  ];
  const file = started.add(new ConfigFile({ sources }));
  const env = { WORKERS: 2, WORKER_HEAP_MB: 48 };
  const process = await started.weft('serve', { flags: ['--config', file.path], main: MAIN, env });
  const weft = started.add(await process.client());
  const rx = async (id: string): Promise<unknown> =>
    (await weft.get(`/telemetry/GetMetric?switch_id=${id}&metric=rx`)).json['value'];
  await until('both sources', async () => (await rx('r1')) === 0 && (await rx('right1')) === 0);
  let n = 0;
  for (const poison of ['exit', 'throw', 'die_writing'] satisfies Poison[]) {
    const before = await weft.source('left');
    put(left, `${goodBody(n + 1)}${settleMarker(poison)},1,1,1.5,n1\n`);
    await until('three losses', async () => {
      expect(await rx('r1')).toBe(n);
      return (await weft.source('left')).polls['worker']! >= before.polls['worker']! + 3;
    });
    n += 1;
    put(right, goodBody(n).replaceAll('\nr', '\nright'));
    await until('the other source', async () => (await rx('right1')) === n);
    expect((await weft.source('left')).version).toBe(before.version);
    expect(await rx('r1')).toBe(n - 1);
    put(left, goodBody(n));
    await until('the good body', async () => (await rx('r1')) === n);
    expect(await weft.source('left')).toMatchObject({ version: before.version + 1, last_error: null });
    expect((await weft.source('right')).polls).toMatchObject({ worker: 0, timeout: 0 });
  }
  expect(await process.stop()).toEqual({ code: 0, signal: null });
}, 60_000);
