/** A body of many megabytes and two workers, end to end. */
import { afterAll, expect, test } from 'vitest';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const ROWS = 60_000;
/** Lines are long, so that so few make a large body. */
const NOTE = 'x'.repeat(120);
const started = new Started();
afterAll(() => started.endAll());

/** Body n: about 10 MB. Row `late` stands in the middle from body 3 on. */
function bodyOf(n: number): Buffer {
  const lines = Array.from(
    { length: ROWS },
    (_, i) => `sw-${i},${n * 1000 + i},port of row ${i},${n}.5,${NOTE}`,
  );
  if (n >= 3) lines.splice(ROWS / 2, 0, `late,${n},new,${n}.25,`);
  return Buffer.from(`switch_id,rx,name,load,note\n${lines.join('\n')}\n`);
}

test('is served as if one worker had read it, row for row, and counted', async () => {
  const upstream = started.add(await Upstream.start());
  upstream.body = bodyOf(1);
  const env = { UPSTREAM_URL: upstream.url(), POLL_MS: 50, WORKERS: 2 };
  const weft = started.add(await (await started.weft('serve', { env })).client());
  const valueOf = async (row: string, metric: string): Promise<unknown> => {
    const reply = await weft.get(`/telemetry/GetMetric?switch=${row}&metric=${metric}`);
    return reply.status === 200 ? reply.json['value'] : reply.status;
  };
  for (let n = 1; n <= 5; n++) {
    upstream.body = bodyOf(n);
    await until(`body ${n}`, async () => (await valueOf('sw-0', 'load')) === n + 0.5);
    for (const i of [0, 1, ROWS / 2 - 1, ROWS / 2, ROWS / 2 + 1, ROWS - 1]) {
      expect(await valueOf(`sw-${i}`, 'rx')).toBe(n * 1000 + i);
      expect(await valueOf(`sw-${i}`, 'name')).toBe(`port of row ${i}`);
    }
    expect(await valueOf('late', 'load')).toBe(n >= 3 ? n + 0.25 : 404);
  }
  const metrics = (await weft.get('/metrics')).text;
  const counted = (name: string): number =>
    Number(new RegExp(`^weft_source_${name}_total\\{.*\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
  expect(counted('split_bodies')).toBeGreaterThanOrEqual(3);
  expect(counted('split_fallbacks')).toBe(0);
});
