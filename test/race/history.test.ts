/** Histories that wrap around while workers record and read them: no answer mixes two states. */
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { nullLogger } from '../../src/model/log.js';
import { parseCompareQuery } from '../../src/query/history-query.js';
import { Histories } from '../../src/sink/histories.js';
import { row, TableFixture, type Row } from '../fixtures/tables.js';
import { poolOf } from '../fixtures/pools.js';

const ROWS = 1500;
const PUBLISHES = 150;
const RULES = { extra: [], ignoreUnknown: false };

const pool = poolOf(2);
afterAll(() => pool.close(1000));

interface Pair {
  readonly now: number;
  readonly then: number | null;
  readonly delta: number | null;
  readonly interval_ms: number | null;
}

test('comparisons of all rows are of one version each, whatever is recorded and evicted meanwhile', async () => {
  const fixture = new TableFixture({ maxStaleMs: 0 });
  const histories = new Histories(
    {
      columns: ['a'],
      windowMs: 3_600_000,
      bytesMax: 2 * 1024 * 1024,
      sources: [{ id: 's1', intervalMs: 1000 }],
      jobTimeoutMs: 30_000,
      bodyBytesMax: 64 * 1024 * 1024,
    },
    { fabric: fixture.fabric, jobs: pool, free: fixture.free, clock: systemClock, log: nullLogger },
  );
  const query = parseCompareQuery('metrics=a&ago=5s', 3_600_000, RULES);
  const answers: Promise<void>[] = [];
  let compared = 0;
  const check = async (): Promise<void> => {
    const body = await histories.compare(fixture.table, query);
    const { items } = JSON.parse(new TextDecoder().decode(body)) as { items: { a: Pair }[] };
    expect(items).toHaveLength(ROWS);
    const { now } = items[0]!.a;
    for (const { a } of items) {
      expect(a.now).toBe(now);
      if (a.then === null || a.delta === null) continue;
      expect(a.delta).toBe(a.now - a.then);
      // A large step each second, different in each row's bits: what is torn shows.
      expect(a.delta).toBe((a.interval_ms! / 1000) * 1_000_003);
      compared++;
    }
  };
  for (let n = 1; n <= PUBLISHES; n++) {
    const rows: Row[] = [];
    for (let r = 0; r < ROWS; r++) rows.push(row(`row-${r}`, { a: n * 1_000_003 }, 1e12 + n * 1000));
    for (;;) {
      try {
        fixture.publish('s1', rows);
        break;
      } catch (error) {
        // The bank is still read: a parse would wait too.
        if (!String(error).includes('pinned bank')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    if (n > 1 && n % 2 === 0) answers.push(check());
    if (n % 8 === 0) await Promise.all(answers.splice(0));
  }
  await Promise.all(answers);
  await histories.stop();
  expect(compared).toBeGreaterThan(ROWS);
  expect(histories.stats.bytes).toBeLessThanOrEqual(2 * 1024 * 1024);
});
