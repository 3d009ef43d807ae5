/** The hub with the real pool: frames cross the thread boundary by transfer. */
import { afterAll, expect, test } from 'vitest';
import { Hub } from '../../../src/live/hub.js';
import { systemClock } from '../../../src/model/clock.js';
import { nullLogger } from '../../../src/model/log.js';
import type { EncodedFrame } from '../../../src/view/frame.js';
import { encodeFrames } from '../../../workers/encode-frame-worker.js';
import { ALL } from '../../fixtures/live-frames.js';
import { TestTransport } from '../../fixtures/live-hub.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';
import { poolOf } from '../../fixtures/pools.js';

const lost: string[] = [];
const pool = poolOf(1, { onWorkerLost: (reason) => lost.push(reason) });

afterAll(() => pool.close(5_000));

const ROWS = 400;

function rowsOf(value: number, changed: number): Row[] {
  return Array.from({ length: ROWS }, (_, i) => {
    const own = i < changed ? value : 1;
    return row(`switch-${i}`, {
      count: 9007199254740993n,
      own,
      text: `port "${i}" ü`,
      ratio: i / 8,
      d: 4,
      e: 5,
      f: 6,
    });
  });
}

test('snapshots and diffs made in a worker, in parts', async () => {
  const fixture = new TableFixture({ boot: 'boot' });
  fixture.publish('s1', rowsOf(1, 0));
  const hub = new Hub({
    fabric: fixture.fabric,
    jobs: pool,
    clock: systemClock,
    log: nullLogger,
    stats: { subscribers: 0, framesSent: 0, conflated: 0, resyncs: 0 },
    limits: {
      slowClientMs: 60_000,
      frameCellsMax: 8_000_000,
      frameBytesMax: 2 ** 28,
      subscriptionsMax: 64,
      jobTimeoutMs: 30_000,
      partBytes: 4_000,
      inlineCellsMax: 0,
    },
  });
  const transport = new TestTransport();
  transport.session = hub.attach(transport);
  const view = transport.client.expect('s1');
  transport.say({ op: 'subscribe', id: 's1' });
  await reached(() => view.snapshotId === 'boot-1');
  fixture.publish('s1', rowsOf(2, 250));
  await reached(() => view.snapshotId === 'boot-2');
  expect(transport.violations).toEqual([]);
  expect(view.history).toEqual(['subscribed', 'diff']);
  expect(view.rows.size).toBe(ROWS);
  expect(view.rows.get('switch-249')!.get('own')).toBe(2);
  expect(Object.fromEntries(view.rows.get('switch-399')!)).toEqual({
    count: 9007199254740993n,
    own: 1,
    text: 'port "399" ü',
    ratio: 399 / 8,
    d: 4,
    e: 5,
    f: 6,
  });
  expect(transport.take().filter(({ last }) => last === true)).toHaveLength(2);
  hub.stop();
  expect(lost).toEqual([]);
});

test('the worker hands over the parts, it does not copy them', () => {
  const table = new TableFixture().publish('s1', rowsOf(1, 0)).ref();
  const limits = { partBytes: 4_000, cellsMax: 1e6, bytesMax: 1e6 };
  const selection = ALL;
  const order = { selection, since: null, limits };
  const moved = encodeFrames({ table, orders: [order, order] }) as unknown as Record<symbol, unknown>;
  const [one, other] = moved[Symbol.for('Piscina.valueOf')] as [EncodedFrame, EncodedFrame];
  expect(one.parts.length).toBeGreaterThan(2);
  expect(other).toEqual(one);
  const parts = [...one.parts, ...other.parts];
  expect(moved[Symbol.for('Piscina.transferable')]).toEqual(parts.map((part) => part.buffer));
});

async function reached(done: () => boolean): Promise<void> {
  while (!done()) await new Promise<void>((resolve) => setImmediate(resolve));
}
