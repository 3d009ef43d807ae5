/** Jobs that wait for a worker hold the versions that they are to read: refreshes wait for them, and go on. */
import { afterAll, expect, test } from 'vitest';
import { goodBody } from '../fixtures/fault-world.js';
import { HttpClient, type Reply } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

/** Lists of nearly all of them are made by workers. */
const ROWS = 3000;
const AT_A_TIME = 40;
const ROUNDS = 3;

const started = new Started();
afterAll(() => started.endAll());

/** A list of one version, or a refusal that says so. Returns the number that all its cells tell. */
function numberOf({ status, json }: Reply): number | null {
  if (status === 503) {
    expect(json).toMatchObject({ error: 'overloaded' });
    return null;
  }
  expect(status).toBe(200);
  const items = json['items'] as Readonly<Record<string, number | string>>[];
  const numbers = new Set(items.map(({ rx, note }) => (note === `n${rx}` ? rx : NaN)));
  expect([items.length > 2000, numbers.size]).toEqual([true, 1]);
  return Number([...numbers][0]);
}

test('one worker, many lists and a new body all the time: nothing is torn, nobody waits for ever', async () => {
  const upstream = started.add(await Upstream.start());
  let n = 0;
  const next = (): void => void (upstream.body = Buffer.from(goodBody(++n, ROWS)));
  next();
  const env = { UPSTREAM_URL: upstream.url(), POLL_MS: 10, WORKERS: 1 };
  const process = await started.weft('serve', { env });
  const weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source()).version >= 1);
  const turn = setInterval(next, 20);
  started.add({ close: () => clearInterval(turn) });
  const many = started.add(new HttpClient(weft.base, AT_A_TIME));
  for (let round = 0; round < ROUNDS; round++) {
    const { version } = await weft.source();
    // Each selection is its own job.
    const paths = Array.from(
      { length: AT_A_TIME },
      (_, i) => `/telemetry/ListMetrics?offset=${i}&limit=${ROWS}`,
    );
    const replies = await Promise.all(paths.map((path) => many.get(path)));
    expect(replies.map(numberOf).some((number) => number !== null)).toBe(true);
    await until('the table to go on', async () => (await weft.source()).version >= version + 3);
  }
  expect(await weft.metric('weft_jobs_failed_total')).toBe(0);
  expect((await weft.source()).polls).toMatchObject({ worker: 0, parse: 0 });
});
